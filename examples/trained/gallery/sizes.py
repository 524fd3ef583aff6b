"""Whether what a node looks at grows with the object that it is on.

    sizes.py DCNGEN GALLERY OUTDIR [SCENES]

One node of layer deform3 for each unseen scene, at the middle of the object that was drawn last, so that nothing hides it,
and one on the background: the effective dilation of each deformable layer there, and the error-bounded saliency region of
the deformable network and of its plain twin.  Prints means by size, Spearman's rank correlation with the object's radius,
and how likely one as far from zero is among numbers that have nothing to do with each other: the share of random
orders that have one.

A scene whose files are in OUTDIR is not looked at again.
"""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TRAINED = Path(__file__).resolve().parent.parent
PHOTO = TRAINED.parent / "rectify" / "original.png"
STRIDE, MAP = 4, 24
ORDERS = 20000
LAYERS = ("deform1", "deform2", "deform3")
Numbers = dict[str, float]


def look(
    dcngen: str, image: Path, node: tuple[float, float], plain: bool, out: Path
) -> dict[str, Any]:
    """The figures of what a node at that place of an image looks at; {} if it finds nothing."""
    done = out / "visualize.json"
    if not done.exists():
        place = ",".join(str(min(int(v / STRIDE + 0.5), MAP - 1)) for v in node)
        name = "plain" if plain else "deform"
        command = [dcngen, "visualize", str(TRAINED / "deform.lua"), "--kernel", name]
        command += ["-D", "offsets=false"] if plain else []
        command += [
            "--weights",
            str(TRAINED / f"{name}.safetensors"),
            "--image",
            str(image),
            "-o",
            str(out),
        ]
        command += ["--range", "255", "--mean", "128", "--std", "64", "--node", f"deform3:{place}"]
        command += ["--show", "saliency" if plain else "offsets,saliency", "--threads", "1"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if "is zero at the node" in run.stderr:
            return {}
        if run.returncode != 0:
            sys.exit(f"sizes.py: {' '.join(command)}: {run.stderr.strip()}")
    shown = json.loads(done.read_text())["nodes"][0]["shown"]
    return {method["method"]: method["figures"] for method in shown}


def measure(dcngen: str, image: Path, node: tuple[float, float], out: Path) -> Numbers:
    """Dilations and regions of both networks; {} if one of them finds nothing."""
    deform = look(dcngen, image, node, False, out / "deform")
    plain = look(dcngen, image, node, True, out / "plain")
    if not deform or not plain:
        return {}
    row = {name: deform["offsets"][name]["dilation_at_node"] for name in LAYERS}
    row["dilation"] = sum(row.values()) / len(LAYERS)
    row["region"] = deform["saliency"]["area"]
    row["plain region"] = plain["saliency"]["area"]
    return row


def measure_scene(dcngen: str, gallery: str, index: int, out: Path) -> list[Numbers]:
    """A row of its last object and one of its background, whose radius is 0."""
    out.mkdir(parents=True, exist_ok=True)
    image = out / "scene.png"
    drawn = subprocess.run(
        [gallery, "scene", str(PHOTO), str(index), str(image)],
        capture_output=True,
        text=True,
        check=True,
    )
    *_, last, background = (line.split() for line in drawn.stdout.splitlines())
    rows = []
    for words, radius in ((last, float(last[3])), (background, 0.0)):
        row = measure(dcngen, image, (float(words[1]), float(words[2])), out / words[0])
        if row:
            rows.append({"radius": radius, **row})
    return rows


def ranks(values: Sequence[float]) -> list[float]:
    """From 0; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for k in range(first, last + 1):
            result[order[k]] = (first + last) / 2
        first = last + 1
    return result


def centred(values: Sequence[float]) -> list[float]:
    """Less their mean, divided by their length; zeros if all are equal."""
    mean = sum(values) / len(values)
    length = sum((v - mean) ** 2 for v in values) ** 0.5
    return [(v - mean) / length if length > 0 else 0.0 for v in values]


def spearman(a: Sequence[float], b: Sequence[float], orders: int = ORDERS) -> tuple[float, float]:
    """The correlation of the ranks, and the share of random orders of one with one as far from zero."""
    x, y = centred(ranks(a)), centred(ranks(b))
    rho = sum(p * q for p, q in zip(x, y, strict=True))
    shuffled, chance, as_far = list(y), random.Random(1), 0
    for _ in range(orders):
        chance.shuffle(shuffled)
        as_far += abs(sum(p * q for p, q in zip(x, shuffled, strict=True))) >= abs(rho) - 1e-12
    return rho, (as_far + 1) / (orders + 1)


COLUMNS = {
    **{name: name for name in LAYERS},
    "dilation": "mean of the three",
    "region": "region, deformable",
    "plain region": "region, plain",
}
SIZES: dict[str, Callable[[float], bool]] = {
    "background": lambda radius: radius == 0,
    "below 8 pixels": lambda radius: 0 < radius < 8,
    "8 to 16": lambda radius: 8 <= radius < 16,
    "16 or more": lambda radius: radius >= 16,
}


def print_line(*cells: str) -> None:
    """A row of a table."""
    print("| " + " | ".join(cells) + " |")


def print_table(rows: list[Numbers]) -> None:
    """Means by size, then correlations over the objects."""
    print_line("node on", "nodes", *COLUMNS.values())
    print_line(*["---"] * (len(COLUMNS) + 2))
    for name, belongs in SIZES.items():
        some = [row for row in rows if belongs(row["radius"])]
        means = [sum(row[c] for row in some) / max(len(some), 1) for c in COLUMNS]
        shown = [
            f"{m:.1f} %" if "region" in c else f"{m:.3f}"
            for c, m in zip(COLUMNS, means, strict=True)
        ]
        print_line(name, str(len(some)), *(shown if some else ["-"] * len(shown)))
    objects = [row for row in rows if row["radius"] > 0]
    found = [
        spearman([row["radius"] for row in objects], [row[c] for row in objects]) for c in COLUMNS
    ]
    print_line(
        "rank correlation with the radius", str(len(objects)), *(f"{rho:+.2f}" for rho, _ in found)
    )
    print_line("p", "", *(f"{p:.5f}" for _, p in found))


def main() -> None:
    """Measures what the command line names."""
    if len(sys.argv) not in (4, 5):
        sys.exit("usage: sizes.py DCNGEN GALLERY OUTDIR [SCENES]")
    dcngen, gallery, out = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 100
    rows: list[Numbers] = []
    for index in range(count):
        rows += measure_scene(dcngen, gallery, index, out / f"scene{index}")
        print(f"\r{index + 1} of {count} scenes", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    (out / "sizes.json").write_text(json.dumps(rows, indent=1) + "\n")
    print_table(rows)


if __name__ == "__main__":
    main()
