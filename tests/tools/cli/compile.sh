#!/usr/bin/env bash
# compile.sh: the files that compile writes, and that a failure leaves none behind.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
all=obj,header,asm,llvm-ir,bitcode,static-lib,shared-lib
cat >two.lua <<'END'
return {
  deform_conv2d { name = "a", in_channels = 2, height = 5, width = 5, out_channels = 2, kernel_size = 3 },
  conv2d { name = "b", in_channels = 2, height = 5, width = 5, out_channels = 2, kernel_size = 3 },
}
END
magic() { od -An -c -N "$2" "$1" | tr -d ' '; }
writes() { # FILES WORD...: the names that are printed before what is told of schedules
    local want=$1
    shift
    works "$@"
    same "dcngen $*" "$want" "$(sed '/^[a-z]*: /,$d' <<<"$out")"
}
files() { find . -path './.*' -prune -o -type f -print | sort | tr '\n' ' '; }

# ---- what is written
writes $'out/a.o\nout/a.h\nout/b.o\nout/b.h' compile two.lua -o out
writes $'deep/er/b.o' compile two.lua -o deep/er/ --emit obj --kernel b
writes $'out/a.s\nout/a.ll\nout/a.bc\nout/liba.a\nout/liba.so' \
    compile two.lua -oout --kernel a --emit asm,llvm-ir,bitcode,static-lib,shared-lib
same "object" '177ELF' "$(magic out/a.o 4)"
same "bitcode" 'BC' "$(magic out/a.bc 2)"
same "archive" '!<arch>' "$(magic out/liba.a 7)"
same "shared library" '177ELF' "$(magic out/liba.so 4)"
same "assembly defines the kernel" 1 "$(grep -c '^a_run:' out/a.s)"
same "IR defines the kernel" 1 "$(grep -c '^define .*@a_run(' out/a.ll)"
same "header is not empty" yes "$([ -s out/a.h ] && echo yes)"
writes $'out/a.o\nout/a.h' compile two.lua -o out --kernel a --emit header,obj,header
same "nothing but these" "./deep/er/b.o ./out/a.bc ./out/a.h ./out/a.ll ./out/a.o ./out/a.s \
./out/b.h ./out/b.o ./out/liba.a ./out/liba.so ./two.lua " "$(files)"
(umask 077 && "$DCNGEN_BIN" compile two.lua -o private --kernel a --emit obj >/dev/null)
same "umask is honoured" "700 600" "$(stat -c %a private private/a.o | tr '\n' ' ' | sed 's/ $//')"

# ---- who reads IR finds names of parameters, operands and loops in it, and asking for it changes no code
works compile two.lua -o named --kernel a --schedule direct --emit llvm-ir
same "parameters have names" "ptr %args, i64 %phase, i64 %first, i64 %last, ptr %workspace, i64 %thread" \
    "$(grep '^define .*@a_run(' named/a.ll | grep -o 'ptr %args.*%thread')"
same "operands have names" "%input %offset %output %weight " \
    "$(grep -oE '%[a-z]+ = load ptr' named/a.ll | cut -d' ' -f1 | sort -u | tr '\n' ' ')"
same "loops have names" "%task = phi i64" "$(grep -oE '%task = phi i64' named/a.ll)"
export DCNGEN_DUMP=dump && mkdir dump
"$DCNGEN_BIN" compile two.lua -o dumped --kernel a >/dev/null 2>&1
unset DCNGEN_DUMP
same "dumped IR has names" yes "$(grep -qE '%[a-z]+ = phi i64' dump/a.ll && echo yes)"
same "names change no code" "" "$(cmp dumped/a.o out/a.o)"
rm -rf named dumped dump

# ---- the same bytes from any number of threads, and over an older file
works compile two.lua -o one --jobs 1 --emit $all
works compile two.lua -o four --jobs 4 --threads 2 --emit $all
same "how many make them does not matter" "" "$(diff -r one four)"
echo old >four/a.o
works compile two.lua -o four --emit obj
same "an older file is replaced" "" "$(diff one/a.o four/a.o)"

# ---- where schedules come from is told: after the files, without the knobs that are as guessed
guess=$("$DCNGEN_BIN" show schedule two.lua --kernel a | sed -n '1s/^a: //p')
prints $'out/a.o\na: guessed: DCNGEN_CACHE=off\n  '"${guess%% *}" compile two.lua -o out --kernel a --emit obj
prints $'out/a.o\na: as the options say\n  '"$guess" \
    compile two.lua -o out --kernel a --emit obj --schedule "$guess" -v
