#!/usr/bin/env bash
# x86.sh: on CPUs with more and with fewer features the right variant is picked, and computes the right numbers.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
[ "$(uname -m)" = x86_64 ] || skip "not an x86-64 machine"
here=$SOURCE_DIR/tests/portable/multi/host

# build NAME OBJECT: the programs which and host of that object or library
build() {
    for program in "$here/which.c" "$hosts/host.c"; do
        gcc -std=c99 -Wall -Wextra -Werror -O1 -I"$work" "$program" "$2" -lm \
            -o "$work/$1.$(basename "$program" .c)" || fail "cannot link $1"
    done
}

demo x86-64-v2,x86-64-v3,x86-64-v4
build levels "$work/libdemo.a"

# ---- what the object holds
same "nothing is undefined" "" "$(nm -u "$work/demo.o")"
same "what others see" \
    "choose_variant pack packed_bytes run tasks variant variant_why workspace_bytes " \
    "$(nm -g "$work/demo.o" | sed 's/.* T demo_//' | tr '\n' ' ')"
registers() { # LEVEL: widest registers in the functions of a variant
    objdump -d --no-show-raw-insn "$work/demo.o" | awk -v level=".$1>:" '
        /^[0-9a-f]+ </ { inside = index($0, level) }
        inside && /%zmm/ { z = 1 } inside && /%ymm/ { y = 1 } inside && /%xmm/ { x = 1 }
        END { print z ? "zmm" : y ? "ymm" : x ? "xmm" : "none" }'
}
same "registers of each variant" "xmm ymm zmm" \
    "$(registers x86_64_v2) $(registers x86_64_v3) $(registers x86_64_v4)"
same "the functions that choose are for any x86-64" "" \
    "$(objdump -d --no-show-raw-insn "$work/demo.o" | awk '
        /^[0-9a-f]+ </ { inside = !/\.x86_64_v[234]>:/ } inside && /%[xyz]mm|popcnt|bextr|shlx|pinsr/')"

instructions() { # OBJECT LEVEL: how often each occurs, padding aside, in functions whose names end so
    objdump -d --no-show-raw-insn "$1" | awk -v level="$2>:" '
        /^[0-9a-f]+ </ { inside = index($0, level) }
        inside && /\t/ && !/nop|data16|\txchg|\tcs/ { print $2 }' | sort | uniq -c
}
cp "$work/demo.o" "$work/levels.o"
demo x86-64-v3
same "the code of a variant is that of its CPU alone" "$(instructions "$work/demo.o" "")" \
    "$(instructions "$work/levels.o" .x86_64_v3)"
demo x86-64-v2,x86-64-v3,x86-64-v4

# ---- on this machine: every variant that it can run
"$work/levels.host" >/dev/null || fail "wrong numbers from the best variant"
same "the caller's choice" "x86-64-v2: has sse4.2, was chosen by the program" \
    "$("$work/levels.which" x86-64-v3 x86-64-v2 | sed -n '2{s/;.*//;p}')"
same "no such variant" "znver5: -1" "$("$work/levels.which" znver5 | head -1)"

# ---- the system does not save the wide registers
saved() { # BITS NAME: a program for which XCR0 holds BITS
    sed "s/\\bxgetbv\\b/movl \$$1, %eax/" "$work/demo.s" >"$work/$2.s"
    [ "$(grep -c xgetbv "$work/demo.s")" -eq 1 ] && ! grep -q xgetbv "$work/$2.s" || fail "no xgetbv"
    gcc -c "$work/$2.s" -o "$work/$2.o"
    build "$2" "$work/$2.o"
}
saved 3 sse
saved 7 avx
if grep -qw avx2 /proc/cpuinfo; then
    same "AVX is not saved" "x86-64-v2: has sse4.2; not x86-64-v4: lacks AVX registers saved by the system; \
not x86-64-v3: lacks AVX registers saved by the system" "$("$work/sse.which" | sed -n 2p)"
    "$work/sse.host" >/dev/null || fail "wrong numbers without AVX"
