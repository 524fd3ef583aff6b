"""chart.py: the share of the peak that each implementation reaches, as an SVG.

One panel for each number of threads, one group of bars for each workload; a line across a group
is the fastest plain convolution of the same shape.

SPDX-License-Identifier: Apache-2.0
"""
from xml.sax.saxutils import escape

SERIES = (("dcngen_nhwc", "dcngen, nhwc", "#1b6e54"), ("dcngen_nchw", "dcngen, nchw", "#5fb89a"),
          ("openvino", "OpenVINO", "#5b7fb5"), ("onnxruntime", "ONNX Runtime", "#c9a24b"),
          ("torchvision", "torchvision", "#b4594c"))
BAR, GAP, HIGH, LEFT, TOP, UNDER = 13, 16, 190, 52, 66, 30
INK, FAINT = "#333", "#ddd"


def text(x, y, words, anchor="middle", size=12, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}" fill="{INK}">{escape(words)}</text>')


def box(x, y, width, height, colour, title):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width}" height="{height:.1f}" '
            f'fill="{colour}"><title>{escape(title)}</title></rect>')


def group(cell, x, bottom):
    shares = {r["name"]: r["peak_share"] for r in cell["rows"] if "peak_share" in r}
    parts = []
    for i, (name, label, colour) in enumerate(SERIES):
        if name in shares:
            high = HIGH * min(1, shares[name])
            parts.append(box(x + i * BAR, bottom - high, BAR - 2, high, colour,
                             f"{cell['workload']}: {label} {100 * shares[name]:.1f} %"))
    plain = [r["peak_share"] for r in cell["rows"]
             if "peak_share" in r and r["family"] == "plain" and not r["name"].startswith("dcngen")]
    if plain:
        y = bottom - HIGH * min(1, max(plain))
        parts.append(f'<path d="M{x - 4:.1f} {y:.1f}h{len(SERIES) * BAR + 6}" stroke="{INK}" '
                     'stroke-width="2" stroke-dasharray="4 3"/>')
    parts.append(text(x + len(SERIES) * BAR / 2 - 1, bottom + 17, cell["workload"]))
    return parts


def panel(cells, top, width):
    bottom = top + HIGH
    parts = [text(LEFT, top - 12, f"{cells[0]['threads']} thread"
                  + ("s" if cells[0]["threads"] > 1 else ""), "start", 13, "bold")]
    for percent in range(0, 101, 25):
        y = bottom - HIGH * percent / 100
        parts += [f'<path d="M{LEFT} {y:.1f}H{width - 14}" stroke="{FAINT}"/>',
                  text(LEFT - 6, y + 4, f"{percent} %", "end", 11)]
    for i, cell in enumerate(cells):
        parts += group(cell, LEFT + GAP / 2 + i * (len(SERIES) * BAR + GAP), bottom)
    return parts


def legend():
    parts, x = [], LEFT
    for _, label, colour in SERIES:
        parts += [box(x, 32, 11, 11, colour, label), text(x + 15, 42, label, "start", 11)]
        x += 28 + 6.4 * len(label)
    return parts + [f'<path d="M{x:.1f} 38h16" stroke="{INK}" stroke-width="2" '
                    'stroke-dasharray="4 3"/>',
                    text(x + 20, 42, "fastest plain convolution", "start", 11)]


def chart(cells):
    panels = {}
    for cell in cells:
        panels.setdefault(cell["threads"], []).append(cell)
    most = max(map(len, panels.values()))
    width = max(660, LEFT + most * (len(SERIES) * BAR + GAP) + 20)
    height = TOP + len(panels) * (HIGH + UNDER + 26)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif">',
             f'<rect width="{width}" height="{height}" rx="6" fill="#fff"/>',
             text(LEFT, 20, "Share of the multiply-add peak, deformable convolutions, f32",
                  "start", 14, "bold"), *legend()]
    for i, drawn in enumerate(panels.values()):
        parts += panel(drawn, TOP + 12 + i * (HIGH + UNDER + 26), width)
    return "\n".join(parts + ["</svg>"]) + "\n"
