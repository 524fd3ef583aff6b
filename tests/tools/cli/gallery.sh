#!/usr/bin/env bash
# gallery.sh: the script that makes the pictures of docs/PICTURES.md, in small, and the statistics of its measurement.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
gallery=$SOURCE_DIR/examples/trained/gallery
command -v python3 >/dev/null || {
    echo "skipped: no python3 to measure with"
    exit 77
}

# ---- pictures
bash "$gallery/gallery.sh" "$DCNGEN_BIN" out small >table 2>log
same "it works" 0 "$?"
same "its pictures" "scene.large.points.deform.png scene.large.points.plain.png scene.large.receptive-field.deform.png scene.large.receptive-field.plain.png" \
    "$(cd out/pictures && echo *.png)"
for picture in out/pictures/*.png; do
    same "$(basename "$picture") is committed" yes "$([ -e "$SOURCE_DIR/docs/pictures/$(basename "$picture")" ] && echo yes)"
done
for picture in "$SOURCE_DIR"/docs/pictures/*.png; do
    same "the page shows $(basename "$picture")" yes "$(grep -qF "(pictures/$(basename "$picture"))" "$SOURCE_DIR/docs/PICTURES.md" && echo yes)"
done
same "they are small" yes "$([ "$(cat "$SOURCE_DIR"/docs/pictures/*.png | wc -c)" -lt 1500000 ] && echo yes)"

# Another CPU rounds differently, which nobody sees.
cc=${CC:-cc}
read -ra png <<<"$(pkg-config --cflags --libs libpng)"
"$cc" -O1 -I"$SOURCE_DIR/examples/rectify" "$SOURCE_DIR"/examples/rectify/{compare,png_io}.c "${png[@]}" -lm -o compare
for picture in out/pictures/*.png; do
    ./compare "$picture" "$SOURCE_DIR/docs/pictures/$(basename "$picture")" 255 35 >difference 2>&1
    same "$(basename "$picture") is as committed: $(cat difference)" 0 "$?"
done

# ---- zero offsets are a plain network
python3 - out <<'EOP'
import json, sys
shown = json.load(open(f"{sys.argv[1]}/scene-plain/visualize.json"))["nodes"][0]["shown"]
points = next(m["figures"] for m in shown if m["method"] == "points")
assert points["points"] == 729 and points["distinct"] == 49, points
EOP
same "zero offsets have 49 places of 729" 0 "$?"

# ---- the measurement
same "a row of each size, correlation and chance" 8 "$(grep -c '^|' table)"
python3 - "$gallery" <<'EOP'
import random, sys
sys.path.insert(0, sys.argv[1])
from sizes import ranks, spearman

assert ranks([3, 1, 2, 2]) == [3, 0, 1.5, 1.5]
rising = list(range(30))
rho, p = spearman(rising, [v**3 for v in rising], 999)
assert abs(rho - 1) < 1e-12 and p == 1 / 1000, (rho, p)
rho, p = spearman(rising, [-v for v in rising], 999)
assert abs(rho + 1) < 1e-12 and p == 1 / 1000, (rho, p)
assert spearman(rising, [1.0] * 30, 99) == (0, 1)
# The textbook's formula, without ties; chance finds a fifth of what has nothing to do with each other below a fifth.
chance, low = random.Random(3), 0
for _ in range(200):
    a, b = ([chance.random() for _ in range(12)] for _ in range(2))
    rho, p = spearman(a, b, 200)
    d = sum((x - y) ** 2 for x, y in zip(ranks(a), ranks(b)))
    assert abs(rho - (1 - 6 * d / (12 * 143))) < 1e-12
    low += p < 0.2
assert 20 < low < 60, low
EOP
same "the statistics" 0 "$?"

# ---- what is wrong
bash "$gallery/gallery.sh" >/dev/null 2>log
same "it says how it is called" "2|usage: gallery.sh DCNGEN OUTDIR [SCENES|small]" "$?|$(cat log)"
finish
