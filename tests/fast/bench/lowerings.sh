#!/usr/bin/env bash
# lowerings.sh: every point of the grid that is asked for gets a line, and the bound decides.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
program=$BUILD_DIR/bench/dcngen_lowerings

fail() {
    printf 'FAILED: %s\n' "$@"
    exit 1
}
table=$("$program" 1000 1 7 nhwc f32 avx2 "3->2 ") || fail "exit code $?" "$table"
lines=$(grep -c " nhwc f32 avx2 .* 3->2 .*\(direct\|tiled\) *[0-9]" <<<"$table") || true
timed=$(sed -n 's/^\([0-9]*\) timed, 0 beyond 1000.00; the worst:$/\1/p' <<<"$table")
[ -n "$timed" ] && [ "$timed" -ge 1 ] && [ "$lines" -eq $((2 * timed)) ] || fail "lines" "$table"
code=0
"$program" 0 1 7 nhwc f32 avx2 "3->2 " >/dev/null || code=$?
[ $code = 1 ] || fail "nothing is as fast as a bound of 0: exit code $code"
code=0
"$program" 1000 1 1 "no such word" >/dev/null || code=$?
[ $code = 1 ] || fail "an empty grid: exit code $code"
code=0
"$program" 1.2 >/dev/null 2>&1 || code=$?
[ $code = 2 ] || fail "usage: exit code $code"
echo "lowerings are compared as they should be"
