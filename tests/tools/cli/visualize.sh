#!/usr/bin/env bash
# visualize.sh: pictures of what a network looks at: files, figures, and what is wrong with a command.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
photo=$SOURCE_DIR/examples/rectify/original.png

# A convolution that halves the map, then two deformable layers, whose offsets are those of a bias.
cat >net.lua <<'EOF'
local x = input { name = "image", channels = 3, height = param("h", 16), width = 16 }
local a = conv2d { x, name = "stem", out_channels = 2, kernel_size = 3, stride = 2, padding = 1, bias = true }
for i = 1, 2 do
  local o = conv2d { a, name = "offset" .. i, out_channels = 18, kernel_size = 1, bias = true }
  a = deform_conv2d { a, name = "dcn" .. i, offset = o, out_channels = 2, kernel_size = 3, padding = 1 }
end
local y = linear { a, name = "head", out_features = 2 }
return network { name = "net", outputs = { scores = y } }
EOF
cat >plain.lua <<'EOF'
local x = input { name = "image", channels = 1, height = 12, width = 12 }
return { network { name = "net", outputs = { y = max_pool2d { x, kernel_size = 1, name = "pool" } } },
         conv2d { name = "conv", in_channels = 2, out_channels = 1, height = 2, width = 2, kernel_size = 1 } }
EOF
weights_of() { # NAME [FACTOR]
    perl -e '
        my ($name_of, $factor) = (@ARGV, 1);
        my @t = (["stem.weight", [2,3,3,3], .2], ["stem.bias", [2], 0]);
        for my $i (1, 2) {
            push @t, ["offset$i.weight", [18,2,1,1], 0], ["offset$i.bias", [18], $i == 2 ? .75 : 0], ["$name_of$i.weight", [2,2,3,3], .3];
        }
        push @t, ["head.weight", [2,2], 1];
        my ($at, @head, $data) = (0);
        for (@t) {
            my ($name, $shape, $v) = @$_;
            my $n = 1; $n *= $_ for @$shape;
            $data .= pack("f<*", map { $factor * $v * ($name =~ /offset/ ? (1 + $_ % 3) / 2 : $_ % 5 - 1.5) } 1 .. $n);
            push @head, sprintf q("%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}), $name, join(",", @$shape), $at, $at + 4 * $n;
            $at += 4 * $n;
        }
        my $head = "{" . join(",", @head) . "}";
        print pack("Q<", length $head), $head, $data' "$@"
}
weights_of dcn >w.safetensors
basic=(visualize net.lua --weights w.safetensors --image "$photo")

# ---- what is wrong
needs() { # OPTION VALUE WORD...
    expect 2 "dcngen: visualize needs $1 $2; 'dcngen help visualize' says more" visualize net.lua "${@:3}"
}
expect 2 "dcngen: a second --image is of --show receptive-field" "${basic[@]}" --image "$photo" --node dcn1:0,0 --show points -o out
needs --image FILE.png --node dcn1:0,0 --show points -o out
needs --node LAYER:Y,X --image "$photo" --show points -o out
needs --show METHOD,... --image "$photo" --node dcn1:0,0 -o out
needs -o DIR --image "$photo" --node dcn1:0,0 --show points
methods="receptive-field, sampling, points, offsets, bins, saliency"
expect 2 "dcngen: --show: 'point' is not one of $methods (did you mean 'points'?)" "${basic[@]}" --node dcn1:0,0 --show point -o out
expect 2 "dcngen: --show: '' is not one of $methods" "${basic[@]}" --node dcn1:0,0 --show points, -o out
expect 2 "dcngen: --show names 'points' twice" "${basic[@]}" --node dcn1:0,0 --show points,offsets,points -o out
expect 2 "dcngen: --samples is of --show receptive-field" "${basic[@]}" --node dcn1:0,0 --show points --samples 2 -o out
expect 2 "dcngen: --seed is of --show receptive-field, sampling, bins, saliency" "${basic[@]}" --node dcn1:0,0 --show points --seed 2 -o out
for option in --epsilon=0.2 --superpixels=9 --time=2; do
    expect 2 "dcngen: ${option%%=*} is of --show saliency" "${basic[@]}" --node dcn1:0,0 --show points $option -o out
done
good=(--node dcn2:4,4 --show points -o out)
expect 2 "dcngen: visualize needs --weights FILE: 'net' has parameters" visualize net.lua --image "$photo" "${good[@]}"
expect 2 "dcngen: cannot read no.png: No such file or directory" visualize net.lua --weights w.safetensors --image no.png "${good[@]}"
expect 2 "dcngen: net.lua: not a PNG file that can be read: Not a PNG file" \
    visualize net.lua --weights w.safetensors --image net.lua "${good[@]}"
head -c 5000 "$photo" >cut.png
expect 2 "dcngen: cut.png: not a PNG file that can be read: it ends too early" \
    visualize net.lua --weights w.safetensors --image cut.png "${good[@]}"
perl -e 'sub chunk { my ($t, $d) = @_; my $crc = 0xffffffff;
    for (unpack "C*", $t . $d) { $crc ^= $_; $crc = $crc & 1 ? ($crc >> 1) ^ 0xedb88320 : $crc >> 1 for 1 .. 8 }
    pack("N", length $d) . $t . $d . pack("N", $crc ^ 0xffffffff) }
    print "\x89PNG\r\n\x1a\n", chunk("IHDR", pack("NNC5", @ARGV, 8, 2, 0, 0, 0)), chunk("IDAT", "")' 20000 3 >wide.png
