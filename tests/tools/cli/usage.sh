#!/usr/bin/env bash
# usage.sh: every way to misuse options and words, with its message.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
echo 'return conv2d { name = "k", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 }' >k.lua
threads="is not a number from 1 to 1024"
seed="is not a number from 0 to 18446744073709551615"
seconds="is not a number of seconds above 0, at most 3600"
offsets="is not zero, normal:S or S with 0 <= S <= 1e6, or FILE.npy"
kinds="is not one of obj, header, asm, llvm-ir, bitcode, static-lib, shared-lib"

# ---- verbs
expect 2 "dcngen: usage: dcngen VERB [options] SPEC.lua; 'dcngen help' lists the verbs"
expect 2 "dcngen: unknown verb 'comple' (did you mean 'compile'?)" comple
expect 2 "dcngen: unknown verb 'polish'; 'dcngen help' lists the verbs" polish k.lua
expect 2 "dcngen: unknown verb ''; 'dcngen help' lists the verbs" ''
expect 2 "dcngen: the verb comes first, before '--json'" --json verify k.lua
expect 2 "dcngen: the verb comes first, before 'k.lua'; 'dcngen help' lists the verbs" k.lua
expect 2 "dcngen: the verb comes first, before '-'; 'dcngen help' lists the verbs" - <k.lua
expect 2 "dcngen: the verb comes first, before './k'; 'dcngen help' lists the verbs" ./k compile
expect 2 "dcngen: unknown verb 'verfy' (did you mean 'verify'?)" help verfy

# ---- words
for verb in compile run verify bench; do
    expect 2 "dcngen: $verb needs SPEC.lua; 'dcngen help $verb' says more" $verb
    expect 2 "dcngen: $verb takes one SPEC.lua; 'l.lua' is one too many" $verb k.lua l.lua
done
expect 2 "dcngen: show needs WHAT; 'dcngen help show' says more" show
expect 2 "dcngen: show needs SPEC.lua; 'dcngen help show' says more" show ir
expect 2 "dcngen: show needs WHAT before 'k.lua'; 'dcngen help show' says more" show k.lua
expect 2 "dcngen: cache needs WHAT before 'k.lua'; 'dcngen help cache' says more" cache k.lua
expect 2 "dcngen: sweep needs WHAT before 'plan.jsonl'; 'dcngen help sweep' says more" sweep plan.jsonl
expect 2 "dcngen: completion needs SHELL before 'k.lua'; 'dcngen help completion' says more" completion k.lua
expect 2 "dcngen: show takes one SPEC.lua; 'l.lua' is one too many" show ir k.lua l.lua
expect 2 "dcngen: help takes one VERB; 'run' is one too many" help show run
for verb in targets doctor version; do
    expect 2 "dcngen: $verb takes no 'k.lua'" $verb k.lua
done

# ---- options that there are not
expect 2 "dcngen: verify has no option '--thread' (did you mean '--threads'?)" verify k.lua --thread=2
expect 2 "dcngen: verify has no option '--frobnicate'; 'dcngen help verify' lists them" verify --frobnicate k.lua
expect 2 "dcngen: verify has no option '-x'; 'dcngen help verify' lists them" verify -x k.lua
expect 2 "dcngen: verify has no option '--offsets'; bench has" verify --offsets zero k.lua
expect 2 "dcngen: compile has no option '--seed'; verify has" compile k.lua -o d --seed=1
expect 2 "dcngen: run has no option '--json'; compile has" run k.lua --json
expect 2 "dcngen: run has no option '-o'; compile has" run k.lua -o x
expect 2 "dcngen: targets has no option '--target'; compile has" targets --target native
expect 2 "dcngen: help has no option '--json'; compile has" help --json

# ---- values
expect 2 "dcngen: --json takes no value" verify --json=1 k.lua
expect 2 "dcngen: --threads needs a value: N" verify k.lua --threads
expect 2 "dcngen: --schedule needs a value: TEXT" verify k.lua --schedule=
expect 2 "dcngen: --schedule needs a value: TEXT" verify k.lua --schedule ''
expect 2 "dcngen: --kernel needs a value: NAME" verify k.lua --kernel=
expect 2 "dcngen: -D 'x' is not NAME=VALUE" verify k.lua -D x
expect 2 "dcngen: -D '=3' is not NAME=VALUE" verify k.lua -D =3
expect 2 "dcngen: -D h is given twice" verify k.lua -D h=1 -Dh=2
expect 2 "dcngen: --input 'x.npy' is not NAME=FILE" run k.lua --input x.npy
expect 2 "dcngen: --input input is given twice" run k.lua --input input=a.npy --input input=b.npy
expect 2 "dcngen: --output output= needs a file" run k.lua --output output=
for bad in 0 -1 1025 2x '' 99999999999999999999 0x2 ' 2' 1.5; do
    expect 2 "dcngen: --threads '$bad' $threads" verify k.lua "--threads=$bad"
