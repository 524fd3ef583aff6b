#!/usr/bin/env bash
# run.sh: real numbers through npy files, and every way to give the wrong files.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >pair.lua <<'END'
return {
  conv2d { name = "sum", in_channels = 2, height = 2, width = 3, out_channels = 1, kernel_size = 1, bias = true },
  deform_conv2d { name = "shift", in_channels = 1, height = 2, width = 3, out_channels = 1, kernel_size = 1,
                  modulation = "mask", dtype = "f64", layout = "nhwc" },
  conv2d { name = "any", batch = dynamic, in_channels = 1, height = dynamic, width = dynamic,
           out_channels = 1, kernel_size = 2 },
  deform_conv2d { name = "all", batch = dynamic, in_channels = 1, height = dynamic, width = dynamic,
                  out_channels = 1, kernel_size = 1, padding = 1 },
}
END
npy in.npy f4 '1,2,2,3,' 1 2 3 4 5 6 10 20 30 40 50 60
npy w.npy f4 '1,2,1,1,' 1 2
npy b.npy f4 '1,' 0.5
sum=(run pair.lua --kernel sum --input input=in.npy --input weight=w.npy --input bias=b.npy)

# ---- numbers
prints '' "${sum[@]}" --output output=out.npy
same "input + 2 input + 1/2" "f4 (1, 1, 2, 3): 21.5 42.5 63.5 84.5 105.5 126.5" "$(show_npy out.npy)"
prints '' "${sum[@]}" --output=output=out1.npy --threads 1 --schedule direct
same "the same with one thread" "" "$(cmp out.npy out1.npy)"
npy in2.npy f2 '1,2,2,3,' 1 2 3 4 5 6 10 20 30 40 50 60
for dtype in f8 i1 i2 i4 i8 u1 u2 u4 u8; do
    npy in-$dtype.npy $dtype '1,2,2,3,' 1 2 3 4 5 6 10 20 30 40 50 60
done
for input in in2.npy in-f8.npy in-{i,u}{1,2,4,8}.npy; do
    prints '' run pair.lua --kernel sum --input input=$input --input weight=w.npy --input bias=b.npy --output output=o.npy
    same "$input is converted" "" "$(cmp out.npy o.npy)"
done
npy truth.npy b1 '1,2,2,3,' 1 1 1 0 0 0 0 1 0 1 0 1
prints '' run pair.lua --kernel sum --input input=truth.npy --input weight=w.npy --input bias=b.npy --output output=o.npy
same "truths are 0 and 1" "f4 (1, 1, 2, 3): 1.5 3.5 1.5 2.5 0.5 2.5" "$(show_npy o.npy)"
npy half.npy u1 '1,' 1
works verify pair.lua --kernel sum --input input=truth.npy --input weight=w.npy --input bias=half.npy
sed 's/|b1/<c8/' truth.npy >complex.npy
expect 2 "dcngen: complex.npy: dtype '<c8' is not one of f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1" \
    run pair.lua --kernel sum --input input=complex.npy
npy x.npy f4 '1,2,3,1,' 1 2 3 4 5 6
npy one.npy f4 '1,1,1,1,' 1
npy off.npy f4 '1,2,3,2,' 0 1 0 1 0 1 -1 0 0 0.5 0 0
npy m.npy f4 '1,2,3,1,' 1 1 1 1 2 0.5
prints '' run --kernel shift --input input=x.npy --input weight=one.npy --input offset=off.npy \
    --input mask=m.npy --output output=o.npy pair.lua
same "samples beside, above and between" "f8 (1, 2, 3, 1): 2 3 0 1 11 3" "$(show_npy o.npy)"

