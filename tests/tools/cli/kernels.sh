#!/usr/bin/env bash
# kernels.sh: which kernels a command is about, and what is wrong with them.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >three.lua <<'END'
local h = param("h", 4)
local list = {}
for _, name in ipairs { "first", "second", "third" } do
  list[#list + 1] = conv2d { name = name, in_channels = 2, height = h, width = 4, out_channels = 2, kernel_size = 3 }
end
return list
END
names() { call verify three.lua "$@" && printf '%s\n' "$out" | sed 's/:.*//' | tr '\n' ' '; }

same "all kernels" "first second third " "$(names)"
same "one" "second " "$(names --kernel second)"
same "two, in the order of the spec" "first third " "$(names --kernel third --kernel=first)"
same "one twice" "third " "$(names --kernel third --kernel third)"
expect 2 "dcngen: three.lua has no kernel 'secnd' (did you mean 'second'?); it has first, second, third" \
    verify three.lua --kernel secnd
expect 2 "dcngen: three.lua has no kernel 'x'; it has first, second, third" verify three.lua --kernel first --kernel x

# ---- spec errors are those of the loader
expect 3 "three.lua: -D g=1: the spec has no param 'g'" verify three.lua -D g=1
call verify three.lua -D h=2
same "a spec that cannot be" 3 "$code"
same "file, line and key" "three.lua:4:" "$(printf '%s' "$err" | grep -o '^three.lua:4:')"
same "one line" 1 "$(printf '%s\n' "$err" | wc -l)"
expect 3 "none.lua: cannot be read: No such file or directory" verify none.lua
works verify three.lua -Dh=3
works show spec three.lua -D=h=5 --kernel first
same "-D reaches the spec" "height = 5" "$(printf '%s' "$out" | grep -o 'height = [0-9]*')"

# ---- schedules
expect 2 "dcngen: kernel 'first': unknown lowering \"dirct\" (did you mean \"direct\"?)" \
    verify three.lua --schedule dirct
expect 2 "dcngen: kernel 'first': schedule knob oc_block = 3 is not one of 1, 2, 4, 8, 16" \
    verify three.lua --schedule "direct oc_block=3"
works verify three.lua --kernel first -v --schedule "direct oc_block=2"
same "the schedule is used" "oc_block=2" "$(printf '%s' "$out" | grep -o 'oc_block=[0-9]*')"
echo 'return conv2d { in_channels = 2, height = 3, width = 4, out_channels = 2, kernel_size = 3, schedule = "direct oc_block=1" }' >s.lua
works show schedule s.lua
same "the spec's schedule" "oc_block=1" "$(printf '%s' "$out" | head -1 | grep -o 'oc_block=[0-9]*')"
works show schedule s.lua --schedule "direct oc_block=2"
same "the command line wins" "oc_block=2" "$(printf '%s' "$out" | head -1 | grep -o 'oc_block=[0-9]*')"

# ---- targets
echo 'return conv2d { in_channels = 2, height = 3, width = 4, out_channels = 2, kernel_size = 3, target = "cortex-a72" }' >t.lua
works show space t.lua
same "the spec's target" "conv2d for cortex-a72 (neon)" "$(printf '%s' "$out" | head -1)"
works show space t.lua --target haswell
same "the command line wins" "conv2d for haswell (avx2)" "$(printf '%s' "$out" | head -1)"
works show space t.lua -mcpu=haswell -mattr=-avx2
same "features change the class" "conv2d for haswell (sse4.2)" "$(printf '%s' "$out" | head -1)"
works show space t.lua --triple aarch64-unknown-linux-gnu
works show space t.lua --os macos
expect 4 'dcngen: unknown system "plan9" of aarch64: expected linux, freebsd, macos, windows, or a triple such as aarch64-unknown-linux-gnu' \
    show space t.lua --os plan9
expect 4 'dcngen: unknown system "osx" of aarch64 (did you mean "macos"?)' show space t.lua --os osx
expect 4 "dcngen: unknown system \"Linux\" of $(uname -m) (did you mean \"linux\"?)" show schedule three.lua --os Linux
foreign=haswell
[ "$(uname -m)" = x86_64 ] && foreign=cortex-a72
call verify s.lua --target $foreign
same "code for another machine is not run" 4 "$code"
works compile s.lua --target $foreign -o out
works compile s.lua --target apple-m1 -o mac --emit obj
same "Apple's CPUs run macOS" "cffaedfe" "$(od -An -tx1 -N4 mac/*.o | tr -d ' ')"
works compile s.lua --target x86-64 --os=windows -o win --emit obj
same "COFF for x86-64" "6486" "$(od -An -tx1 -N2 win/*.o | tr -d ' ')"
expect 2 "dcngen: --os linux and --triple x86_64-pc-linux-gnu: one of them is enough" \
    show space s.lua --target x86-64 --os linux --triple x86_64-pc-linux-gnu
works sweep plan s.lua --target haswell --os windows
same "a plan keeps the system" '"triple":"windows"' "$(grep -o '"triple":"[^"]*"' <<<"$out")"
finish
