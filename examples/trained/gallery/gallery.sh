#!/usr/bin/env bash
# gallery.sh: the pictures of docs/PICTURES.md, and the measurement there.
#
#   gallery.sh DCNGEN OUTDIR             the pictures, as OUTDIR/pictures/*.png
#   gallery.sh DCNGEN OUTDIR SCENES      the measurement over so many scenes, as a table (sizes.py)
#   gallery.sh DCNGEN OUTDIR small       two methods of one node, and one scene: a check of seconds
#
# DCNGEN: the program, in its build tree or where it is installed.  Needs a C compiler ($CC, default cc), libpng and
# pkg-config, and the measurement Python ($PYTHON, default python3).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ $# -eq 2 ] || [ $# -eq 3 ] || {
    echo "usage: gallery.sh DCNGEN OUTDIR [SCENES|small]" >&2
    exit 2
}
dcngen=$1
out=$2
what=${3:-pictures}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
trained=$here/..
photo=$here/../../rectify/original.png
mkdir -p "$out/pictures"

read -ra png <<<"$(pkg-config --cflags --libs libpng)"
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -I"$trained" -I"$here/../../rectify" "$here/gallery.c" "$trained/scenes.c" \
    "$here/../../rectify/png_io.c" "${png[@]}" -lm -o "$out/gallery"

sizes() { # SCENES
    "${PYTHON:-python3}" "$here/sizes.py" "$dcngen" "$out/gallery" "$out/sizes" "$1"
}
if [[ $what =~ ^[0-9]+$ ]]; then
    sizes "$what"
    exit
fi

# ---- what is looked at ------------------------------------------------------------------------

# The number of the scene; rows and columns of the photograph as the networks see it.
scene=34 rows=116 columns=160
"$out/gallery" scene "$photo" $scene "$out/scene.png" >"$out/objects.txt"
node_on() { # PATTERN OF AWK: row and column of layer deform3, at the object of least or largest radius, or the background
    awk -v want="$1" '
        function cell(v) { return v >= 94 ? 23 : int(v / 4 + 0.5) }
        $1 == "background" ? want != $1 : want == "background" { next }
        place == "" || (want == "small" ? $4 < best : $4 > best) { best = $4; place = cell($2) "," cell($3) }
        END { print place }' "$out/objects.txt"
}

zeros() { # ROWS COLUMNS: offsets that are all zero, for a map of that size, as an npy file
    local head="{'descr': '<f4', 'fortran_order': False, 'shape': (1, $1, $2, 18), }"
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "$head"
    head -c $((4 * 18 * $1 * $2)) /dev/zero
}

# ---- looking ----------------------------------------------------------------------------------

# Inputs of the networks are (v - 128)/64 of values from 0 to 255.
common=(--range 255 --mean 128 --std 64)
look_deform() { # OUTDIR OPTION...
    "$dcngen" visualize "$trained/deform.lua" --kernel deform --weights "$trained/deform.safetensors" \
        "${common[@]}" -o "$@" >"$out/log"
}
look_plain() { # OUTDIR ROWS COLUMNS OPTION...
    zeros $(($2 / 4)) $(($3 / 4)) >"$out/zero.npy"
    "$dcngen" visualize "$here/twin.lua" --weights "$trained/plain.safetensors" --input zero="$out/zero.npy" \
        -D h="$2" -D w="$3" "${common[@]}" -o "$1" "${@:4}" >"$out/log"
}
tile() { # FOLDER NODE METHOD NAME: the photograph of a picture, at a third of its size
    local size=(0 576 576 3)
    [[ $1 != photo* ]] || size=(0 462 639 3)
    "$out/gallery" tile "$out/$1/${2//[:,]/-}.$3.png" "${size[@]}" "$out/pictures/$4.png"
}

# The places of a scene, or of the photograph, by both networks; each method's picture becomes a tile.
scene_pictures() { # METHODS OF THE TWIN, AND FURTHER ONES OF THE DEFORMABLE NETWORK, ON...
    local twin=$1 more=$2 on nodes=() method
    for on in "${@:3}"; do
        nodes+=(--node "deform3:$(node_on "$on")")
    done
    look_deform "$out/scene-deform" --image "$out/scene.png" "${nodes[@]}" --show "$twin$more"
    look_plain "$out/scene-plain" 96 96 --image "$out/scene.png" "${nodes[@]}" --show "$twin"
    for on in "${@:3}"; do
        for method in ${twin//,/ }; do
            tile scene-plain "deform3:$(node_on "$on")" "$method" "scene.$on.$method.plain"
        done
        local all=$twin$more
        for method in ${all//,/ }; do
            [ "$method" = offsets ] || tile scene-deform "deform3:$(node_on "$on")" "$method" "scene.$on.$method.deform"
        done
    done
}

if [ "$what" = small ]; then
    scene_pictures receptive-field,points "" large
    sizes 1
    exit
fi
scene_pictures receptive-field,points,saliency ,sampling,offsets background small large
tile scene-deform "deform3:$(node_on large)" offsets.deform2 scene.offsets

photo_nodes=(--node deform3:14,9 --node deform3:5,30)
look_deform "$out/photo-deform" --image "$photo" -D h=$rows -D w=$columns "${photo_nodes[@]}" \
    --show receptive-field,points,saliency
look_plain "$out/photo-plain" $rows $columns --image "$photo" "${photo_nodes[@]}" --show receptive-field,saliency
for picture in deform.receptive-field deform.points deform.saliency plain.receptive-field plain.saliency; do
    net=${picture%%.*} method=${picture#*.}
    tile "photo-$net" deform3:14,9 "$method" "photo.tower.$method.$net"
    tile "photo-$net" deform3:5,30 "$method" "photo.sky.$method.$net"
done
du -cb "$out"/pictures/*.png | tail -1
