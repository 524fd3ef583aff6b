"""report.py: the result of compare.py as text, Markdown, JSON and a chart.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import platform
import re

from chart import chart
from suites import SUITES


def machine():
    """What the numbers depend on, without the machine's name."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        model = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M)
    return {"cpu": model.group(1) if model else platform.machine(),
            "cores": len(os.sched_getaffinity(0)), "kernel": platform.release().split("-")[0],
            "caches": caches()}


def caches():
    """L1d, L2 and L3 of the first core, as the kernel prints them."""
    found, folder = {}, "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        def read(name, at=os.path.join(folder, index)):
            with open(os.path.join(at, name), encoding="ascii") as f:
                return f.read().strip()
        if index.startswith("index") and read("type") != "Instruction":
            found["L" + read("level")] = read("size")
    return found


def timed(cell):
    return [r for r in cell["rows"] if "ms_median" in r]


def fastest(cell, family, ours):
    rows = [r for r in timed(cell)
            if r["family"] == family and r["name"].startswith("dcngen") == ours]
    return min(rows, key=lambda r: r["ms_median"], default=None)


def row_of(cell, name):
    return next((r for r in timed(cell) if r["name"] == name), None)


def number(value, form="{:.2f}"):
    return form.format(value) if value is not None else "–"


def megabytes(row):
    return number(row["rss_bytes"] / 1e6, "{:.1f}") if "rss_bytes" in row else "–"


# A column of a cell's table: what it is called, and what it says of a row that was timed.
MS = ("ms", lambda r: number(r["ms_median"], "{:.3f}"))
SAME = ("÷ dcngen, same operator", lambda r: number(r.get("ratio")))
MEMORY = ("workspace MB", megabytes)
NEAR = ("largest difference", lambda r: number(r.get("max_abs"), "{:.1e}"))


def head(name):
    """The columns of a suite's tables."""
    suite = SUITES[name]
    main = []
    if suite.main:
        main = [("÷ " + suite.main_label, lambda r: number(r.get("ratio_deform")))]
    if suite.unit == "ms":
        return [MS, SAME, MEMORY, NEAR]
    if suite.unit:
        per = (suite.unit, lambda r: number(r["unit_ns"]))
        return [MS, per, SAME, *main, MEMORY, NEAR]
    return [MS, ("GFLOP/s", lambda r: number(r["gflops"], "{:.1f}")),
            ("of peak", lambda r: number(100 * r["peak_share"], "{:.1f} %")), SAME, *main, MEMORY,
            NEAR]


def columns(row, titled):
    if "ms_median" not in row:
        return [row["label"], row.get("error") or "missing"] + [""] * (len(titled) - 1)
    return [row["label"], *(say(row) for _, say in titled)]


def cell_text(cell):
    """For the terminal, while it runs."""
    lines = [f"{cell['workload']}, {cell['threads']} thread(s), {cell['rounds']} rounds, "
             f"peak {cell['peak_gflops']:.1f} GFLOP/s"]
    unit = SUITES[cell["suite"]].unit
    for row in cell["rows"]:
        if "ms_median" not in row:
            lines.append(f"  {row['label']:28} {row.get('error') or 'missing'}")
            continue
        speed = f"{row['unit_ns']:8.2f} {unit}" if unit else (
            f"{row['gflops']:8.1f} GFLOP/s {100 * row['peak_share']:6.1f} %")
        lines.append(f"  {row['label']:28} {row['ms_median']:10.3f} ms {speed}  ratio "
                     f"{number(row.get('ratio')):>6} {number(row.get('ratio_deform')):>6}  "
                     f"{megabytes(row):>8} MB")
    return "\n".join(lines)


def table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])


# ---- Markdown --------------------------------------------------------------------------------

SUMMARY = ("", "threads", "dcngen nhwc, ms", "GFLOP/s", "of peak", "nchw, ms",
           "best deformable peer", "torchvision", "best plain convolution", "workspace MB, peer's")


def against(row, key):
    return f"{row['label']} {number(row.get(key))}×" if row else "–"


def summary_row(cell):
    ours, nchw = row_of(cell, "dcngen_nhwc"), row_of(cell, "dcngen_nchw")
    if not ours:
        return [cell["workload"], str(cell["threads"]), "not timed"] + [""] * (len(SUMMARY) - 3)
    peer, plain = fastest(cell, "deform", False), fastest(cell, "plain", False)
    vision = row_of(cell, "torchvision")
    return [cell["workload"], str(cell["threads"]), number(ours["ms_median"]),
            number(ours["gflops"], "{:.0f}"), number(100 * ours["peak_share"], "{:.0f} %"),
            number(nchw and nchw["ms_median"]), against(peer, "ratio"),
            number(vision and vision.get("ratio"), "{:.1f}×"), against(plain, "ratio_deform"),
            f"{megabytes(ours)}, {megabytes(peer) if peer else '–'}"]


