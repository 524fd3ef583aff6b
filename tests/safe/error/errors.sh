#!/usr/bin/env bash
# errors.sh: the program says what tests/safe/error/*.expected say, on stderr, and exits with 3.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ -x "${DCNGEN_BIN:-}" ] || {
    echo "the program is not built"
    exit 77
}
cd "${SOURCE_DIR:-$(dirname "$0")/../../..}/tests/safe/error"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0 cases=0
for spec in *.lua; do
    status=0
    "$DCNGEN_BIN" show spec "$spec" >"$work/out" 2>"$work/err" || status=$?
    cases=$((cases + 1))
    [ $status -eq 3 ] || { echo "$spec: exit code $status" && bad=1; }
    [ ! -s "$work/out" ] || { echo "$spec: prints to stdout" && bad=1; }
    diff -u "${spec%.lua}.expected" "$work/err" || bad=1
done
[ $bad -eq 0 ] && [ $cases -ge 160 ] || exit 1
echo "$cases messages as expected"