expect 2 "dcngen: wide.png: not a PNG file that can be read: it is 20000 x 3 pixels; at most 16384 a side and 67108864 in all" \
    visualize net.lua --weights w.safetensors --image wide.png "${good[@]}"
expect 2 "dcngen: input 'image' is 16385x16; a picture has at most 16384 pixels a side and 67108864 in all" \
    "${basic[@]}" -D h=16385 "${good[@]}"
expect 2 "dcngen: --size 8x16 is smaller than input 'image', 16x16" "${basic[@]}" --size 8x16 "${good[@]}"
for value in --size=8 --size=0x3 --size=99999x1; do
    expect 2 "dcngen: --size '${value#*=}' is not HxW, such as 224x224, at most 16384 each" "${basic[@]}" $value "${good[@]}"
done
for value in --mean=1,2 --mean=1,2,3,4 --mean=a --mean=1, --std=nan; do
    expect 2 "dcngen: ${value%%=*} '${value#*=}' is not one number or three, such as 0.485,0.456,0.406" "${basic[@]}" $value "${good[@]}"
done
expect 2 "dcngen: --std '0' is not above 0" "${basic[@]}" --std 0 "${good[@]}"
expect 2 "dcngen: --range '-1' is not a number above 0, such as 1 or 255" "${basic[@]}" --range=-1 "${good[@]}"
expect 2 "dcngen: --samples '0' is not a number from 1 to 10000" "${basic[@]}" --samples 0 "${good[@]}"
expect 2 "dcngen: --epsilon '2' is not a number above 0, at most 1" "${basic[@]}" --epsilon 2 "${good[@]}"
for value in 0 blocks blocks=0 5000 blocks=4x; do
    expect 2 "dcngen: --superpixels '$value' is not a number from 1 to 4096, or blocks= and one from 1 to 16384" \
        "${basic[@]}" --superpixels $value "${good[@]}"
done
expect 2 "dcngen: --offsets 'zero' is not live or fixed" "${basic[@]}" --offsets zero "${good[@]}"
expect 2 "dcngen: --channels 'grb' is not rgb or bgr" "${basic[@]}" --channels grb "${good[@]}"
for method in sampling points offsets; do
    expect 2 "dcngen: --show $method: no deformable convolution below stem at (1, 2)" "${basic[@]}" --node stem:1,2 --show $method -o other
