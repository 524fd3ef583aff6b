#!/usr/bin/env bash
# network.sh: networks in the verbs: parameters from files, layers in show and bench, objects with constants, and what
# does not go with a network.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >net.lua <<'EOF'
local x = input { name = "image", channels = 2, height = 1, width = 3 }
local a = conv2d { x, name = "stem.conv", out_channels = 2, kernel_size = 1, bias = true }
local b = conv2d { a, name = "again", out_channels = 2, kernel_size = 1, bias = true }
local c = conv2d { b, name = "block.0.conv", out_channels = 2, kernel_size = 1, bias = true }
local y = linear { c, name = "head", out_features = 1 }
return network { name = "net", outputs = { scores = y } }
EOF
cat >mixed.lua <<'EOF'
local x = input { name = "image", channels = 2, height = 1, width = 3 }
return { conv2d { name = "conv", in_channels = 2, out_channels = 1, height = 2, width = 2, kernel_size = 1 },
         network { name = "net", outputs = { y = max_pool2d { x, kernel_size = 1 } } } }
EOF
npy image.npy f4 '1,2,1,3,' 1 2 3 10 20 30

header="{$(tensor stem.conv.weight 2,2,1,1 0 4),$(tensor stem.conv.bias 2 4 6),$(tensor again.weight 2,2,1,1 6 10),\
$(tensor again.bias 2 10 12),$(tensor block.0.conv.weight 2,2,1,1 12 16),$(tensor block.0.conv.bias 2 16 18),\
$(tensor head.weight 1,2 18 20)}"
# The first layer swaps both channels and adds 1 and 2; the others change nothing; the last takes 100 a + b.
numbers=(0 1 1 0 1 2 1 0 0 1 0 0 1 0 0 1 0 0 100 1)
safetensors w.safetensors "$header" "${numbers[@]}"
npy flat.npy f8 '20,' "${numbers[@]}"

# ---- run, verify
prints '' run net.lua --input image=image.npy --weights w.safetensors --output scores=y.npy
same "100 (x1 + 1) + x0 + 2" "f4 (1, 1, 1, 3): 1103 2104 3105" "$(show_npy y.npy)"
prints '' run net.lua --input image=image.npy --input parameters=flat.npy --output scores=z.npy
same "the same from a flat vector" "" "$(cmp y.npy z.npy)"
works verify net.lua --weights w.safetensors
same "the image is random" yes "$(grep -q 'random image,' <<<"$out" && echo yes)"
works verify net.lua --weights w.safetensors --input image=image.npy
same "and here nothing is" '' "$(grep random <<<"$out")"

# ---- parameters that do not fit
expect 2 "dcngen: kernel 'net': --input NAME=FILE is missing for parameters [20] (or --weights FILE)" \
    run net.lua --input image=image.npy --output scores=y.npy
expect 2 "dcngen: --weights and --input parameters=FILE: one of them is enough" \
    run net.lua --input image=image.npy --input parameters=flat.npy --weights w.safetensors --output scores=y.npy
expect 2 "dcngen: cannot read no: No such file or directory" \
    run net.lua --input image=image.npy --weights no --output scores=y.npy
expect 2 "dcngen: image.npy: neither a safetensors file (a length and '{' come first) nor an npz file (PK comes first)" \
    run net.lua --input image=image.npy --weights image.npy --output scores=y.npy
safetensors bad.safetensors "{$(tensor stem.conv.weight 2,2 0 4),$(tensor head.weight 2,1 4 6),$(tensor extra 1 6 7)}" 1 2 3 4 5 6 7
for verb in "run net.lua --input image=image.npy --output scores=y.npy" "verify net.lua" "bench net.lua" "compile net.lua -o out"; do
    expect 2 "dcngen: bad.safetensors: missing: stem.conv.bias, again.weight, again.bias, block.0.conv.weight, \
block.0.conv.bias; not in the network: extra; head.weight is [2,1], but must be [1,2]" $verb --weights bad.safetensors
done
same "nothing was written" "" "$(ls out 2>/dev/null)"
for verb in "verify" "bench"; do
    expect 2 "dcngen: --weights: kernel 'conv' is a conv2d, and no network" \
        $verb mixed.lua --kernel conv --weights w.safetensors
    expect 2 "dcngen: --weights: network 'net' has no parameters" $verb mixed.lua --kernel net --weights w.safetensors
done
expect 2 "dcngen: compile --weights needs one kernel, chosen by --kernel: mixed.lua has conv, net" \
    compile mixed.lua -o out --weights w.safetensors

# ---- show
works show tensors net.lua
same "parameters are listed" "    head.weight          from         18  [1,2]" "$(grep head.weight <<<"$out")"
works show tensors --json net.lua
same "in JSON, too" yes "$(grep -q '"at": 18' <<<"$out" && echo yes)"
works show network net.lua --threads 1
same "a line for each layer" "stem.conv again block.0.conv head" "$(awk 'NR > 2 && NR < 7 { print $1 }' <<<"$out" | xargs)"
same "what they make" "[1,1,3,2] [1,1,3,1]" "$(awk 'NR == 3 || NR == 6 { print $3 }' <<<"$out" | xargs)"
same "and take together" "4 layers, 4 of them operators; 20 parameters (0.0 MB); 0.00 million multiply-adds" \
    "$(grep 'of them operators' <<<"$out" | sed 's/^ *//')"
works show network --json net.lua --threads 1
same "layers that are the same kernel" '"kernel": "stem.conv", "kernel": "stem.conv", "kernel": "stem.conv", "kernel": "head",' \
    "$(grep '"kernel":' <<<"$out" | xargs -d '\n' | tr -s ' ' | sed 's/^ //')"
