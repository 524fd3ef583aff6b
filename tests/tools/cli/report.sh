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
    $'a: deform_convNd fN nchw, direct lanes=N oc_block=N: N cases, worst N of the tolerance: ok
longer: convNd fN nhwc, direct lanes=N oc_block=N: N cases, worst N of the tolerance: ok' "$(shape)"
first=$out
works verify two.lua --schedule direct --seed 0 --threads 1
same "the seed's default is 0, threads do not matter" "$first" "$out"

# ---- bench
works bench two.lua --time 0.01 --schedule direct --threads 1 --offsets zero
same "bench's head" "kernel dtype layout threads    median       min       max  GFLOP/s   peak        MB  schedule" \
    "$(printf '%s\n' "$out" | head -1)"
same "bench's rows" $'a f64 nchw 1\nlonger f32 nhwc 1' "$(printf '%s\n' "$out" | sed -n 2,3p | awk '{ print $1, $2, $3, $4 }')"
same "bench's end" "peak: N GFLOP/s of multiply-adds on N thread, measured in this run" "$(shape | tail -1)"
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
    "$(printf '%s\n' "$out" | grep -E '"(threads|workspace_bytes)"' | tr -d '\n' | sed 's/  *"/"/g; s/,"/,|"/')"
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
