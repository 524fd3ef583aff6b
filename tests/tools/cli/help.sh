#!/usr/bin/env bash
# help.sh: the help texts are those of docs/CLI.md, word for word.
#
# A block of the page that begins with `$ dcngen WORDS` holds what the command prints.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"

block() { # FIRST-LINE
    awk -v first="\$ $1" '/^```/{ inside = 0 } inside { print } $0 == first { inside = 1 }' "$SOURCE_DIR/docs/CLI.md"
}

prints "$(block 'dcngen help')" help
prints "$(block 'dcngen help')" --help
prints "$(block 'dcngen help')" -h
verbs=$("$DCNGEN_BIN" help | awk '$0 == "verbs:" { on = 1; next } /^$/ { on = 0 } on { print $1 }')
same "there are verbs" yes "$([ -n "$verbs" ] && echo yes)"
for verb in $verbs; do
    text=$(block "dcngen help $verb")
    same "docs/CLI.md has $verb" yes "$([ -n "$text" ] && echo yes)"
    prints "$text" help "$verb"
    prints "$text" "$verb" --help
    prints "$text" "$verb" -h
done
finish