works compile two.lua -o out --emit obj --target x86-64-v2,x86-64-v3
same "for each target" "a for x86-64-v2: a for x86-64-v3: b for x86-64-v2: b for x86-64-v3: " \
    "$(grep -o '^. for [^ ]* ' <<<"$out" | tr '\n' ' ' | sed 's/  / /g')"
works compile two.lua -o out --emit obj --kernel b --json
same "in JSON" '"kernel": "b", "target": "native", "origin": "guess", "gain": null, "why": "guessed: DCNGEN_CACHE=off"' \
    "$(sed -n '/"schedules"/,$p' <<<"$out" | grep -E '"(kernel|target|origin|gain|why)"' | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//')"

# ---- depfiles
mkdir 'with space'
echo 'return include "my # size$.lua"' >'with space/main.lua'
echo 'return conv2d { name = "c", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 }' \
    >'with space/my # size$.lua'
writes $'the out/c.o\nthe out/c.h\nthe out/c.d' compile 'with space/main.lua' -o 'the out' -M
same "depfile" 'the\ out/c.o the\ out/c.h: with\ space/main.lua with\ space/my\ \#\ size$$.lua' \
    "$(cat 'the out/c.d')"
works compile two.lua -o d1 --depfile all.d --emit obj,header
same "one rule for all kernels" 'd1/a.o d1/a.h d1/b.o d1/b.h: two.lua' "$(cat all.d)"
works compile two.lua -o d1 --depfile all.d --emit obj -M --kernel b --json
same "beside a rule for each" 'd1/b.o: two.lua|d1/b.o: two.lua' "$(cat all.d)|$(cat d1/b.d)"
same "it is of no kernel" 1 "$(grep -c '"kernel": null' <<<"$out")"
expect 4 "dcngen: cannot write no/where.d: No such file or directory" compile two.lua -o never --depfile no/where.d
rm -r d1 never all.d 2>/dev/null
printf '%s\n' 'include the\ out/c.d' 'the\ out/c.o: ; @echo again' >Makefile
if command -v make >/dev/null; then
    same "make understands it: up to date" "make: 'the out/c.o' is up to date." "$(make 'the out/c.o' 2>&1)"
    touch -d '2 hours ago' 'with space/main.lua'
    touch -d '1 hour ago' 'the out/c.o'
    same "make understands it: include changed" "again" "$(make 'the out/c.o' 2>&1)"
fi

# ---- complete or not at all
rm -rf out one four deep private 'the out' 'with space' Makefile
expect 2 "dcngen: kernel 'a': unknown lowering \"none\": expected one of $(
    "$DCNGEN_BIN" show space two.lua --kernel a --json | perl -ne 'print $c++ ? ", $1" : $1 if /"lowering": "(\w+)"/'
)" compile two.lua -o out --schedule none
same "no directory is made for a schedule that cannot be" "./two.lua " "$(files)"
mkdir -p out/b.o
echo old >out/a.o
expect 4 "dcngen: cannot write out/b.o: it is a directory" compile two.lua -o out
same "no other file was touched" "old" "$(cat out/a.o)"
same "no temporary file is left" "./out/a.o ./two.lua " "$(files)"
rmdir out/b.o
trap '' XFSZ
limited() { (ulimit -f 0 && exec "$DCNGEN_BIN" "$@" 3>&1 >/dev/null 2>&3); }
same "a disk that is full" "dcngen: cannot write out/a.o: File too large 4" \
    "$(limited compile two.lua -o out | grep -v '^OMP') $(limited compile two.lua -o out >/dev/null 2>&1; echo $?)"
trap - XFSZ
same "the older file is whole" "old" "$(cat out/a.o)"
same "no temporary file is left" "./out/a.o ./two.lua " "$(find . -path ./.out -prune -o -path ./.err -prune -o -type f -print | sort | tr '\n' ' ')"
expect 4 "dcngen: cannot create directory two.lua: Not a directory" compile two.lua -o two.lua
expect 4 "dcngen: cannot create directory two.lua: Not a directory" compile two.lua -o two.lua/out
expect 4 "dcngen: cannot create directory /proc/none: No such file or directory" compile two.lua -o /proc/none/out
finish
