#!/usr/bin/env bash
# blame.sh: a wrong target or schedule is told on its line of the spec, or about the command line.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
spec() { # FILE TARGET SCHEDULE
    cat >"$1" <<END
local sizes = include "sizes.lua"
-- schedule = "of a comment", target = "too"
return conv2d {
  in_channels = 4, out_channels = 4, kernel_size = 1,
  target = "$2",
  height = sizes.h, width = sizes.w,
  schedule = $3,
}
END
}
echo 'return { h = 4, w = 4 }' >sizes.lua

# ---- the spec is to blame: on the line of the key, with every verb
spec target.lua haswel '""'
unknown="target.lua:5: 'target' = \"haswel\": unknown CPU \"haswel\" (did you mean \"haswell\"?)"
for verb in verify bench "show schedule" "show space" "show ir" "compile -o out"; do
    # shellcheck disable=SC2086
    expect 3 "$unknown" $verb target.lua
done
expect 3 "$unknown" verify target.lua -mattr=+avx2
expect 3 "$unknown" show schedule target.lua --json
works show schedule target.lua --target haswell
same "no directory is made" no "$([ -e out ] && echo yes || echo no)"

spec value.lua haswell '"direct oc_block=3"'
value="'schedule' = \"direct oc_block=3\": schedule knob oc_block = 3 is not one of 1, 2, 4, 8, 16"
for verb in "show schedule" "show asm" "compile -o out"; do
    # shellcheck disable=SC2086
    expect 3 "value.lua:7: $value" $verb value.lua
done
expect 3 "value.lua:7: $value" verify value.lua --target native
npy x.npy f4 "1,4,4,4," $(seq 64)
npy w.npy f4 "4,4,1,1," $(seq 16)
expect 3 "value.lua:7: $value" run value.lua --target native --input input=x.npy --input weight=w.npy --output output=y.npy
works show spec value.lua
works show space value.lua
works show schedule value.lua --schedule direct

spec table.lua haswell '{ "direct", oc_block = 3 }'
expect 3 "table.lua:7: $value" show schedule table.lua
spec word.lua haswell '"dirct"'
expect 3 "word.lua:7: 'schedule' = \"dirct\": unknown lowering \"dirct\" (did you mean \"direct\"?)" \
    show schedule word.lua
spec refused.lua haswell '"direct lanes=16"'
expect 3 "refused.lua:7: 'schedule' = \"direct lanes=16\": schedule \"direct lanes=16 oc_block=4\" is refused: \
vector is wider than the machine's registers" show schedule refused.lua

# ---- where the call does not show the key: the line of the call, in its file
printf '%s\n' '-- this is line 1' 'return function(how)' \
    '  how.in_channels, how.out_channels, how.kernel_size = 4, 4, 1' \
    '  return conv2d(how)' 'end' >make.lua
printf '%s\n' 'local make = include "make.lua"' \
    'return make { height = 4, width = 4, schedule = "direct oc_block=3" }' >made.lua
expect 3 "make.lua:4: $value" show schedule made.lua --target haswell

# ---- of several kernels, the one that is wrong
cat >several.lua <<'END'
local function k(name, schedule)
  return conv2d { name = name, height = 4, width = 4, in_channels = 4, out_channels = 4, kernel_size = 1,
                  schedule = schedule }
end
return { k("a", "direct"),
  conv2d { name = "b", height = 4, width = 4, in_channels = 4, out_channels = 4, kernel_size = 1,
    schedule = "direct oc_block=3" } }
END
works show schedule several.lua --kernel a
expect 3 "several.lua:7: $value" compile several.lua -o out
same "nothing is written" no "$([ -e out ] && echo yes || echo no)"

# ---- the command line is to blame
spec good.lua x86-64-v3 '"direct"'
expect 2 "dcngen: kernel 'conv2d': unknown lowering \"dirct\" (did you mean \"direct\"?)" \
    show schedule value.lua --schedule dirct
expect 1 "dcngen: kernel 'conv2d': schedule \"direct lanes=16 oc_block=4\" is refused: vector is wider than the \
machine's registers" show schedule good.lua --schedule "direct lanes=16"
expect 4 'dcngen: unknown CPU "Zen4" (did you mean "znver4"?)' show schedule target.lua --target Zen4
expect 4 'dcngen: unknown CPU "znver44" (did you mean "znver4"?)' show schedule target.lua --target znver44
expect 4 'dcngen: unknown CPU feature "avx22" (did you mean "avx2"?)' show schedule good.lua -mattr=+avx22
expect 4 'dcngen: CPU "x86-64-v3" does not fit triple "aarch64-linux-gnu": expected x86_64-pc-linux-gnu' \
    show schedule good.lua --triple aarch64-linux-gnu

# ---- a target that exists but is not this machine
foreign=haswell
[ "$(uname -m)" = x86_64 ] && foreign=cortex-a72
spec foreign.lua $foreign '"direct"'
call verify foreign.lua
same "code for another machine is not run" "4|dcngen: kernel 'conv2d': code for " "$code|${err:0:34}"
works compile foreign.lua -o out
finish