fi
if grep -qw avx512vl /proc/cpuinfo; then
    same "AVX-512 is not saved" \
        "x86-64-v3: has avx2 fma; not x86-64-v4: lacks AVX-512 registers saved by the system" \
        "$("$work/avx.which" | sed -n 2p)"
    same "nor can it be chosen" "x86-64-v4: -2" "$("$work/avx.which" x86-64-v4 | head -1)"
    "$work/avx.host" >/dev/null || fail "wrong numbers without AVX-512"
fi

# ---- other CPUs
command -v qemu-x86_64 >/dev/null || skip "$checks checks passed; qemu-x86_64 is not installed: no other CPUs"
on() { # CPU PROGRAM WORD...
    qemu-x86_64 -cpu "$1" "$work/$2" "${@:3}" 2>/dev/null
}
picks() { # CPU PROGRAM WHY: why is that of the best
    same "$2 on $1" "$3" "$(on "$1" "$2.which" | sed -n 2p)"
    on "$1" "$2.host" >/dev/null || fail "wrong numbers from $2 on $1"
}
v4="not x86-64-v4: lacks" v3="not x86-64-v3: lacks" v2="not x86-64-v2: lacks"
picks max levels "x86-64-v3: has avx2 fma; $v4 avx512f"
picks Haswell levels "x86-64-v3: has avx2 fma; $v4 avx512f"
picks EPYC levels "x86-64-v3: has avx2 fma; $v4 avx512f"
picks Nehalem levels "x86-64-v2: has sse4.2; $v4 avx; $v3 avx"
picks SandyBridge levels "x86-64-v2: has sse4.2; $v4 f16c; $v3 f16c"
for feature in fma avx2 bmi1:bmi bmi2 f16c movbe abm:lzcnt; do
    picks "Haswell,-${feature%:*}" levels "x86-64-v2: has sse4.2; $v4 ${feature#*:}; $v3 ${feature#*:}"
done
for feature in avx avx2 fma f16c; do # VAES, or AVX2 itself, is still there
    picks "max,-$feature" levels "x86-64-v2: has sse4.2; $v4 $feature; $v3 $feature"
done
picks "Haswell,-xsave" levels "x86-64-v2: has sse4.2; $v4 AVX registers saved by the system; \
$v3 AVX registers saved by the system"
same "none can run" "none
none; $v4 ssse3; $v3 ssse3; $v2 ssse3
-1 0 0" "$(on qemu64 levels.which || [ $? -eq 3 ])"
same "nor be chosen" "x86-64-v3: -2" "$(on Nehalem levels.which x86-64-v3 | head -1)"

# ---- of one class: the variant that is tuned for the CPU, else the first
demo nehalem,haswell,znver1
build tuned "$work/libdemo.a"
picks Haswell tuned "haswell: has avx2 fma, is tuned for this CPU"
picks EPYC tuned "znver1: has avx2 fma, is tuned for this CPU"
picks Skylake-Client tuned "haswell: has avx2 fma"
picks EPYC-Milan tuned "haswell: has avx2 fma"
picks Nehalem tuned "nehalem: has sse4.2, is tuned for this CPU; not haswell: lacks avx; not znver1: lacks avx"

# ---- features that the user adds or takes away are asked for, or not
demo x86-64-v2,x86-64-v3 -mattr=+gfni
build more "$work/libdemo.a"
same "asked for" "none; not x86-64-v3: lacks gfni; not x86-64-v2: lacks gfni" \
    "$({ on Haswell more.which || [ $? -eq 3 ]; } | sed -n 2p)"
demo x86-64-v2,x86-64-v3 -mattr=+vaes
build vaes "$work/libdemo.a"
same "with all that it needs" "none; $v3 avx2; $v2 avx2" \
    "$({ on max,-avx2 vaes.which || [ $? -eq 3 ]; } | sed -n 2p)"
demo x86-64-v2,x86-64-v3 -mattr=-bmi2
build less "$work/libdemo.a"
picks Haswell,-bmi2 less "x86-64-v3: has avx2 fma"
echo "$checks checks"