done
expect 2 "dcngen: --show bins: no deformable pooling of regions below dcn1 at (1, 2)" "${basic[@]}" --node dcn1:1,2 --show bins -o other
sed 's/name = "net", outputs/gradient = { "inputs" }, &/' plain.lua >gradient.lua
expect 2 "dcngen: kernel 'net' is a gradient; visualize draws networks" \
    visualize gradient.lua --kernel net --image "$photo" --node pool:0,0 --show points -o out
expect 2 "dcngen: kernel 'conv' is no network; visualize draws networks" \
    visualize plain.lua --kernel conv --image "$photo" --node pool:0,0 --show points -o out
expect 2 "dcngen: --input names every input of 'net'; the one for the photograph must be left" "${basic[@]}" --input image=x.npy "${good[@]}"
expect 2 "dcngen: 'net' has no input 'picture'" "${basic[@]}" --input picture=x.npy "${good[@]}"
cat >inputs.lua <<'EOF'
local o = input { name = "o1", channels = 18, height = 16, width = 16 }
local x = input { name = "image", channels = 3, height = 16, width = 16 }
local a = deform_conv2d { x, name = "dcn", offset = o, out_channels = 3, kernel_size = 3, padding = 1 }
if param("second", 0) > 0 then a = add { a, input { name = "other", channels = 3, height = 16, width = 16 }, name = "sum" } end
return network { name = "inputs", outputs = { y = a } }
EOF
expect 2 "dcngen: visualize needs --input NAME=FILE for o1: 'image' is the photograph" \
    visualize inputs.lua --image "$photo" --node dcn:4,4 --show points -o out
expect 2 "dcngen: each of image, other of 'inputs' may be the photograph; --input NAME=FILE must name all but one" \
    visualize inputs.lua -D second=1 --image "$photo" --node dcn:4,4 --show points -o out
expect 2 "dcngen: 'inputs' has no input 'o'" visualize inputs.lua --image "$photo" --input o=x.npy --node dcn:4,4 --show points -o out
expect 2 "dcngen: input 'o1' is 1x18x16x16; a photograph is 1x3xHxW or 1x1xHxW" \
    visualize inputs.lua --image "$photo" --input image=x.npy --node dcn:4,4 --show points -o out
expect 2 "dcngen: --node 'dcn2:4,4': its files would be those of --node 'dcn2:4,4'" "${basic[@]}" --node dcn2:4,4 "${good[@]}"
expect 2 "dcngen: -o: the name of the directory is too long" "${basic[@]}" "${good[@]}" -o "$(printf 'a/%.0s' {1..1900})"
for option in --mean=1,2,3 --std=1,2,3 --channels=bgr; do
    words=${option/=*,*/}
    [ $words = $option ] && words="${option/=/ }" || words="three numbers of $words"
    expect 2 "dcngen: $words: an image of three channels is needed, and 'image' has 1" \
        visualize plain.lua --kernel net --image "$photo" $option --node pool:0,0 --show receptive-field -o out
done
layers="stem, offset1, dcn1, offset2, dcn2, head"
expect 2 "dcngen: the network has no layer 'other'; it has $layers" "${basic[@]}" --node other:1,1 --show points -o out
expect 2 "dcngen: 'dcn2' makes a map of 8x8, which has no 8,1" "${basic[@]}" --node dcn2:8,1 --show points -o out
expect 2 "dcngen: 'dcn2' makes 1 map of 8x8, and none of number 1" "${basic[@]}" --node dcn2:roi=1 --show points -o out
expect 2 "dcngen: 'dcn2' makes a map of 8x8, which has no 8,1" "${basic[@]}" --node dcn2:1,1 --node dcn2:8,1 --show points -o out
same "nothing was written" "" "$(ls out 2>/dev/null)"