# ---- dynamic sizes
npy w2.npy f4 '1,1,2,2,' 1 10 100 1000
npy d.npy f4 '1,1,2,3,' 1 2 3 4 5 6
prints '' run pair.lua --kernel any --input input=d.npy --input weight=w2.npy --output output=o.npy
same "one image" "f4 (1, 1, 1, 2): 5421 6532" "$(show_npy o.npy)"
npy d.npy f4 '2,1,2,2,' 1 2 3 4 5 6 7 8
prints '' run pair.lua --kernel any --input input=d.npy --input weight=w2.npy --output output=o.npy
same "two images" "f4 (2, 1, 1, 1): 4321 8765" "$(show_npy o.npy)"
npy d.npy f4 '0,1,2,2,'
prints '' run pair.lua --kernel any --input input=d.npy --input weight=w2.npy --output output=o.npy
same "no image" "f4 (0, 1, 1, 1):" "$(show_npy o.npy)"

# ---- maps with rows and columns in one
cat >flat.lua <<'END'
local function size(name) local n = tonumber(param(name, 0)); return n > 0 and n or dynamic end
return dcnv4 { name = "flat", channels = 1, groups = 1, height = size("h"), width = size("w"), kernel_size = 1, padding = 0 }
END
mask() { # NUMBER...: offset_mask of one pixel each: an offset of 0, 0 and the mask
    for m in "$@"; do echo 0 0 "$m" 7 7 7 7 7; done
}
npy x3.npy f4 '1,6,1,' 1 2 3 4 5 6
# shellcheck disable=SC2046
npy om3.npy f4 '1,6,8,' $(mask 2 2 2 3 3 3)
# shellcheck disable=SC2046
npy om4.npy f4 '1,2,3,8,' $(mask 2 2 2 3 3 3)
for sizes in "-D h=2 -D w=3" "-D h=2" "-D w=3"; do
    for om in om3.npy om4.npy; do
        # shellcheck disable=SC2086
        prints '' run flat.lua $sizes --input input=x3.npy --input offset_mask=$om --output output=o.npy
        same "$sizes, $om" "f4 (1, 6, 1): 2 4 6 12 15 18" "$(show_npy o.npy)"
    done
done
npy nine.npy f4 '1,9,1,' 1 2 3 4 5 6 7 8 9
# shellcheck disable=SC2046
npy om9.npy f4 '1,3,3,8,' $(mask 1 1 1 1 1 1 1 1 2)
prints '' run flat.lua --input input=nine.npy --input offset_mask=om9.npy --output output=o.npy
same "a square" "f4 (1, 9, 1): 1 2 3 4 5 6 7 8 18" "$(show_npy o.npy)"
expect 2 "dcngen: kernel 'flat': the 6 pixels of 'input' are not a square's, and height and width are both dynamic" \
    run flat.lua --input input=x3.npy --input offset_mask=om3.npy --output output=never.npy
for sizes in "-D h=4" "-D w=4" "-D h=2 -D w=2"; do
    # shellcheck disable=SC2086
    expect 2 "dcngen: kernel 'flat': the 6 pixels of 'input' are not height * width" \
        run flat.lua $sizes --input input=x3.npy --input offset_mask=om3.npy --output output=never.npy
done
expect 2 "dcngen: kernel 'flat': 'offset_mask' is [1,3,3,8], but must be [1,2,3,8] or [1,6,8]" \
    run flat.lua -D h=2 --input input=x3.npy --input offset_mask=om9.npy --output output=never.npy

# ---- which kernel, which tensors
expect 2 "dcngen: run needs one kernel, chosen by --kernel: pair.lua has sum, shift, any, all" run pair.lua
expect 2 "dcngen: run needs one kernel, chosen by --kernel: pair.lua has sum, any" \
    run pair.lua --kernel sum --kernel any
expect 2 "dcngen: kernel 'sum': --output NAME=FILE is missing for output" "${sum[@]}"
expect 2 "dcngen: kernel 'sum': --input NAME=FILE is missing for weight [1,2,1,1], bias [1]; --output NAME=FILE is missing for output" \
    run pair.lua --kernel sum --input input=in.npy
expect 2 "dcngen: --input: kernel 'sum' has no tensor 'wieght' (did you mean 'weight'?); it has input, weight, bias, output" \
    run pair.lua --kernel sum --input wieght=w.npy
expect 2 "dcngen: --output: kernel 'sum' has no tensor 'y'; it has input, weight, bias, output" \
    "${sum[@]}" --output y=o.npy
