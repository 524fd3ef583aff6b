#!/usr/bin/env bash
# dynamic.sh: every kernel of a spec gets a line, with the ratio of two times that are there.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
program=$BUILD_DIR/bench/dcngen_dynamic
spec=$SOURCE_DIR/tests/fast/bench/tiny.lua

fail() {
    printf 'FAILED: %s\n' "$@"
    exit 1
}
table=$("$program" "$spec" 1 3 -D size=6) || fail "exit code $?" "$table"
kernels=$("$DCNGEN_BIN" show spec "$spec" -D size=6 --json | grep -c '"name"')
printf '%s\n' "$table" | awk -v want="$kernels" 'NR > 1 { if ($2 <= 0 || $3 <= 0 || $4 <= 0) exit 1; n++ }
    END { exit n != want }' || fail "not $kernels kernels" "$table"
code=0
"$program" "$spec" >/dev/null 2>&1 || code=$?
[ $code = 2 ] || fail "usage: exit code $code"
code=0
text=$("$program" /nonexistent.lua 1 1 2>&1) || code=$?
[ $code = 3 ] && [[ $text == "dcngen_dynamic: cannot be read: "* ]] || fail "no file: $code" "$text"
echo "dynamic sizes are compared as they should be"