# ---- what is written
works "${basic[@]}" --node dcn2:4,4 --node head:0,7 --show receptive-field,sampling,points,offsets -o a/pictures
same "pictures and the page are named" 15 "$(grep -c '^a/pictures/' <<<"$out")"
for node in dcn2-4-4 head-0-7; do
    for file in receptive-field sampling sampling.dcn1 sampling.dcn2 points offsets.dcn1 offsets.dcn2; do
        for ending in png svg; do
            checks=$((checks + 1))
            [ -s "a/pictures/$node.$file.$ending" ] || complain "file" "$node.$file.$ending" "$(ls a/pictures)"
        done
    done
done
if command -v python3 >/dev/null; then
    checks=$((checks + 1))
    python3 - a/pictures <<'EOF' || complain "files" "well formed, as visualize.json says" ""
import glob, json, struct, sys, zlib
import xml.etree.ElementTree as tree

folder = sys.argv[1]
for path in glob.glob(folder + "/*.svg") + [folder + "/index.html"]:
    text = open(path, encoding="utf-8").read()
    tree.fromstring(text.replace("<!DOCTYPE html>\n", ""))
    assert "http" not in text.replace("http://www.w3.org/", ""), path
page = open(folder + "/index.html", encoding="utf-8").read()
assert page.count("<figure>") == 14 and page.count("data:image/png") < 2 * 14, "a photograph stands on the page once"

def npy(name):
    data = open(f"{folder}/{name}", "rb").read()
    length = struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:10 + length])
    values = struct.unpack(f"<{(len(data) - 10 - length) // 8}d", data[10 + length:])
    return head["shape"], values

root = json.load(open(folder + "/visualize.json"))
assert root["schema"] == 1 and root["size"] == [16, 16] and len(root["nodes"]) == 2
for node in root["nodes"]:
    for shown in node["shown"]:
        for name in shown["pictures"] + shown["arrays"]:
            assert glob.glob(f"{folder}/{name}"), name
first = {shown["method"]: shown["figures"] for shown in root["nodes"][0]["shown"]}
shape, field = npy("dcn2-4-4.receptive-field.npy")
assert shape == (16, 16) and abs(sum(field) - first["receptive-field"]["total"]) < 1e-6 * sum(field)
shape, gradient = npy("dcn2-4-4.receptive-field.gradient.npy")
assert shape == (16, 16, 3) and abs(sum(map(abs, gradient)) - sum(field)) < 1e-6 * sum(field)
# The lower layer has no offsets; those of the upper one are (1 + k % 3)/2*0.75 in every place.
shape, offset = npy("dcn2-4-4.offsets.dcn2.offset.npy")
assert shape == (1, 8, 8, 1, 9, 2), shape
assert all(abs(v - .375 * (1 + (i + 1) % 18 % 3)) < 1e-6 for i, v in enumerate(offset))
assert first["offsets"]["dcn1"]["longest"] == 0 and first["offsets"]["dcn1"]["dilation"] == 1
assert first["points"]["points"] == 81
assert first["sampling"]["dcn1"]["whole"] > 0 and first["sampling"]["dcn2"]["whole"] == 0
checks = [c for node in root["nodes"] for shown in node["shown"] for c in shown["checks"]]
assert len(checks) == 2 * (1 + 2), checks
for check in checks:
    assert check["passed"] and check["tried"] >= 8 and check["worst"] <= check["bound"], check
for node in root["nodes"]:
    place = (node["y"] + .5) * 2 - .5, (node["x"] + .5) * 2 - .5
    assert place == (node["place_y"], node["place_x"])
EOF
fi

# ---- a region
for parts in 12 blocks=4; do
    works "${basic[@]}" --node dcn2:4,4 --show saliency --epsilon 0.05 --superpixels $parts -o region --json
    command -v python3 >/dev/null || continue
    checks=$((checks + 1))
    python3 -c '
