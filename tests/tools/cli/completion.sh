#!/usr/bin/env bash
# completion.sh: what shells offer is what the help says and the program takes.
#
# bash's script is run here; those of zsh and fish in these shells, where they are installed.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
for shell in bash zsh fish; do
    call completion $shell
    same "completion $shell" "0|" "$code|$err"
    printf '%s\n' "$out" >script.$shell
done
expect 2 "dcngen: completion 'tcsh' is not one of bash, zsh, fish" completion tcsh
expect 2 "dcngen: completion needs SHELL; 'dcngen help completion' says more" completion
mkdir files files/folder
touch files/a.lua files/b.npy files/c.txt "files/with space.lua"

# ---- bash --------------------------------------------------------------------------------------

# offers WANTED WORD...: words as bash hands them over, broken at =
# shellcheck disable=SC1091 # the script was printed just now
offers() {
    local wanted=$1
    shift
    same "bash: $*" "$wanted" "$(
        cd files && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && . ../script.bash && _dcngen
        printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | paste -sd ,
    )"
}
sorted() {
    LC_ALL=C sort | paste -sd ,
}
verbs=$("$DCNGEN_BIN" help | awk '$0 == "verbs:" { on = 1; next } /^$/ { on = 0 } on { print $1 }')
offers "$(sorted <<<"$verbs")" dcngen ''
offers "$(sorted <<<"$verbs")" dcngen help ''
for verb in $verbs; do
    text=$("$DCNGEN_BIN" help "$verb")
    offers "$(sed -nE 's/^  (-[-A-Za-z]*).*/\1/p' <<<"$text" | sorted)" dcngen "$verb" -
    case $text in
    *"WHAT is one of"*)
        offers "$(awk '/^WHAT is one of/ { on = 1; next } /^[^ ]|^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' <<<"$text" | sorted)" \
            dcngen "$verb" ''
        ;;
    esac
done
listed=$("$DCNGEN_BIN" help compile | sed -nE 's/^  --emit KIND,... *//p' | sed 's/, /\n/g')
offers "$(sorted <<<"$listed")" dcngen compile --emit ''
offers "$(sed -E 's/;.*//; s/, /\n/g' <<<"$("$DCNGEN_BIN" help tune | sed -nE 's/^  --effort KIND *//p')" | sorted)" \
    dcngen tune --effort ''
offers "$( (echo native && "$DCNGEN_BIN" targets | awk '/^$/ { exit } NR > 1 { sub(/^\*/, ""); print $1 }') | sorted)" \
    dcngen tune --target ''
offers znver1,znver2,znver3,znver4,znver5 dcngen compile --target znv
offers znver1,znver2,znver3,znver4,znver5 dcngen compile -mcpu = znv
offers obj,header dcngen compile --emit = obj,h
offers a.lua,folder,"with space.lua" dcngen compile ''
offers "with space.lua" dcngen compile --threads 2 --json with
offers a.lua,folder,"with space.lua" dcngen show --threads = 2 asm ''
offers a.lua,b.npy,c.txt,folder,"with space.lua" dcngen cache import ''
offers folder dcngen compile -o ''
offers a.lua,b.npy,c.txt,folder,"with space.lua" dcngen report -o ''
offers b.npy,folder dcngen run --input input = ''
offers b.npy,folder dcngen run --input = input = ''
offers '' dcngen run --input inp
offers normal: dcngen tune --offsets n
offers b.npy,folder,normal:,zero dcngen tune --offsets ''
offers '' dcngen tune --trials ''
offers '' dcngen version ''

# ---- zsh, fish ---------------------------------------------------------------------------------

# both SHELL COMMAND...: the same questions; the last word of the command is the line
zsh_offers() {
    (cd files && zsh -f "$SOURCE_DIR/tests/tools/cli/zsh_offers.zsh" "$PWD/../script.zsh" "$1") | sed 's,/$,,' | sorted
}
fish_offers() {
    (cd files && HOME=$PWD fish --no-config -c "source ../script.fish; complete -C '$1'") | cut -f 1 | sed 's,/$,,' | sorted
}
for shell in zsh fish; do
    command -v $shell >/dev/null || {
        echo "skipped: $shell is not installed"
        continue
    }
    $shell -n script.$shell
    same "$shell -n" 0 $?
    while IFS='|' read -r line wanted; do
        same "$shell: $line" "$wanted" "$(${shell}_offers "$line")"
    done <<END
dcngen t|targets,tune
dcngen compile --em|--emit
dcngen tune --effort |estimate,exhaustive,measure,patient
dcngen show |asm,ir,network,schedule,space,spec,tensors
dcngen show --threads 2 asm a|a.lua
dcngen completion |bash,fish,zsh
dcngen tune --offsets n|normal:
END
done
if command -v zsh >/dev/null; then
    same "zsh: a list" header "$(zsh_offers 'dcngen compile --emit=obj,he')"
fi
if command -v fish >/dev/null; then
    same "fish: a list" obj,header "$(fish_offers 'dcngen compile --emit obj,he')"
fi
finish
