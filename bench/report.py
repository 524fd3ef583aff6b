"""report.py: the result of compare.py as text, Markdown, JSON and a chart.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import platform
import re

from chart import chart


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


HEAD = ("", "ms", "GFLOP/s", "of peak", "÷ dcngen, same operator", "÷ dcngen deformable nhwc",
        "workspace MB", "largest difference")


def columns(row):
    if "ms_median" not in row:
        return [row["label"], row.get("error") or "missing"] + [""] * (len(HEAD) - 2)
    return [row["label"], number(row["ms_median"], "{:.3f}"), number(row["gflops"], "{:.1f}"),
            number(100 * row["peak_share"], "{:.1f} %"), number(row.get("ratio")),
            number(row.get("ratio_deform")), megabytes(row), number(row.get("max_abs"), "{:.1e}")]


def cell_text(cell):
    """For the terminal, while it runs."""
    lines = [f"{cell['workload']}, {cell['threads']} thread(s), {cell['rounds']} rounds, "
             f"peak {cell['peak_gflops']:.1f} GFLOP/s"]
    for row in cell["rows"]:
        c = columns(row)
        if "ms_median" in row:
            lines.append(f"  {c[0]:24} {c[1]:>10} ms {c[2]:>8} GFLOP/s {c[3]:>8}  "
                         f"ratio {c[4]:>6} {c[5]:>6}  {c[6]:>8} MB")
        else:
            lines.append(f"  {c[0]:24} {c[1]}")
    return "\n".join(lines)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
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


def shape(problem):
    p = problem
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


def markdown(result, picture):
    m = result["machine"]
    peaks = {}
    for c in result["cells"]:
        peaks.setdefault(c["threads"], []).append(c["peak_gflops"])
    peak = ", ".join(f"{min(v):.0f} to {max(v):.0f} GFLOP/s on {t} thread(s)"
                     for t, v in peaks.items())
    cache = ", ".join(f"{k} {v}" for k, v in m["caches"].items())
    parts = [f"# dcngen against other implementations, {result['date'][:10]}",
             f"{m['cpu']} (LLVM calls it {m['llvm_cpu']}), {m['cores']} cores, {cache}. "
             f"Multiply-add peak in f32, measured between the turns: {peak}. One picture, f32, "
             "offsets normal with a deviation of 2 pixels, masks uniform between 0 and 1. "
             "Schedules of dcngen are its guesses.",
             f"![share of the peak]({os.path.basename(picture)})",
             "Times are medians. A ratio is the other's time over dcngen's, of the same round: "
             "above 1 dcngen is faster. Deformable peers take nchw and are compared with dcngen "
             "in nchw; the best plain convolution is compared with dcngen's *deformable* one.",
             table(SUMMARY, [summary_row(c) for c in result["cells"]])]
    if result["quick"]:
        parts.insert(1, "**A quick run: the times mean nothing.**")
    for c in result["cells"]:
        parts += [f"## {c['workload']}, {c['threads']} thread(s)",
                  f"{shape(c['problem'])}; {c['problem']['flops'] / 1e9:.2f} GFLOP, {c['rounds']} "
                  f"rounds, peak {c['peak_gflops']:.1f} GFLOP/s.",
                  table(HEAD, [columns(r) for r in c["rows"]])]
    parts += ["## Versions", table(("", "version"), sorted(versions(result).items()))]
    if result["missing"]:
        parts += ["## Missing", table(("", "why"), sorted(result["missing"].items()))]
    return "\n\n".join(parts) + "\n"


def write(path, text):
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".part", path)


def write_all(stem, result):
    write(stem + ".json", json.dumps(result, indent=1) + "\n")
    write(stem + ".svg", chart(result))
    write(stem + ".md", markdown(result, stem + ".svg"))
