#!/usr/bin/env bash
# report.sh: what verify, bench and show print as text; JSON has test_json.c.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >two.lua <<'END'
return {
  deform_conv2d { name = "a", in_channels = 2, height = 5, width = 5, out_channels = 2, kernel_size = 3, dtype = "f64" },
  conv2d { name = "longer", in_channels = 2, height = 5, width = 5, out_channels = 2, kernel_size = 3, layout = "nhwc" },
}
END
shape() { printf '%s\n' "$out" | sed -E 's/[0-9.]+(e-[0-9]+)?/N/g'; }

# ---- verify
works verify two.lua --schedule direct
same "a line for each kernel" \
    $'a: ok, N cases, all N elements a case, worst N of the tolerance; deform_convNd fN nchw, direct lanes=N oc_block=N
longer: ok, N case, all N elements, worst N of the tolerance; convNd fN nhwc, direct lanes=N oc_block=N' "$(shape)"
first=$out
works verify two.lua --kernel longer
same "only knobs unlike the guess" "conv2d f32 nhwc, tiled" "$(printf '%s' "$out" | sed 's/.*; //')"
works verify two.lua --kernel longer --schedule "tiled mr=4"
same "and those" "conv2d f32 nhwc, tiled mr=4" "$(printf '%s' "$out" | sed 's/.*; //; s/ nv=.*//')"
works verify two.lua --kernel longer -v
same "all knobs" 18 "$(printf '%s' "$out" | sed 's/.*; //' | tr ' ' '\n' | grep -c =)"
works verify two.lua --schedule direct --seed 0 --threads 1
same "the seed's default is 0, threads do not matter" "$first" "$out"

cat >large.lua <<'END'
return conv2d { name = "large", in_channels = 256, height = 30, width = 31, out_channels = 256, kernel_size = 3,
                padding = 1, layout = param("layout", "nchw") }
END
works verify large.lua --schedule direct
same "a sample of a large output" "1 case, 1040 of 238080 elements (--full: all)" \
    "$(printf '%s\n' "$out" | grep -oE '1 case, .*all\)')"
works verify large.lua --full --json --schedule direct
same "every element with --full" '"checked": 238080, "outputs": 238080,' \
    "$(printf '%s\n' "$out" | grep -E 'checked|outputs' | tr -s ' \n' ' ' | sed 's/^ //; s/ $//')"

# ---- verify on files
echo 'return { deform_conv2d { name = "own", in_channels = 1, height = 2, width = dynamic, out_channels = 1,
                         kernel_size = 1 }, conv2d { name = "other", in_channels = 1, height = 1, width = 1,
                         out_channels = 1, kernel_size = 1 } }' >own.lua
npy x.npy f4 '1,1,2,3,' 1 2 nan 4 inf 6
npy w.npy f4 '1,1,1,1,' 2
npy off.npy f4 '1,2,2,3,' 0 0 0 0 0 0 0 0.5 0 9 0 0
own=(verify own.lua --kernel own --input input=x.npy --input weight=w.npy)
works "${own[@]}" --input offset=off.npy --schedule direct
same "given tensors, with what is no number" "1 case, all 6 elements, worst N of the tolerance" \
    "$(printf '%s\n' "$out" | grep -oE '1 case[^;]*' | sed -E 's/worst [^ ]+/worst N/')"
npy even.npy f4 '1,1,2,3,' 1 2 3 4 5 6
works verify own.lua --kernel own --input input=even.npy --input weight=w.npy
same "what is not given is random" "1 case, random offset, all 6 elements, worst N of the tolerance" \
    "$(printf '%s\n' "$out" | grep -oE '1 case[^;]*' | sed -E 's/worst [^ ]+/worst N/')"
works verify own.lua --kernel own --input input=even.npy --json
same "as JSON" '["weight","offset"]' "$(printf '%s' "$out" | tr -d ' \n' | grep -oE '"random":\[[^]]*\]' | cut -d: -f2)"
expect 2 "dcngen: kernel 'own': --input NAME=FILE is missing for input [1,1,2,?], offset [1,2,2,?]" \
    verify own.lua --kernel own --input weight=w.npy
expect 2 "dcngen: verify --input needs one kernel, chosen by --kernel: own.lua has own, other" \
    verify own.lua --input input=x.npy

# ---- bench
works bench two.lua --time 0.01 --schedule direct --threads 1 --offsets zero
same "bench's head" "kernel dtype layout threads    median       min       max  GFLOP/s   peak        MB  schedule" \
    "$(printf '%s\n' "$out" | head -1)"
same "bench's rows" $'a f64 nchw 1\nlonger f32 nhwc 1' "$(printf '%s\n' "$out" | sed -n 2,3p | awk '{ print $1, $2, $3, $4 }')"
same "bench's end" "peak: N GFLOP/s of multiply-adds on N thread, measured in this run" "$(shape | tail -1 | sed 's/; too low where .*//')"
same "bench's lines" 4 "$(printf '%s\n' "$out" | wc -l)"
for size in batch height width; do
    echo "return conv2d { name = 'k', in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1, $size = dynamic }" |
        sed "s/$size = 3, //" >dynamic.lua
    expect 2 "dcngen: bench needs static sizes: '$size' of kernel 'k' is dynamic" bench dynamic.lua
