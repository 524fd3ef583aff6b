#!/usr/bin/env bash
# run.sh: build the training program, try that it learns, stops and goes on, and measure the committed networks.
#
#   run.sh DCNGEN OUTDIR      DCNGEN: the program, in its build tree or where it is installed
#
# Needs a C compiler ($CC, default cc), libpng and pkg-config; with PyTorch and torchvision ($PYTHON, default python3)
# its losses are compared.  Trains a few small steps only; README.md says how to train in earnest.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ $# -eq 2 ] || {
    echo "usage: run.sh DCNGEN OUTDIR" >&2
    exit 2
}
dcngen=$1
out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
photo=$here/../rectify/original.png
mkdir -p "$out"

# ---- build ---------------------------------------------------------------------------------

. "$here/../library.bash"
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -I"$here" -I"$here/../rectify" -I"$headers" "$here"/*.c \
    "$here/../rectify/png_io.c" -L"$lib" -Wl,-rpath,"$lib" -ldcngen "${png[@]}" -lm -o "$out/train"
train() { # OPTION... FILE
    "$out/train" "${@:1:$#-1}" "$here/deform.lua" "$photo" "${@: -1}"
}

# ---- it learns, stops and goes on ----------------------------------------------------------

small=(-s 32 -b 2)
train "${small[@]}" -n 5 -r "$out/five" "$out/five.safetensors" >"$out/log"
awk 'NR == 1 { first = $3 } { last = $3 } END { exit !(NR == 5 && last < first) }' \
    "$out/five/steps.txt" || {
    echo "run.sh: the loss does not fall:" && cat "$out/five/steps.txt" && exit 1
}
echo "5 steps: the loss falls from $(awk 'NR == 1 { print $3 }' "$out/five/steps.txt")" \
    "to $(awk 'NR == 5 { print $3 }' "$out/five/steps.txt")"

python=${PYTHON:-python3}
if "$python" -c 'import torch, torchvision' 2>/dev/null; then
    "$python" "$here/train_torch.py" "$out/five" >"$out/torch" || { cat "$out/torch" && exit 1; }
    echo "PyTorch's losses: $(tail -1 "$out/torch")"
else
    echo "PyTorch is not installed: train_torch.py is not tried"
fi

stops() { # OPTION... FILE: it ends with status 130 and a checkpoint
    local status=0
    train "${small[@]}" "$@" >"$out/log" || status=$?
    [ $status -eq 130 ] && [ -e "${*: -1}.checkpoint" ] || {
        echo "run.sh: train $* did not stop" && cat "$out/log" && exit 1
    }
}
train "${small[@]}" -n 20 "$out/whole.safetensors" >"$out/log"
rm -f "$out"/parts.safetensors*
stops -n 20 -u 7 "$out/parts.safetensors"
stops -n 20 -u 13 "$out/parts.safetensors"
train "${small[@]}" -n 20 "$out/parts.safetensors" >"$out/log"
cmp "$out/whole.safetensors" "$out/parts.safetensors"
[ ! -e "$out/parts.safetensors.checkpoint" ]
echo "20 steps at once, and with two stops: the same bytes"

rm -f "$out"/long.safetensors*
"$out/train" "${small[@]}" -n 1000000 "$here/deform.lua" "$photo" "$out/long.safetensors" >"$out/long.log" &
pid=$!
trap 'kill -KILL $pid 2>/dev/null || true' EXIT
until grep -q '^step' "$out/long.log"; do
    kill -0 $pid
    sleep 0.05
done
kill -INT $pid
status=0
wait $pid || status=$?
trap - EXIT
[ $status -eq 130 ] && grep -q '^stopped after step' "$out/long.log"
stops -n 1000000 -u 1 "$out/long.safetensors"
grep -q '^going on at step' "$out/log"
echo "SIGINT: $(tail -1 "$out/long.log")"

# ---- the committed networks are as good as README.md says -----------------------------------

check() { # NAME ACCURACY IOU OPTION...: on 40 unseen scenes, to 0.002: other CPUs round differently
    train "${@:4}" -e 40 "$here/$1.safetensors" >"$out/$1.txt"
    awk -v name="$1" -v accuracy="$2" -v iou="$3" '
        function far(a, b) { return a - b > 0.002 || b - a > 0.002 }
        NR == 1 {
            gsub(",", "")
            printf "%s: pixel accuracy %s, mean IoU %s\n", name, $3, $6
            exit far($3, accuracy) || far($6, iou)
        }' "$out/$1.txt" || {
        echo "run.sh: README.md says $2 and $3" && exit 1
    }
}
read_table() { # NAME: accuracy and IoU on 40 scenes
    sed -nE "s/^\| \`$1\.safetensors\` \| ([0-9.]+) \| ([0-9.]+) .*/\1 \2/p" "$here/README.md"
}
read -r accuracy iou <<<"$(read_table deform)"
check deform "$accuracy" "$iou"
read -r accuracy iou <<<"$(read_table plain)"
check plain "$accuracy" "$iou" -p
