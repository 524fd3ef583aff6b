#!/usr/bin/env bash
# streams.sh: the standard streams: what cannot be written, colour, signals.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
echo 'return conv2d { name = "k", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 }' >k.lua
lost="dcngen: cannot write the standard output"

# ---- stdout that cannot be written
for verb in "version" "version --json" "help" "targets" "show spec k.lua" "verify k.lua" "compile k.lua -o out"; do
    # shellcheck disable=SC2086
    err=$("$DCNGEN_BIN" $verb 2>&1 >/dev/full)
    code=$?
    same "$verb to a full disk" "4 $lost" "$code $(printf '%s' "$err" | cut -c 1-${#lost})"
done
for verb in "show asm k.lua" "show ir k.lua" "help" "verify k.lua" "version" "cache ls --json" "doctor --json"; do
    # shellcheck disable=SC2086
    same "$verb: one line, with the reason" "1 No space left on device" \
        "$("$DCNGEN_BIN" $verb 2>&1 >/dev/full | sed 's/.*: //' | uniq -c | sed 's/^ *//')"
done
"$DCNGEN_BIN" tune --time 0.05 --json k.lua >/dev/full 2>/dev/null
same "tune that ends by time, to a full disk" 4 $?
err=$("$DCNGEN_BIN" show asm k.lua 2>&1 >/dev/full)
same "code after a long text" "4 1" "$? $(wc -l <<<"$err")"
same "the reason" "$lost: No space left on device" "$("$DCNGEN_BIN" version 2>&1 >/dev/full)"
same "a closed stdout" "$lost: Bad file descriptor" "$("$DCNGEN_BIN" version 2>&1 >&-)"
err=$( (sleep 0.2; "$DCNGEN_BIN" help 2>&1 >&3) 3> >(exec true) )
same "a closed pipe" "$lost: Broken pipe" "$err"
rm -rf out
"$DCNGEN_BIN" compile k.lua -o out >&- 2>/dev/null
same "the code with a closed stdout" 4 $?
same "no artefact took its place" "177ELF" "$(od -An -c -N 4 out/k.o | tr -d ' ')"
call verify none.lua
"$DCNGEN_BIN" verify none.lua >/dev/full 2>/dev/null
same "an earlier error keeps its code" "$code" $?
"$DCNGEN_BIN" verify none.lua 2>&-
same "a closed stderr" "$code" $?

# ---- colour
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    on_terminal() { script -qec "$*" /dev/null </dev/null | tr -d '\r'; }
    green=$'\033[32m' red=$'\033[1;31m' plain=$'\033[0m'
    export TERM=xterm
    unset NO_COLOR
    same "ok is green" "${green}ok$plain" "$(on_terminal "$DCNGEN_BIN" verify k.lua | sed 's/^k: //; s/,.*//')"
    same "errors are red" "${red}dcngen:$plain verify needs SPEC.lua; 'dcngen help verify' says more" \
        "$(on_terminal "$DCNGEN_BIN" verify)"
    same "NO_COLOR" "dcngen: verify needs SPEC.lua; 'dcngen help verify' says more" \
        "$(NO_COLOR=1 on_terminal "$DCNGEN_BIN" verify)"
    same "an empty NO_COLOR does not count" "$red" \
        "$(NO_COLOR='' on_terminal "$DCNGEN_BIN" verify | cut -c 1-${#red})"
    same "a dumb terminal" "dcngen: verify needs SPEC.lua; 'dcngen help verify' says more" \
        "$(TERM=dumb on_terminal "$DCNGEN_BIN" verify)"
fi
works verify k.lua
same "no colour in a file" "" "$(printf '%s' "$out" | tr -dc '\033')"
finish