import json, struct, sys
shown = json.load(sys.stdin)["nodes"][0]["shown"][0]
figures, check = shown["figures"], shown["checks"][0]
assert check["passed"] and check["within"] and check["minimal"] and check["error"] < figures["epsilon"] == 0.05, shown
assert abs(check["error"] - figures["error"]) < 1e-12
assert shown["files"] == ["dcn2-4-4.saliency.mask.png"]
data = open("region/dcn2-4-4.saliency.mask.npy", "rb").read()[-256 * 8:]
mask = struct.unpack("<256d", data)
assert figures["kept"] == figures["parts"] - len(set(figures["removed"])) and len(figures["errors"]) == len(figures["removed"]) + 1
assert figures["errors"][-1] == figures["error"] and all(0 <= e < 0.05 for e in figures["errors"]), figures
assert set(mask) == {0, 1} and abs(100 * sum(mask) / 256 - figures["area"]) < 1e-9, figures
' <<<"$out" || complain "saliency, parts $parts" "a mask within the bound" "$out"
done

# ---- the same once more, and what changes it
cp -r a/pictures again
works "${basic[@]}" --node dcn2:4,4 --node head:0,7 --show offsets,points,sampling,receptive-field -o a/pictures
same "the same command writes the same files" "" "$(diff -rq a/pictures again)"
works "${basic[@]}" --node dcn2:4,4 --show receptive-field --samples 3 -o noisy --json
same "it prints the file" "" "$(diff noisy/visualize.json <(echo "$out"))"
for options in "--mean 0.5" "--channels bgr" "--range 255" "--size 20x30" "--response sum" "--response channel=1" "--offsets fixed"; do
    # shellcheck disable=SC2086  # options are words
    works "${basic[@]}" --node dcn2:4,4 --show receptive-field -o other $options
    checks=$((checks + 1))
    cmp -s other/dcn2-4-4.receptive-field.gradient.npy again/dcn2-4-4.receptive-field.gradient.npy &&
        cmp -s other/visualize.json again/visualize.json && complain "$options" "another result" "the same"
done
# --mean and --std are of red, green and blue, wherever --channels puts these.
cat >same.lua <<'EOF'
local x = input { name = "image", channels = 3, height = 6, width = 8, layout = param("layout", "nchw") }
return network { name = "same", outputs = { y = max_pool2d { x, kernel_size = 1, name = "pool" } } }
EOF
responses=
for options in "rgb --response channel=0" "bgr --response channel=2" "bgr --response channel=2 -D layout=nhwc"; do
    # shellcheck disable=SC2086  # options are words
    works visualize same.lua --image "$photo" --node pool:2,3 --show receptive-field --mean 0.1,20,300 --std 2,30,400 -o other \
        --json --channels $options
    responses+="$(grep -o '"response": -\?[0-9.e-]*' <<<"$out") "
done
same "red is red" 1 "$(grep -o '[0-9.e-]*[0-9]' <<<"$responses" | sort -u | wc -l)"
works visualize plain.lua --kernel net --image "$photo" --node pool:3,5 --show receptive-field -o grey
same "one channel is enough" yes "$([ -s grey/pool-3-5.receptive-field.png ] && echo yes)"

# ---- names as long as they come: each layer has files of its own
name=stages.3.blocks.17.attention.projection.deformable
sed "s/\"dcn\"/\"$name\"/" net.lua >long.lua
weights_of "$name" >long.safetensors
works visualize long.lua --weights long.safetensors --image "$photo" --node ${name}2:4,4 --show sampling,offsets -o long
for file in sampling.${name}1.strength.npy sampling.${name}2.svg offsets.${name}1.offset.npy offsets.${name}2.mean.npy; do
    same "it has the file of a long name" yes "$([ -s "long/${name}2-4-4.$file" ] && echo yes)"
done