expect 2 "dcngen: --input: 'output' is an output of kernel 'sum'" run pair.lua --kernel sum --input output=o.npy
expect 2 "dcngen: --output: 'bias' is an input of kernel 'sum'" "${sum[@]}" --output bias=o.npy

# ---- a module's, all of them
cat >module.lua <<'END'
return dcnv3_module { name = "intern_image_stage_four_block_eighteen_of_them", channels = 1280, groups = 80,
                      height = 16, width = 16, center_feature_scale = true }
END
call run module.lua --output output=never.npy
same "every tensor of a module is named" \
    "input dw_conv_0_weight dw_conv_0_bias dw_conv_1_1_weight dw_conv_1_1_bias offset_weight offset_bias mask_weight \
mask_bias input_proj_weight input_proj_bias output_proj_weight output_proj_bias center_feature_scale_proj_weight \
center_feature_scale_proj_bias" "$(printf '%s' "$err" | grep -oE '[a-z_0-9]+ \[' | tr -d '[' | tr -s '\n ' ' ' | sed 's/ $//')"
same "and no message is cut" "" "$(printf '%s' "$err" | grep -F ...)"
many() { for i in $(seq 400); do echo "many_kernels_of_one_file_$i"; done; }
{
    echo "return {"
    many | sed 's/.*/conv2d { name = "&", in_channels = 1, height = 1, width = 1, out_channels = 1, kernel_size = 1 },/'
    echo "}"
} >many.lua
call run many.lua
same "names of many kernels" "2|and N more" "$code|$(printf '%s' "$err" | grep -oE 'and [0-9]+ more$' | tr 0-9 N | tr -s N)"

# ---- shapes
npy bad3.npy f4 '2,2,3,' 1 2 3 4 5 6 10 20 30 40 50 60
npy bad4.npy f4 '1,1,2,2,' 1 2 3 4
npy none.npy f4 '' 7
expect 2 "dcngen: kernel 'sum': 'input' is [2,2,3], but must be [1,2,2,3], 'weight' is [1,1,2,2], but must be [1,2,1,1], 'bias' is [], but must be [1]" \
    run pair.lua --kernel sum --input input=bad3.npy --input weight=bad4.npy --input bias=none.npy --output output=never.npy
expect 2 "dcngen: kernel 'any': 'input' is [2,2,3], but must be [?,1,?,?]" \
    run pair.lua --kernel any --input input=bad3.npy --input weight=w2.npy --output output=never.npy
expect 2 "dcngen: kernel 'all': --input NAME=FILE is missing for input [?,1,?,?], weight [1,1,1,1], offset [?,2,?,?]; --output NAME=FILE is missing for output" \
    run pair.lua --kernel all
expect 2 "dcngen: kernel 'all': 'offset' is [1,1,2,2], but must be [1,2,4,4]" \
    run pair.lua --kernel all --input input=bad4.npy --input weight=one.npy --input offset=bad4.npy --output output=never.npy
call run pair.lua --kernel any --input input=one.npy --input weight=w2.npy --output output=never.npy
same "a map that the kernel does not fit on" "2|dcngen: kernel 'any' cannot take an input of [1,1,1,1]: " \
    "$code|$(printf '%s' "$err" | grep -o '^dcngen: .*cannot take an input of [^:]*: ')"

# ---- files
expect 2 "dcngen: cannot read gone.npy: No such file or directory" run pair.lua --kernel sum --input input=gone.npy
echo text >text.npy
expect 2 "dcngen: text.npy: not an npy file: it does not begin with \\x93NUMPY" \
    run pair.lua --kernel sum --input input=text.npy
expect 4 "dcngen: cannot write no/where.npy: No such file or directory" "${sum[@]}" --output output=no/where.npy
expect 4 "dcngen: cannot write /dev/full: No space left on device" "${sum[@]}" --output output=/dev/full
same "no output file of a run that failed" "" "$(ls never.npy 2>/dev/null)"
cp in.npy same.npy
prints '' run pair.lua --kernel sum --input input=same.npy --input weight=w.npy --input bias=b.npy --output output=same.npy
same "the output may replace an input" "" "$(cmp out.npy same.npy)"
finish
