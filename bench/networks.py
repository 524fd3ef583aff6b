"""networks.py: whole networks, by dcngen and by other libraries, taking turns.

    python3 bench/networks.py                                    all of them, one thread and two
    python3 bench/networks.py --only resnet50_dcn --threads 1 --quick
    python3 bench/networks.py --check                            small sizes, results only

The networks of examples/networks with random parameters, and the same as PyTorch modules (network_models.py): dcngen from
its spec, eager PyTorch, eager PyTorch with dcngen's operators, ONNX Runtime and OpenVINO from an export. Each one has a process
of its own; all outputs are compared with PyTorch's, and a wrong one is reported and not timed. Then they take turns, round
after round; times are medians, ratios medians of those within a round. ResNet-50 also has its plain twin.

Needs numpy, torch, torchvision and libdcngen (DCNGEN_LIBRARY, else build/release); what else is not installed is named.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import datetime
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import report
from network_peers import ROWS
from turns import Cell
from workers import WorkerError

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "network_peers.py")
TOLERANCE = 1e-4  # of the largest output
LONG_NS = 2e8  # a run that long does not need another one before it
# What each network is timed with, and what its results are checked with.
SIZES = {
    "resnet50_dcn": ([{"height": 224, "width": 224}, {"height": 800, "width": 1344}],
                     {"height": 96, "width": 128}),
    "internimage_t": ([{"height": 224, "width": 224}, {"height": 800, "width": 1280}],
                      {"height": 96, "width": 128}),
    "basicvsrpp_align": ([{"height": 180, "width": 320}], {"height": 33, "width": 40}),
    "birefnet_decoder": ([{"size": 512}], {"size": 128}),
    "rfcn_head": ([{"height": 38, "width": 63, "rois": 300}], {"height": 20, "width": 30, "rois": 20}),
}
PLAIN = ("torch_plain", "torch_plain_last")


def rows_of(network):
    """ResNet-50 alone has a plain twin, InternImage alone two ways to compute its core."""
    return [name for name in ROWS
            if not (name in PLAIN and network != "resnet50_dcn")
            and not (name == "torch_depthwise" and network != "internimage_t")]


class NetworkCell(Cell):
    """One network of one size on one number of threads."""

    def __init__(self, run, network, params, threads):
        super().__init__(run, threads)
        self.network, self.params, self.want = network, params, None

    def make(self):
        words = [f"{k}={v}" for k, v in self.params.items()]
        done = subprocess.run([sys.executable, SCRIPT, "make", self.folder, self.network, *words],
                              stdout=self.run.log, stderr=self.run.log, check=False)
        if done.returncode and not os.path.exists(os.path.join(self.folder, "cell.json")):
            raise WorkerError(f"{self.network} cannot be made, see {self.run.log.name}")

    def start(self):
        for name in rows_of(self.network):
            if name == "dcngen" or name in self.run.peers:
                self.add({"name": name, "label": ROWS[name][0]},
                         [sys.executable, SCRIPT, name, self.folder, str(self.threads)])

    def written(self, name):
        path = os.path.join(self.folder, name + ".npz")
        self.workers[name].ask("write " + path, timeout=600)
        with np.load(path) as arrays:
            return [arrays[key] for key in arrays.files]

    def compare(self, row):
        got = self.written(row["name"])
        off = [float(np.abs(a - b.reshape(a.shape)).max() / np.abs(b).max()) for a, b in zip(got, self.want)]
        row["difference"] = max(off)
        if not max(off) <= TOLERANCE:
            raise WorkerError(f"wrong: off by {max(off):.2g} of the largest output")

    def settle(self, row):
        said = self.workers[row["name"]].ready(timeout=1800)
        if "missing" in said:
            return self.drop(row, said["missing"], "missing")
        row.update((k, said[k]) for k in ("version", "note", "rss_bytes") if said.get(k))
        if row["name"] == "torch":
            self.want = self.written("torch")
        elif row["name"] not in PLAIN and self.want is not None:
            self.compare(row)
        return None

    def hold(self):
        if self.run.hold:
            print(f"ready: {self.network}, {self.threads} thread(s)", flush=True)
            sys.stdin.readline()

    def turn(self, row):
        worker = self.workers[row["name"]]
        if not row["ns"] or row["ns"][-1] < LONG_NS:
            worker.ask("run 1", timeout=1800)
        row["ns"].append(worker.ask("run 1", timeout=1800)["ns"])

    def summary(self):
        base = next((r["ns"] for r in self.live if r["name"] == "dcngen" and self.rounds), None)
        for row in self.live if self.rounds else ():
            row["ms_median"] = statistics.median(row["ns"]) / 1e6
            row["ms_min"] = min(row["ns"]) / 1e6
            if base:
                row["ratio"] = statistics.median(a / b for a, b in zip(row["ns"], base))
        return {"network": self.network, "params": self.params, "threads": self.threads,
                "rounds": self.rounds, "rows": self.rows}

    def measure(self):
        try:
            self.make()
            self.start()
            self.settle_all(sorted(self.rows, key=lambda r: r["name"] != "torch"))
            if not self.run.check:
                self.hold()
                self.take_turns()
            return self.summary()
        finally:
            self.close()


# ---- what is written -----------------------------------------------------------------------------

def title(cell):
    size = "x".join(str(n) for n in cell["params"].values())
    return f"{cell['network']} {size}, {cell['threads']} thread(s)"


def columns(row):
    if row.get("error") or row.get("missing"):
        return [row["label"], row.get("error") or "missing", "", "", ""]
    memory = row["rss_bytes"] / 2**20 if row.get("rss_bytes") else None
    return [row["label"], report.number(row.get("ms_median"), "{:.1f}"), report.number(row.get("ratio")),
            report.number(memory, "{:.0f}"), report.number(row.get("difference"), "{:.1e}")]


def text(cell):
    lines = [f"{title(cell)}, {cell['rounds']} rounds"]
    return "\n".join(lines + [f"  {a:38} {b:>10} {c:>7} {d:>6}  {e}" for a, b, c, d, e in map(columns, cell["rows"])])


def markdown(result):
    m = result["machine"]
    parts = [f"# Networks, {result['date'][:10]}", f"{m['cpu']}, {m['cores']} cores. One picture, f32, random "
             "parameters. Times are medians; a ratio is the other's time over dcngen's, of the same round; "
             "differences are from torch's output, relative to the largest of it. MiB: by how much a process "
             "grew from before the network was loaded to the peak of a run."]
    if result["quick"]:
        parts.insert(1, "**A quick run: the times mean nothing.**")
    for cell in result["cells"]:
        titles = ("", "ms", "÷ dcngen", "MiB", "difference")
        parts += [f"## {title(cell)}", report.table(titles, [columns(r) for r in cell["rows"]])]
    found = {r["label"]: f"{r['version']} {r.get('note', '')}".strip()
             for c in result["cells"] for r in c["rows"] if r.get("version")}
    parts += ["## Versions", report.table(("", "version"), sorted(found.items()))]
    return "\n\n".join(parts) + "\n"


def arguments():
    a = argparse.ArgumentParser(description="networks by dcngen and by others")
    a.add_argument("--only", default="", help="networks, as resnet50_dcn,rfcn_head")
    a.add_argument("--threads", default="1,2")
    a.add_argument("--peers", default=",".join(n for n in ROWS if n != "dcngen"), help="some of them; '' for none")
    a.add_argument("--seconds", type=float, default=20, help="of turns, for each cell")
    a.add_argument("--rounds", type=int, default=5, help="at least")
    a.add_argument("--quick", action="store_true", help="two rounds")
    a.add_argument("--check", action="store_true", help="small sizes, and no turns")
    a.add_argument("--hold", action="store_true",
                   help="wait for a line of input before the turns of each cell, until the machine is idle")
    a.add_argument("--size", action="append", default=[], metavar="KEY=N", help="in place of the usual sizes")
    a.add_argument("--out", default=os.path.join(HERE, "../build/bench/results"))
    args = a.parse_args()
    if args.quick:
        args.seconds, args.rounds = 0, 2
    args.networks = [n for n in args.only.split(",") if n] or list(SIZES)
    args.peers = [n for n in args.peers.split(",") if n]
    for kind, given, known in (("network", args.networks, SIZES), ("peer", args.peers, ROWS)):
        for name in given:
            if name not in known:
                sys.exit(f"networks.py: no {kind} '{name}': expected some of {','.join(known)}")
    args.counts = [int(t) for t in args.threads.split(",")]
    args.given = {k: int(n) for k, n in (word.split("=") for word in args.size)}
    return args


def sizes(args, network):
    timed, small = SIZES[network]
    return [args.given] if args.given else [small] if args.check else timed


def main():
    args = arguments()
    os.makedirs(args.out, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    kind = "-check" if args.check else "-quick" if args.quick else ""
    stem = os.path.join(args.out, now.strftime("%Y-%m-%d") + "-networks" + kind)
    result = {"schema": 1, "date": now.isoformat(timespec="seconds"), "quick": args.quick,
              "machine": report.machine(), "cells": []}
    with tempfile.TemporaryDirectory() as args.scratch, open(stem + ".log", "w", encoding="utf-8") as args.log:
        for network in args.networks:
            for params in sizes(args, network):
                for threads in args.counts:
                    cell = NetworkCell(args, network, params, threads).measure()
                    result["cells"].append(cell)
                    print(text(cell), flush=True)
                    report.write(stem + ".json", json.dumps(result, indent=1) + "\n")
                    report.write(stem + ".md", markdown(result))
    print(f"written: {stem}.json {stem}.md")
    bad = [(c, r) for c in result["cells"] for r in c["rows"] if "error" in r]
    for c, r in bad:
        print(f"FAILED: {title(c)}: {r['label']}: {r['error']}")
    return 1 if any(r["name"] == "dcngen" for _, r in bad) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except WorkerError as e:
        sys.exit(f"networks.py: {e}")
