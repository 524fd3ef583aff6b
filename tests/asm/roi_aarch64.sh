#!/usr/bin/env bash
# roi_aarch64.sh: an AArch64 object that pools regions computes the right numbers in qemu.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || {
        echo "$tool is not installed"
        exit 77
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/demo.lua" <<'EOF'
return deform_roi_pool {
  name = "demo", channels = 5, height = 9, width = 11, rois = 4,
  output_size = { 2, 3 }, sampling_ratio = 2,
}
EOF
for schedule in "roi" "roi samples=1 rows=1 view=0"; do
    "$DCNGEN_BIN" compile "$work/demo.lua" -o "$work" --emit obj,header --target neoverse-n1 \
        --schedule "$schedule" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
    aarch64-linux-gnu-gcc -static -O1 -I"$work" "$SOURCE_DIR/tests/asm/host/roi.c" "$work/demo.o" \
        -lm -o "$work/host"
    qemu-aarch64 "$work/host" || {
        echo "wrong numbers: $schedule"
        exit 1
    }
done