done
for bad in -1 x '' 18446744073709551616 1e3; do
    expect 2 "dcngen: --seed '$bad' $seed" verify k.lua "--seed=$bad"
done
for bad in 0 -1 x '' nan inf 3601 1s 0x1; do
    expect 2 "dcngen: --time '$bad' $seconds" bench k.lua "--time=$bad"
done
for bad in '' one normal normal: normal:-1 normal:x normal:nan normal:1e7 -1 .npy; do
    expect 2 "dcngen: --offsets '$bad' $offsets" bench k.lua "--offsets=$bad"
done
expect 2 "dcngen: --emit 'hader' $kinds (did you mean 'header'?)" compile k.lua -o d --emit obj,hader
expect 2 "dcngen: --emit 'elf' $kinds" compile k.lua -o d --emit elf
expect 2 "dcngen: --emit '' $kinds" compile k.lua -o d --emit obj,
expect 2 "dcngen: compile needs -o DIR" compile k.lua

# ---- targets
expect 2 "dcngen: --target 'native,haswell': one CPU here; compile --target takes several" verify k.lua --target native,haswell
expect 2 "dcngen: -mcpu 'native,haswell': one CPU here; compile --target takes several" verify k.lua -mcpu=native,haswell
expect 2 "dcngen: --target znver4 and -mcpu=haswell contradict each other" verify k.lua --target znver4 -mcpu=haswell
expect 4 'dcngen: unknown CPU "znver44" (did you mean "znver4"?)' verify k.lua --target znver44
expect 4 'dcngen: unknown CPU feature "avx22" (did you mean "avx2"?)' show schedule k.lua --target x86-64-v3 -mattr=+avx22
expect 4 'dcngen: CPU "znver4" does not fit triple "aarch64-linux-gnu": expected x86_64-pc-linux-gnu' \
    show schedule k.lua --target znver4 --triple aarch64-linux-gnu

# ---- show
expect 2 "dcngen: show 'ri' is not one of ir, asm, schedule, space, spec, network, tensors (did you mean 'ir'?)" show ri k.lua
expect 2 "dcngen: show 'foobar' is not one of ir, asm, schedule, space, spec, network, tensors" show foobar k.lua
expect 2 "dcngen: show ir has no option '--json'" show ir k.lua --json
expect 2 "dcngen: show asm has no option '--json'" show asm k.lua --json
expect 2 "dcngen: show space has no option '--schedule'" show space k.lua --schedule direct
expect 2 "dcngen: show spec has no option '--target'" show spec k.lua --target native
expect 2 "dcngen: show spec has no option '-mcpu'" show spec k.lua -mcpu=native
for what in ir asm space spec; do
    expect 2 "dcngen: show $what has no option '--threads'" show $what k.lua --threads 2
done

# ---- environment
DCNGEN_NUM_THREADS=many expect 2 "dcngen: DCNGEN_NUM_THREADS = 'many' is not a number from 1 to 1024" verify k.lua
DCNGEN_MAX_ISA=mmx expect 4 \
    "dcngen: DCNGEN_MAX_ISA = \"mmx\" is not one of $("$DCNGEN_BIN" targets --json | perl -ne '
        $t = $1 if /"triple": "(\w+)/; $i{$t}{$1} ||= ++$n if /"isa": "([^"]+)/; END {
        ($arch) = `uname -m` =~ /(\w+)/; print join ", ", reverse sort { $i{$arch}{$a} <=> $i{$arch}{$b} }
        keys %{$i{$arch}} }')" verify k.lua

# ---- both ways to write an option, and words behind --
works verify --seed 3 --threads=1 k.lua
works verify k.lua --seed=3 --threads 1
works verify --seed=3 -- k.lua
works show spec -- k.lua
expect 2 "dcngen: verify takes one SPEC.lua; '--json' is one too many" verify -- k.lua --json
cp k.lua -- --odd.lua
works verify -- --odd.lua
finish