def unit_row(cell):
    """A row of a summary in units: dcngen's own, then each peer with its ratio."""
    suite = SUITES[cell["suite"]]
    said = [cell["workload"], str(cell["threads"])]
    for name in [*suite.ours, *suite.peers]:
        row = row_of(cell, name)
        key = "ratio_deform" if suite.main else "ratio"
        said.append(number(row and row["unit_ns"], "{:.3f}" if suite.unit == "ms" else "{:.2f}") +
                    (f", {number(row.get(key))}×" if row and name in suite.peers else ""))
    return said


def summary(name, cells):
    suite = SUITES[name]
    if not suite.unit:
        return table(SUMMARY, [summary_row(c) for c in cells])
    labels = [label for _, label, *_ in [*suite.ours.values(), *suite.peers.values()]]
    against_main = f", and times {suite.main_label}" if suite.main else ""
    return (f"{suite.title}, {suite.unit}{against_main}. {suite.words}\n\n"
            + table(("", "threads", *labels), [unit_row(c) for c in cells]))


def shape(problem):
    p = problem
    if p["rois"]:
        return (f"{p['rois']} rois, {p['in_channels']} channels of {p['height']}×{p['width']}, "
                f"{p['out_height']}×{p['out_width']} bins of {p['sampling_ratio']}² samples")
    if p["op"] == "dcnv3":
        return (f"{p['in_channels']} channels in {p['offset_groups']} groups, "
                f"{p['kernel'][0]}×{p['kernel'][1]}, {p['height']}×{p['width']}")
    text = (f"{p['in_channels']}→{p['out_channels']}, {p['kernel'][0]}×{p['kernel'][1]}, "
            f"{p['height']}×{p['width']}")
    extra = [f"stride {p['stride'][0]}"] if p["stride"] != [1, 1] else []
    extra += [f"{p['groups']} weight groups"] if p["groups"] > 1 else []
    extra += [f"{p['offset_groups']} offset groups"] if p["offset_groups"] > 1 else []
    return ", ".join([text, *extra, "mask" if p["mask"] else "no mask"])


def versions(result):
    found = {}
    for cell in result["cells"]:
        for row in cell["rows"]:
            if row.get("version"):
                found[row["label"]] = f"{row['version']} {row.get('note', '')}".strip()
    return found


def intro(result):
    m = result["machine"]
    peaks = {}
    for c in result["cells"]:
        peaks.setdefault(c["threads"], []).append(c["peak_gflops"])
    peak = ", ".join(f"{min(v):.0f} to {max(v):.0f} GFLOP/s on {t} thread(s)"
                     for t, v in peaks.items())
    cache = ", ".join(f"{k} {v}" for k, v in m["caches"].items())
    return (f"{m['cpu']} (LLVM calls it {m['llvm_cpu']}), {m['cores']} cores, {cache}. "
            f"Multiply-add peak in f32, measured between the turns: {peak}. One picture, f32, "
            "offsets normal with a deviation of 2 pixels, masks uniform between 0 and 1, their "
            "logits normal. "
            "Schedules of dcngen are its guesses.")


def markdown(result, picture):
    suites = {}
    for c in result["cells"]:
        suites.setdefault(c["suite"], []).append(c)
    parts = [f"# dcngen against other implementations, {result['date'][:10]}"]
    if result["quick"]:
        parts.append("**A quick run: the times mean nothing.**")
    parts.append(intro(result))
    if picture:
        parts.append(f"![share of the peak]({os.path.basename(picture)})")
    parts.append("Times are medians. A ratio is the other's time over dcngen's, of the same round: "
                 "above 1 dcngen is faster.")
    if "deform" in suites:
        parts.append("Deformable peers take nchw and are compared with dcngen in nchw; the best "
                     "plain convolution is compared with dcngen's *deformable* one.")
    parts += [summary(name, cells) for name, cells in suites.items()]
    for c in result["cells"]:
        titled = head(c["suite"])
        parts += [f"## {c['workload']}, {c['threads']} thread(s)",
                  f"{shape(c['problem'])}; {c['problem']['flops'] / 1e9:.2f} GFLOP, {c['rounds']} "
                  f"rounds, peak {c['peak_gflops']:.1f} GFLOP/s.",
                  table(("", *(title for title, _ in titled)),
                        [columns(r, titled) for r in c["rows"]])]
    parts += ["## Versions", table(("", "version"), sorted(versions(result).items()))]
    if result["missing"]:
        parts += ["## Missing", table(("", "why"), sorted(result["missing"].items()))]
    return "\n\n".join(parts) + "\n"


def write(path, text):
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".part", path)


def write_all(stem, result):
    """The files of a result, and what they are called; the chart is one of convolutions."""
    drawn = [c for c in result["cells"] if c["suite"] == "deform"]
    texts = {".json": json.dumps(result, indent=1) + "\n",
             ".md": markdown(result, stem + ".svg" if drawn else None)}
    if drawn:
        texts[".svg"] = chart(drawn)
    for ending, text in texts.items():
        write(stem + ending, text)
    return [stem + ending for ending in texts]