expect 2 "dcngen: show network: kernel 'conv' is a conv2d, and no network" show network mixed.lua --kernel conv
works show spec net.lua
cp .out again.lua
prints "$out" show spec again.lua
works show schedule net.lua

# ---- schedules of its layers
cat >said.lua <<'EOF'
local x = input { name = "image", channels = 4, height = 6, width = 6 }
local a = conv2d { x, name = "a", out_channels = 4, kernel_size = 3, padding = 1, schedule = param("a", "tiled mr=2") }
local b = conv2d { a, name = "b", out_channels = 4, kernel_size = 3, padding = 1 }
local m = dcnv3_module { b, name = "m", groups = 2, kernel_size = 3, padding = 1, schedule = param("m", "stages offset={tiled mr=1}") }
return network { name = "said", outputs = { y = m } }
EOF
works show schedule said.lua --target znver4 --threads 1
same "a layer has the schedule that its key says" "  a, as the spec says: tiled mr=2" "$(grep '^  a,' <<<"$out" | cut -d' ' -f1-9)"
same "the same layer without the key has another" "" "$(grep '^  b,.* mr=2 ' <<<"$out")"
same "a module's names its stages" yes "$(grep -q '^  m,.*offset={tiled mr=1 ' <<<"$out" && echo yes)"
works verify said.lua
expect 3 "said.lua:5: stage a: 'schedule' = \"tiled mr=5\": schedule knob mr = 5 is not one of 1, 2, 4, 6, 7, 8, 9, 12, 14, 28" \
    verify said.lua -D a="tiled mr=5"

# ---- bench
works bench net.lua --time 0.01 --threads 1 --weights w.safetensors
same "three of one kernel" "3" "$(awk '$1 == "stem.conv" { print $3 }' <<<"$out")"
same "the sum" yes "$(grep -q '^  layers by themselves .*, in the network .*; the network, .*, is .*% \(above\|below\) the first$' <<<"$out" && echo yes)"
works bench net.lua --time 0.01 --threads 1 --json
same "two kernels" 2 "$(grep -c '"times":' <<<"$out")"

cat >between.lua <<'EOF'
local x = input { name = "image", channels = 4, height = 6, width = 6 }
local r = resize { max_pool2d { x, kernel_size = 2 }, size = { 6, 6 }, mode = "bilinear" }
local n = layer_norm { add { r, avg_pool2d { x, kernel_size = 3, stride = 1, padding = 1 } } }
local m = mul { mul { n, name = "scale" }, avg_pool2d { n, output_size = 1 } }
local c = concat { m, slice { m, from = 1, count = 2 }, x, x }
return network { name = "between", outputs = { y = activation { c, "tanh" } } }
EOF
works bench between.lua --time 0.01 --threads 1
same "layers that are no operators are timed, too" \
    "activation add avg_pool2d avg_pool2d concat layer_norm max_pool2d mul mul resize slice" \
    "$(awk 'NR > 3 && $3 == 1 { print $2 }' <<<"$out" | sort | xargs)"

# ---- compile
works compile net.lua --weights w.safetensors -o out
cat >main.c <<'EOF'
#include "net.h"
#include <stdio.h>
int main(void)
{
    static _Alignas(64) char workspace[1 << 20];
    const float image[] = { 1, 2, 3, 10, 20, 30 };
    float scores[3];
    const net_args args = { .image = image, .scores = scores };
    if (net_workspace_bytes(0, 0, 0, 0, 1) > (int64_t)sizeof workspace)
        return 1;
    net(&args, workspace);
    printf("%g %g %g\n", scores[0], scores[1], scores[2]);
    return 0;
}
EOF
${CC:-cc} -Iout main.c out/net.o -o main
same "an object with its parameters" "1103 2104 3105" "$(./main)"
same "that needs nothing" "" "$(nm -u out/net.o)"

# ---- verbs that are not for networks
expect 2 "dcngen: sweep plan: 'net' is a network, which no plan can name: plan its layers, as kernels of a spec" \
    sweep plan net.lua -o plan.jsonl

# ---- gradients under a bound of memory
cat >deep.lua <<'EOF'
local x = input { name = "x", channels = 8, height = 40, width = 40 }
local y = x
for i = 1, 10 do
  y = conv2d { y, name = "c" .. i, out_channels = 8, kernel_size = 3, padding = 1, activation = "silu" }
end
local net = network { name = "deep", outputs = y }
return { net, gradient(net) }
EOF
deep() { # what show network says of its workspace
    works show network deep.lua --kernel deep_grad --threads 1 "$@"
    bytes=$(sed -n 's/.*workspace of 1 thread: \([0-9]*\).*/\1/p' <<<"$out")
}
deep
less=$((bytes * 3 / 4))
deep --memory "$less"
same "the bound is kept to" yes "$([ "$bytes" -le "$less" ] && echo yes)"
works verify deep.lua --kernel deep_grad --threads 1 --memory "$less"
works bench deep.lua --kernel deep_grad --threads 1 --memory "$less" --time 0.01
call compile deep.lua --kernel deep_grad --memory 1 -o out
least=$(sed -n 's/.*they take \([0-9]*\) bytes.*/\1/p' <<<"$err")
expect 3 "deep.lua:7: 'memory' = 1 is not enough for the gradients of 'deep_grad': they take $least bytes of workspace at least" \
    compile deep.lua --kernel deep_grad --memory 1 -o out
works compile deep.lua --memory "$least" -o out
expect 2 "dcngen: --memory: deep.lua has no gradients of a network" run deep.lua --kernel deep --memory 64M
expect 2 "dcngen: --memory '64X' is not a number of bytes, such as 500K, 64M or 1G" show network deep.lua --memory 64X
finish
