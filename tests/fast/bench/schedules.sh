#!/usr/bin/env bash
# schedules.sh: alternatives are expanded, refusals counted, every timed schedule appears once.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
schedules=$BUILD_DIR/bench/dcngen_schedules
spec=$SOURCE_DIR/tests/fast/bench/tiny.lua

fail() {
    printf 'FAILED: %s\n' "$@"
    exit 1
}
table=
times() { # LAST LINE OF THE TABLE, SCHEDULE...
    local want=$1 last
    shift
    table=$("$schedules" "$spec" one 1 2 -D size=6 "$@") || fail "exit code $?: $*" "$table"
    last=${table##*$'\n'}
    [ "${last%%;*}" = "$want" ] || fail "$*" "expected: $want" "got: $last"
}
rows() {
    printf '%s\n' "$table" | grep -c "  $1" || true
}

times "1 timed, 0 refused, 0 repeated, 0 wrong"
[ "$(rows '.*<- guess$')" = 1 ] || fail "the guess is not marked" "$table"
times "4 timed, 0 refused, 0 repeated, 0 wrong" "direct lanes={2,4} oc_block={1,2}"
for lanes in 2 4; do
    for outs in 1 2; do
        [ "$(rows "direct lanes=$lanes oc_block=$outs\$")" = 1 ] || fail "$lanes $outs" "$table"
    done
done
times "2 timed, 1 refused, 2 repeated, 0 wrong" "direct lanes=4 oc_block={1,1,2}" \
    "direct lanes=4 oc_block=1" "direct lanes=3 oc_block=1"
case $table in
*"the last refusal: "*lanes*) ;;
*) fail "the refusal has no reason" "$table" ;;
esac
times "5 timed, 0 refused, 0 repeated, 0 wrong" "direct lanes=2 oc_block=*"
printf '%s\n' "$table" | awk '/GFLOP\/s/ { next } NF > 5 && $1 + 0 > 0 && !/timed/ {
    if ($1 + 0 < last) exit 1; last = $1 + 0 }' || fail "not sorted" "$table"

code=0
text=$("$schedules" "$spec" one 1 2 "direct lanes=3" 2>&1) || code=$?
[ $code = 1 ] && [[ $text == "dcngen_schedules: no legal schedule; "* ]] || fail "nothing legal" "$text"
code=0
text=$("$schedules" "$spec" none 1 2 2>&1) || code=$?
[ $code = 2 ] && [[ $text == *"has no kernel 'none'" ]] || fail "no kernel: $code" "$text"
code=0
"$schedules" "$spec" >/dev/null 2>&1 || code=$?
[ $code = 2 ] || fail "usage: exit code $code"
echo "schedules take turns as they should"