# ---- modules whose offsets are made inside, one with a schedule of its own
cat >modules.lua <<'EOF'
local x = input { name = "image", channels = 3, height = 32, width = 32 }
local s = conv2d { x, name = "stem", out_channels = 8, kernel_size = 3, stride = 2, padding = 1, bias = true }
local m = dcnv3_module { s, name = "m", groups = 2, center_feature_scale = true, schedule = "stages" }
local r = input { name = "rois", rois = 2 }
local p = deform_roi_pool_pack { m, rois = r, name = "p", output_size = 2, spatial_scale = 0.5, modulation = "mask", deform_fc_channels = 6 }
local q = deform_roi_pool_pack { m, rois = r, name = "q", output_size = 2, spatial_scale = 0.5, deform_fc_channels = 6 }
return network { name = "modules", outputs = { scores = linear { flatten { add { p, q } }, name = "head", out_features = 3 } } }
EOF
works show tensors modules.lua
perl -e '
    my ($at, @head, $data) = (0);
    while (<STDIN>) {
        next unless /^ +(\S+) +from +\d+ +\[([0-9,]+)\]/;
        my ($name, $n, $shape) = ($1, 1, $2);
        $n *= $_ for split /,/, $shape;
        $data .= pack "f<*", map { .6 * sin(7 * $_ + $at) } 1 .. $n;
        push @head, sprintf q("%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}), $name, $shape, $at, $at + 4 * $n;
        $at += 4 * $n;
    }
    my $head = "{" . join(",", @head) . "}";
    print pack("Q<", length $head), $head, $data' <<<"$out" >modules.safetensors
perl -e 'my $h = q({"descr": "<f4", "fortran_order": False, "shape": (2, 5), });
    $h .= " " x (117 - length $h) . "\n";
    print "\x93NUMPY\x01\x00", pack("v", length $h), $h, pack "f<*", 0, 8, 9, 20, 22, 0, 10, 6, 18, 21' >rois.npy
inside=(visualize modules.lua --weights modules.safetensors --image "$photo" --input rois=rois.npy)
works "${inside[@]}" --node head:roi=1 --node p:roi=0,1,0 --show receptive-field,sampling,points,offsets,bins,saliency -o inside --json
same "layers of modules are called as these" "m p q" \
    "$(ls inside | sed -n 's/^head-roi-1\.\(sampling\|bins\)\.\([mpq]\)\.png$/\2/p' | sort | tr '\n' ' ' | sed 's/ $//')"
same "gradients were compared" '"outcome": "compared"' "$(grep -o '"outcome": "[a-z ]*"' inside/visualize.json | sort -u)"
works "${inside[@]}" --node q:roi=1 --offsets fixed --show receptive-field,bins -o held
expect 2 "dcngen: 'p' makes 2 maps of 2x2, and none of number 2" "${inside[@]}" --node p:roi=2 --show bins -o none
expect 2 "dcngen: --show bins: no deformable pooling of regions below m at (1, 1)" "${inside[@]}" --node m:1,1 --show bins -o none

# ---- a photograph whose path is not UTF-8
cp "$photo" $'\xff.png'
works visualize plain.lua --kernel net --image $'\xff.png' --node pool:3,5 --show receptive-field -o path
same "JSON has no word for it" 1 "$(grep -c '"image": ""' path/visualize.json)"

# ---- further photographs: the mean, of which each photograph is one
works visualize plain.lua --kernel net --image "$photo" --image "$photo" --node pool:3,5 --show receptive-field -o twice --json
same "a photograph and itself" "" "$(cmp twice/pool-3-5.receptive-field.npy path/pool-3-5.receptive-field.npy)"
same "they are counted" '"samples": 2.0' "$(grep -o '"samples": [0-9.]*' <<<"$out")"
before=$SOURCE_DIR/examples/rectify/before.png
works visualize plain.lua --kernel net --image "$photo" --image "$before" --node pool:3,5 --show receptive-field -o two
same "the page names them" "1 1" "$(grep -cF "<code>$photo</code>" two/index.html) $(grep -cF "also over <code>$before</code>" two/index.html)"
same "JSON does, too" "$before" "$(tr -d '\n' <two/visualize.json | sed 's/.*"further_images": \[ *"\([^"]*\)".*/\1/')"
expect 2 "dcngen: cannot read no.png: No such file or directory" \
    visualize plain.lua --kernel net --image "$photo" --image no.png --node pool:3,5 --show receptive-field -o out

# ---- what fails later: what was done before is whole
expect_after() { # CODE STDERR WORD...
    call "${@:3}"
    same "dcngen ${*:3}" "$1|$2" "$code|$err"
}
expect_after 2 "dcngen: --show bins: no deformable pooling of regions below dcn2 at (4, 4)" \
    "${basic[@]}" --node dcn2:4,4 --node dcn1:1,1 --show points,bins -o part
same "pictures so far are on the page" "1 1" "$(grep -c '<figure>' part/index.html) $(grep -c '"method"' part/visualize.json)"
expect 2 "dcngen: --show bins: no deformable pooling of regions below dcn2 at (4, 4)" "${basic[@]}" --node dcn2:4,4 --show bins -o none
same "there are none" "" "$(ls none)"

# ---- a signal: the region so far, all files whole.  One that was ignored from the start stays so.
perl -e '$SIG{INT} = "DEFAULT"; $SIG{HUP} = "IGNORE"; exec @ARGV' "$DCNGEN_BIN" "${basic[@]}" -D h=4096 --node dcn2:1000,4 --node dcn2:900,4 --show saliency --epsilon 1e-12 --superpixels blocks=1 -o stopped \
    >signal.out 2>signal.err &
pid=$!
until [ -d stopped ]; do
    kill -0 $pid || break
    sleep 0.05
done
sleep 0.3
kill -HUP $pid
sleep 0.1
kill -INT $pid
wait $pid
same "the exit code is that of a signal" "130|" "$?|$(cat signal.err)"
for file in index.html visualize.json dcn2-1000-4.saliency.mask.png dcn2-1000-4.saliency.svg; do
    same "$file is there" yes "$([ -s "stopped/$file" ] && echo yes)"
done
same "no node is begun after that" "" "$(ls stopped | grep -F 900-4)"
if command -v python3 >/dev/null; then
    checks=$((checks + 1))
    python3 -c '
import json
import xml.etree.ElementTree as tree
shown = json.load(open("stopped/visualize.json"))["nodes"][0]["shown"]
assert len(shown) == 1 and shown[0]["checks"][0]["passed"] and shown[0]["checks"][0]["within"], shown
tree.fromstring(open("stopped/index.html", encoding="utf-8").read().replace("<!DOCTYPE html>\n", ""))
' || complain "what was written" "whole files" "$(ls stopped)"
fi

# ---- nothing to compare
says() { # WORDS DIR: of the checks
    same "it is said" "$1" "$(grep -o "\"outcome\": \"[a-z ]*\"" "$2/visualize.json" | sort -u)"
}
weights_of dcn 0 >zero.safetensors
works visualize net.lua --weights zero.safetensors --image "$photo" --node dcn2:4,4 --show receptive-field,sampling -o zero
says '"outcome": "all zero"' zero
works visualize plain.lua --kernel net --image "$photo" --mean 1e300 --std 1e-300 --node pool:3,5 --show receptive-field -o endless
says '"outcome": "not finite"' endless
says '"outcome": "compared"' a/pictures
# ---- a network that another program runs, whose answers are known before
answers() {
    printf '{"network":"other","image":[1,6,6],"values":36}\n' && head -c 288 /dev/zero
    printf '{"shape":[1,6,6,4],"last":0,"layers":[{"name":"dcn","below":-1,"spec":"%s"}]}\n' \
        'return deform_conv2d { in_channels = 2, out_channels = 2, kernel_size = 3, padding = 1, batch = 1, height = 6, width = 6 }'
    printf '{"values":4}\n' && head -c 32 /dev/zero
    printf '{"values":648}\n' && head -c 5184 /dev/zero
}
answers | "$DCNGEN_BIN" visualize pipe: --node top:3,2 --show points -o piped >asked
same "what it asks" "model layer forward places" "$(grep -ao '"ask":"[a-z]*' asked | sed 's/.*"//' | tr '\n' ' ' | sed 's/ $//')"
same "and draws" yes "$([ -s piped/top-3-2.points.svg ] && [ -s piped/index.html ] && echo yes)"
for bytes in 0 20 100 400 700 5000; do
    answers | head -c $bytes | "$DCNGEN_BIN" visualize pipe: --node top:3,2 --show points -o cut >asked && complain "cut" "exit code 1" 0
    same "answers that end too early" 1 "$(grep -ac '"ask":"failed","code":1' asked)"
    same "nothing was drawn" "" "$(ls cut/*.svg cut/index.html 2>/dev/null)"
done

# ---- what is not finite
expect 2 "dcngen: 'pool' is of no finite length at the node: no region of the image is behind it" \
    visualize plain.lua --kernel net --image "$photo" --mean 1e300 --std 1e-300 --node pool:3,5 --show saliency -o out

# ---- a disk that is full, a file that may not be so large: what was done before is whole, half a method is not there
mkdir ended && ln -s /dev/full ended/index.html
call visualize plain.lua --kernel net --image "$photo" --node pool:3,5 --show receptive-field -o ended
same "a page that was not written is not named" "4|0" "$code|$(grep -c index.html <<<"$out")"
mkdir full && ln -s /dev/full full/dcn2-4-4.points.svg
expect_after 4 "dcngen: cannot write full/dcn2-4-4.points.svg: No space left on device" "${basic[@]}" --node dcn2:4,4 --show receptive-field,points -o full
same "the page and the figures have what was done before" "1 1" "$(grep -c '<figure>' full/index.html) $(grep -c '"method"' full/visualize.json)"
same "of the other method there is no file" "full/dcn2-4-4.points.svg" "$(ls full/*points*)"
if command -v python3 >/dev/null; then
    checks=$((checks + 1))
    python3 -c '
import xml.etree.ElementTree as tree
tree.fromstring(open("full/index.html", encoding="utf-8").read().replace("<!DOCTYPE html>\n", ""))' || complain "the page" "well formed" "$(tail -c 200 full/index.html)"
fi
(
    ulimit -f 8
    "$DCNGEN_BIN" "${basic[@]}" --node dcn2:4,4 --show receptive-field -o limited >limited.out 2>limited.err
    echo $? >limited.code
)
same "a file may not be so large" "4|File too large|" "$(cat limited.code)|$(sed 's/.*: //' limited.err)|$(ls -A limited)"

# ---- offsets that are no place
perl -e 'my $h = q({"descr": "<f4", "fortran_order": False, "shape": (1, 18, 16, 16), });
    $h .= " " x (117 - length $h) . "\n";
    print "\x93NUMPY\x01\x00", pack("v", length $h), $h, pack "f<*", (9**9**9) x (18 * 256)' >infinite.npy
# shellcheck disable=SC2046  # words of numbers
safetensors one.safetensors '{"dcn.weight":{"dtype":"F32","shape":[3,3,3,3],"data_offsets":[0,324]}}' $(yes 1 | head -81)
works visualize inputs.lua --weights one.safetensors --image "$photo" --input o1=infinite.npy --node dcn:4,4 --show offsets -o infinite
same "there is no distance between them" "effective dilation: no finite number, none at the node" \
    "$(grep -o 'effective dilation[^<]*\|none at[^<]*' infinite/index.html | paste -sd, | sed 's/,/, /')"
# ---- a folder that cannot be
: >file
expect 4 "dcngen: file/pictures: Not a directory" "${basic[@]}" --node dcn2:4,4 --show points -o file/pictures
expect 4 "dcngen: file is no directory" "${basic[@]}" --node dcn2:4,4 --show points -o file
mkdir closed && chmod a-w closed
[ "$(id -u)" = 0 ] && closed=/proc/self why="Operation not permitted" || closed=closed why="Permission denied"
expect 4 "dcngen: cannot write into $closed: $why" "${basic[@]}" --node dcn2:4,4 --show points -o $closed
finish
