#!/usr/bin/env bash
# cores.sh: every kernel gets a line for every number of threads, and the share that is asked for decides.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
program=$BUILD_DIR/bench/dcngen_cores
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/layers.lua" <<'L'
return {
  deform_conv2d { name = "small", in_channels = 5, out_channels = 7, kernel_size = 3, padding = 1,
                  height = param("size", 8), width = 8, layout = "nchw" },
  roi_align { name = "region", channels = 256, height = 9, width = 9, rois = 2, output_size = 7,
              sampling_ratio = 2, layout = "nhwc" },
  -- 20 us of work for each of two threads, and nothing to share
  roi_pool { name = "one_bin", channels = 16, height = 600, width = 600, rois = 1, output_size = 1,
             layout = "nhwc" },
}
L

fail() {
    printf 'FAILED: %s\n' "$@"
    exit 1
}
table=$("$program" "$folder/layers.lua" 2 1,4 -D size=6 small region) || fail "exit code $?" "$table"
row=" +[0-9]+\.[0-9] +[0-9+]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$"
for line in "small +1" "small +4" "region +1" "region +4"; do
    [ "$(grep -cE "^$line$row" <<<"$table")" = 1 ] || fail "no line of $line" "$table"
done
grep -qE "^small +1 +[0-9.]+ +6\+[0-9]+ " <<<"$table" || fail "a copy of the input has a task for each row" "$table"
awk '$1 == "region" && $2 == 4 && $4 <= 2 { exit 1 }' <<<"$table" || fail "regions are not shared" "$table"
grep -q "^0 of 0 below" <<<"$table" || fail "the last line" "$table"

code=0
table=$("$program" "$folder/layers.lua" 1 2=0.9 one_bin) || code=$?
[ $code = 1 ] && grep -q "^one_bin .* <-$" <<<"$table" && grep -q "^1 of 1 below" <<<"$table" ||
    fail "one task on two threads: exit code $code" "$table"
for counts in 0 4,x 4=; do
    code=0
    "$program" "$folder/layers.lua" 1 "$counts" >/dev/null 2>&1 || code=$?
    [ $code = 2 ] || fail "$counts: exit code $code"
done
code=0
"$program" "$folder/layers.lua" >/dev/null 2>&1 || code=$?
[ $code = 2 ] || fail "usage: exit code $code"
echo "cores are kept busy as they should be"