done

# ---- show
works show spec two.lua
printf '%s\n' "$out" >again.lua
works show spec again.lua
same "what show spec prints is a spec" "$(cat again.lua)" "$out"
works show spec two.lua --kernel a
same "one kernel is one line" 'return deform_conv2d { name = "a",' "$(printf '%s' "$out" | cut -c 1-34)"
works compile two.lua -o . --kernel a --emit asm
works show asm two.lua --kernel a
same "show asm is what compile writes" "$(cat a.s)" "$out"
works show ir two.lua
same "show ir has every kernel" $'@a_run(\n@longer_run(' "$(printf '%s\n' "$out" | grep '^define' | grep -oE '@[a-z]+_run\(')"
works show schedule two.lua --schedule "direct oc_block=1"
same "show schedule: the schedule" $'a: direct lanes=N oc_block=N\nlonger: direct lanes=N oc_block=N' \
    "$(shape | grep -v '^ ')"
same "show schedule: why" yes "$(printf '%s\n' "$out" | grep -q '^  registers: ' && echo yes)"
same "show schedule: no workspace without --threads" 0 "$(printf '%s\n' "$out" | grep -c '^  workspace of')"
works show schedule two.lua --schedule direct --threads 1
same "show schedule: workspace, of each kernel" $'  workspace of 1 thread: 0 bytes\n  workspace of 1 thread: 0 bytes' \
    "$(printf '%s\n' "$out" | grep '^  workspace of')"
workspace() { call show schedule two.lua --kernel a --schedule tiled --threads "$1" && printf '%s\n' "$out" |
    sed -nE "s/^  workspace of $1 threads?: ([0-9]+) bytes$/\1/p"; }
one=$(workspace 1) two=$(workspace 2) four=$(workspace 4)
same "show schedule: each thread adds the same" $((four - two)) $((2 * (two - one)))
same "show schedule: a thread needs some" yes "$([ "${one:-0}" -gt 0 ] && [ "$two" -gt "$one" ] && echo yes)"
works show schedule two.lua --kernel a --schedule tiled --threads 4 --json
same "show schedule: as JSON" "\"threads\": 4,|\"workspace_bytes\": $four" \
    "$(printf '%s\n' "$out" | grep -E '"(threads|workspace_bytes)"' | tr -d '\n' | sed 's/  *"/"/g; s/,"/,|"/; s/,$//')"
phases() { printf '%s\n' "$out" | sed -nE 's/^    phase ([0-9]+): ([0-9]+) tasks? of [0-9.]+ [mun]?s, [0-9.]+ [mun]?s$/\1 \2/p'; }
works show schedule two.lua --kernel a --schedule "tiled tile_h=1 tile_w=4 grain=1" --threads 4
same "show schedule: phases and their tasks" yes "$(phases | grep -q '^1 [1-9]' && echo yes)"
same "show schedule: what threads gain" 1 \
    "$(printf '%s\n' "$out" | grep -cE '^  on 4 threads, as estimated: [0-9.]+ times as fast as the best guess for one$')"
tasks=$(phases | sed -E 's/.* //' | tr '\n' ' ')
works show schedule two.lua --kernel a --schedule "tiled tile_h=1 tile_w=4 grain=1" --threads 4 --json
same "show schedule: phases as JSON" "$tasks" "$(printf '%s\n' "$out" | sed -nE 's/.*"tasks": ([0-9]+),?.*/\1/p' | tr '\n' ' ')"
same "show schedule: the speed-up as JSON" 1 "$(printf '%s\n' "$out" | grep -cE '"speedup": [0-9.]+')"
elsewhere=$([ "$(uname -m)" = aarch64 ] && echo haswell || echo neoverse-n1)
works show schedule two.lua --kernel a --schedule direct --target "$elsewhere" --threads 2
same "show schedule: a target of another machine" \
    "  workspace of 2 threads: told by the code where it runs; this machine does not run $elsewhere" \
    "$(printf '%s\n' "$out" | grep '^  workspace of')"
works show schedule two.lua --kernel a --schedule direct --target "$elsewhere" --threads 2 --json
same "show schedule: as JSON" '  "workspace_bytes": null' "$(printf '%s\n' "$out" | grep -oE '  "workspace_bytes": \w+')"
expect 2 "dcngen: --threads needs static sizes: 'width' of kernel 'k' is dynamic" show schedule dynamic.lua --threads 2
works show space two.lua --kernel a --target x86-64-v3
same "show space: refusals" "    N refused: vector is wider than the machine's registers" \
    "$(shape | grep 'refused: vector is wider' | tail -1)"
same "show space: every point is legal or refused" "" "$(printf '%s\n' "$out" | awk '
    / schedules are legal/ { if (seen != legal + refused) print last; seen = $3; legal = $1; refused = 0; last = $0 }
    / refused: / { refused += $1 }
    END { if (seen != legal + refused) print last }')"
finish
