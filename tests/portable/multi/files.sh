#!/usr/bin/env bash
# files.sh: the files of several targets, on the command line and in programs that link many.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../../tools/cli/lib.bash"
cat >two.lua <<'END'
local function layer(name)
  return deform_conv2d { name = name, in_channels = 3, height = 6, width = 7, out_channels = 5,
                         kernel_size = 3, bias = true }
end
return { layer "a", layer "b" }
END
both=x86-64-v2,x86-64-v3
all=obj,header,asm,llvm-ir,bitcode,static-lib,shared-lib

writes() { # FILES WORD...: the names that are printed before what is told of schedules
    local want=$1
    shift
    works "$@"
    same "dcngen $*" "$want" "$(sed '/^[a-z]* for /,$d' <<<"$out")"
}

# ---- names and reports are those of one target
writes $'out/a.o\nout/a.h\nout/b.o\nout/b.h' compile two.lua -o out --target $both
writes $'out/a.h\nout/liba.so\nout/a.d' compile two.lua -o out --kernel a --target=$both \
    --emit header,shared-lib -M
same "depfile" 'out/a.h out/liba.so: two.lua' "$(cat out/a.d)"
works compile two.lua -o out --kernel a --target $both --emit static-lib --json
same "report" "$(stat -c '{"schema": 1, "files": [{"kernel": "a", "kind": "static-lib", "path": "out/liba.a", "bytes": %s}]' out/liba.a)" \
    "$(tr -s '\n ' ' ' <<<"$out" | sed 's/, "schedules".*//' | sed 's/ $//; s/{ /{/g; s/ }/}/g; s/\[ /[/g; s/ \]/]/g')"
works compile two.lua -o one --jobs 1 --target $both --emit $all
works compile two.lua -o four --jobs 4 --target $both --emit $all
same "how many make them does not matter" "" "$(diff -r one four)"
same "IR says what each variant may use" "x86-64-v2 x86-64-v3" \
    "$(grep -o '"tune-cpu"="[^"]*"' one/a.ll | cut -d'"' -f4 | sort -u | tr '\n' ' ' | sed 's/ $//')"
same "the header names both" "x86-64-v3 x86-64-v2" \
    "$(sed -n 's/^\*\* target .*, \(.*\) (.*/\1/p' one/a.h | tr '\n' ' ' | sed 's/ $//')"
works compile two.lua -o same --jobs 1 --target x86-64-v3 --emit $all
works compile two.lua -o cpu --jobs 1 -mcpu=x86-64-v3 --emit $all
same "one target is no choice" "" "$(diff -r same cpu; grep -l variant same/*.h)"
works compile two.lua -o attrs --kernel a --target $both -mattr=+gfni --emit llvm-ir
same "-mattr is for all" 2 "$(grep -c '"target-features"=".*+gfni' attrs/a.ll)"

# ---- a schedule is chosen for each target
works compile two.lua -o fixed --kernel a --target $both --emit header --schedule direct
same "schedules" "direct lanes=8 oc_block=4 direct lanes=4 oc_block=4" \
    "$(sed -n 's/^\*\* schedule *//p' fixed/a.h | tr '\n' ' ' | sed 's/ $//')"

# ---- what cannot be
expect 2 "dcngen: --target 'x86-64-v2,,x86-64-v3' has an empty name" compile two.lua -o no --target x86-64-v2,,x86-64-v3
expect 2 "dcngen: --target ',' has an empty name" compile two.lua -o no --target ,
expect 2 "dcngen: kernel 'a': target 'haswell' is given twice" compile two.lua -o no --target haswell,znver3,haswell
expect 2 "dcngen: kernel 'a': targets of one library must have one triple: 'haswell' has x86_64-pc-linux-gnu, \
'generic' has aarch64-unknown-linux-gnu" compile two.lua -o no --target haswell,generic
expect 2 "dcngen: --target has more than 16 CPUs" compile two.lua -o no \
    --target "$(seq -s, 17)"
expect 4 'dcngen: unknown CPU "znvr3" (did you mean "znver3"?)' compile two.lua -o no --target haswell,znvr3
expect 2 "dcngen: --target $both and -mcpu=haswell contradict each other" compile two.lua -o no --target $both -mcpu=haswell
for verb in run verify bench tune; do
    expect 2 "dcngen: --target '$both': one CPU here; compile --target takes several" $verb two.lua --target $both
done
same "nothing was written" "" "$(ls -d no 2>/dev/null)"

# ---- several libraries in one program
[ "$(uname -m)" = x86_64 ] || finish
works compile two.lua -o libs --target $both --emit header,static-lib,shared-lib
works compile two.lua -o alone --kernel b --target x86-64-v2 --emit obj
cat >main.c <<'END'
#include "a.h"
#include "b.h"
#include <stdio.h>
#include <string.h>
int main(void)
{
    const char *usual = a_variant();
    int failed = strcmp(usual, b_variant()) || a_choose_variant("x86-64-v2");
    failed |= strcmp(a_variant(), "x86-64-v2") || strcmp(b_variant(), usual);
    printf("%d\n", failed);
    return failed;
}
END
same "static libraries stand side by side, each with its own choice" 0 \
    "$(gcc -Ilibs main.c libs/liba.a libs/libb.a -o main 2>&1 && ./main)"
same "so do shared ones" 0 \
    "$(gcc -Ilibs main.c libs/liba.so libs/libb.so -Wl,-rpath,"$PWD/libs" -Wl,-z,defs -o main 2>&1 && ./main)"
same "nothing is undefined or relocated" "" \
    "$(nm -uD libs/liba.so; readelf -rW libs/liba.so | sed '/no relocations/d; /^$/d')"
same "as C++" "" "$(g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ libs/a.h 2>&1)"
same "as C99" "" "$(gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c libs/a.h 2>&1)"
finish
