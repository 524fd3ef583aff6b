#!/usr/bin/env bash
# stdin.sh: a spec that comes through the standard input.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >part.lua <<'END'
return conv2d { name = "part", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 }
END
one='return { include "part.lua", conv2d { name = "own", in_channels = 2, height = 3, width = 3,
                                  out_channels = param("o", 1), kernel_size = 1, schedule = "direct oc_block=3" } }'
part='return include "part.lua"'

# ---- each verb that takes a spec
works verify - <<<"$part"
same "verify" "part:" "$(grep -o '^part:' <<<"$out")"
works show spec - <<<"$part"
works show schedule -- - <<<"$part"
works bench - --time 0.01 <<<"$part"
works compile - -o out -M <<<"$part"
same "the depfile names what was included" "out/part.o out/part.h: part.lua" "$(cat out/part.d)"
npy x.npy f4 '1,1,3,3,' 1 2 3 4 5 6 7 8 9
npy w.npy f4 '1,1,1,1,' 2
prints '' run - --input input=x.npy --input weight=w.npy --output output=y.npy <<<"$part"
same "run" "f4 (1, 1, 3, 3): 2 4 6 8 10 12 14 16 18" "$(show_npy y.npy)"
export DCNGEN_CACHE_DIR=$here/store DCNGEN_CACHE=rw
call tune - --trials 2 --threads 1 <<<"$part"
same "tune" 0 "$code"
works show schedule - --threads 1 <<<"$part"
works cache pin - --threads 1 --schedule "direct oc_block=1" <<<"$part"
works show schedule part.lua --threads 1
same "what was pinned by one is there for the other" pinned "$(grep -o pinned <<<"$out" | head -1)"
works cache unpin - --threads 1 <<<"$part"
call report - -o page.html --threads 1 <<<"$part"
same "report" 0 "$code"
export DCNGEN_CACHE=off
works sweep plan - <<<"$part"
plan=$out
works sweep plan part.lua
same "items are those of the file" "$out" "$plan"
works sweep plan part.lua - <<<"$part"
same "a file beside it" 1 "$(grep -c . <<<"$out")"
expect 2 "dcngen: sweep plan reads the standard input, '-', once, not 2 times" sweep plan - - <<<"$part"

# ---- messages
expect 3 "<stdin>:2: 'schedule' = \"direct oc_block=3\": schedule knob oc_block = 3 is not one of 1, 2, 4, 8, 16" compile - -o never --kernel own <<<"$one"
expect 3 "<stdin>: -D g=1: the spec has no param 'g'" verify - -D g=1 <<<"$part"
expect 2 "dcngen: <stdin> has no kernel 'x'; it has part" verify - --kernel x <<<"$part"
expect 3 "<stdin>:1: include \"gone.lua\": cannot be read: No such file or directory" verify - <<<'return include "gone.lua"'
expect 3 "<stdin>: cannot be read: Is a directory" verify - <.
printf 'return\n\0 1' >nul.lua
expect 3 "<stdin>:2: has a NUL byte; a spec must be text" verify - <nul.lua
expect 2 "dcngen: show needs WHAT before '-'; 'dcngen help show' says more" show - <<<"$part"
call verify - </dev/null
same "an empty input is an error on its line 1" "3|<stdin>:1:" "$code|$(grep -o '^<stdin>:1:' <<<"$err")"

# ---- a file of that name
cp part.lua ./-
works verify ./- </dev/null
finish
