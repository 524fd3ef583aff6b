"""compare.py: dcngen and other implementations on the same operands, taking turns.

For each workload and number of threads: every implementation gets a process of its own and the
same operands; each output is compared with dcngen's, which the library's own check has passed; a
wrong one is reported and not timed.  Then they take turns, round after round, beginning with
another one each time, so that a slow minute of the machine slows all alike; a turn runs some
milliseconds unclocked, which bring its data into the caches and its threads to cores of their own, unless it is so long
that this is no matter, and then by the clock.  Before each turn the machine's multiply-add peak is measured.  Ratios are medians of
the ratios within one round.

Needs nothing but Python; what is not installed for the peers is named as missing.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import datetime
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import report
from suites import OURS, PEERS, SUITES, USUAL
from turns import Cell
from workers import Worker, WorkerError

HERE = os.path.dirname(os.path.abspath(__file__))
CLOCKED_NS = 1e7  # a turn lasts at least so long
WARM_NS = 5e7  # what was stopped finds its threads on one core, and takes so long to spread them
LONG_NS = 1e9  # a run that long does not need another one before it
TOLERANCE = 1e-3  # of the root mean square of the output: summation order, and floor at f32


def spec_of(run, suite):
    return run.spec or os.path.join(HERE, suite.spec)


class WorkloadCell(Cell):
    """One workload on one number of threads."""

    def __init__(self, run, workload, threads):
        super().__init__(run, threads)
        self.workload, self.suite = workload, SUITES[run.known[workload]]
        self.spec = spec_of(run, self.suite)
        self.peak, self.peak_worker = [], None

    def file(self, name):
        return os.path.join(self.folder, name)

    def tool(self, *words):
        done = subprocess.run([self.run.worker, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise WorkerError(done.stderr.strip() or f"ended with status {done.returncode}")
        return json.loads(done.stdout)

    # ---- preparing

    def defines(self, options):
        return [word for o in [*options, *self.run.defines] for word in ("-D", o)]

    def make(self):
        self.about = self.tool("make", self.folder, self.spec, self.workload,
                               *self.defines([f"op={self.suite.op}", "layout=nchw"]))
        with open(self.file("cell.json"), "w", encoding="utf-8") as f:
            json.dump(self.about, f)

    def start(self, name, family, label, command):
        self.add({"name": name, "label": label, "family": family}, command)

    def start_all(self):
        count = str(self.threads)
        for name, (family, label, options) in self.suite.ours.items():
            self.start(name, family, label, [self.run.worker, "time", self.folder, self.spec,
                                             self.workload, count, *self.defines(options)])
        for name in self.run.peers:
            if name not in self.suite.peers:
                continue
            self.start(name, *self.suite.peers[name], [*self.run.peer_command, name, self.folder, count])
        self.peak_worker = Worker([self.run.worker, "peak", count], self.threads, self.run.log)
        self.about["cpu"] = self.peak_worker.ready()["cpu"]

    def settle(self, row):
        """Wait until it is ready, run it once, compare its output."""
        worker = self.workers[row["name"]]
        said = worker.ready()
        if "missing" in said:
            return self.drop(row, said["missing"], "missing")
        row.update((k, said[k]) for k in ("version", "note", "schedule", "workspace_bytes",
                                          "code_bytes") if said.get(k))
        row.update(worker.ask("first"))
        reference = self.file(row["family"] + ".npy")
        if row["name"] in self.suite.references():
            checked = worker.ask("verify")
            if checked["failures"]:
                raise WorkerError("wrong: " + checked["what"])
            worker.ask("write " + reference)
            return None
        worker.ask("write " + self.file("got.npy"))
        near = self.tool("compare", reference, self.file("got.npy"))
        row["max_abs"] = near["max_abs"]
        if near["max_abs"] > TOLERANCE * near["rms"]:
            raise WorkerError(f"wrong: off by {near['max_abs']:.3g} where the output's root mean "
                              f"square is {near['rms']:.3g}")
        return None

    # ---- timing

    def turn(self, row):
        worker = self.workers[row["name"]]
        if "again" not in row:
            row["again"] = self.again(row)
        turn, warm = (max(1, math.ceil(ns / row["again"])) for ns in (CLOCKED_NS, WARM_NS))
        self.peak.append(self.peak_worker.ask("run 1")["gflops"])
        if row["again"] < LONG_NS:
            worker.ask(f"run {warm}")
        row["ns"].append(worker.ask(f"run {turn}")["ns"])

    def again(self, row):
        """What a run takes that is not the first."""
        if row["first_ns"] >= LONG_NS:
            return row["first_ns"]
        return self.workers[row["name"]].ask("run 3")["ns"]

    def summarise(self):
        peak = statistics.median(self.peak or [0])
        timed = {r["name"]: r for r in self.live}
        for row in self.live:
            ns, base = row["ns"], timed.get(self.suite.base_of(row))
            middle = statistics.median(ns)
            row.update(ms_median=middle / 1e6, ms_min=min(ns) / 1e6, ms_max=max(ns) / 1e6,
                       gflops=self.about["flops"] / middle,
                       peak_share=self.about["flops"] / middle / peak)
            if self.suite.unit:
                row["unit_ns"] = middle / self.suite.units(self.about)
            for key, other in (("ratio", base), ("ratio_deform", timed.get(self.suite.main))):
                if other:
                    row[key] = statistics.median(a / b for a, b in zip(ns, other["ns"]))
        return {"suite": self.run.known[self.workload], "workload": self.workload,
                "threads": self.threads, "peak_gflops": peak, "rounds": self.rounds,
                "problem": self.about, "rows": self.rows}

    def measure(self):
        try:
            self.make()
            self.start_all()
            self.settle_all(self.rows)
            self.take_turns()
            return self.summarise()
        finally:
            if self.peak_worker:
                self.peak_worker.close()
            self.close()


def names(text, known, what):
    chosen = [n for n in text.split(",") if n]
    for n in chosen:
        if n not in known:
            sys.exit(f"compare.py: no {what} '{n}': expected some of {','.join(known)}")
    return chosen


def workloads(args):
    """What the spec file calls its kernels, and which suite each belongs to."""
    found = {}
    for name in names(args.suite, SUITES, "suite") or USUAL:
        suite = SUITES[name]
        options = [w for d in [f"op={suite.op}", *args.defines] for w in ("-D", d)]
        listed = subprocess.run([args.worker, "list", spec_of(args, suite), *options],
                                stdout=subprocess.PIPE, text=True, check=False)
        if listed.returncode:
            sys.exit(listed.returncode)
        for workload in json.loads(listed.stdout):
            if workload.endswith(suite.ending):
                found.setdefault(workload, name)
    return found


def arguments():
    a = argparse.ArgumentParser(description="dcngen against other implementations")
    a.add_argument("--worker", required=True, help="the program dcngen_worker")
    a.add_argument("--suite", default="", help=f"some of {','.join(SUITES)}; by default {','.join(USUAL)}")
    a.add_argument("--spec", default="", help="by default that of the suite")
    a.add_argument("-D", dest="defines", action="append", default=[], metavar="NAME=VALUE")
    a.add_argument("--only", default="", help="workloads, as A,H1,R")
    a.add_argument("--threads", default="1,2")
    a.add_argument("--peers", default=",".join(PEERS), help="'' for none")
    a.add_argument("--peer-script", default=os.path.join(HERE, "peer.py"))
    a.add_argument("--seconds", type=float, default=15, help="of turns, for each cell")
    a.add_argument("--rounds", type=int, default=3, help="at least")
    a.add_argument("--quick", action="store_true", help="two rounds: are all there and right?")
    a.add_argument("--out", default="bench-results", help="folder of the results")
    args = a.parse_args()
    if args.quick:
        args.seconds, args.rounds = 0, 2
    args.peers = names(args.peers, PEERS, "peer")
    args.peer_command = [sys.executable, args.peer_script]
    args.known = workloads(args)
    args.workloads = names(args.only, args.known, "workload") or list(args.known)
    try:
        args.counts = [int(t) for t in args.threads.split(",")]
    except ValueError:
        sys.exit(f"compare.py: --threads {args.threads}: expected numbers, as 1,2")
    most = len(os.sched_getaffinity(0))
    if not all(1 <= t <= most for t in args.counts):
        sys.exit(f"compare.py: --threads {args.threads}: this machine has 1 to {most}")
    return args


def missing(cells):
    return {r["label"]: r["missing"] for c in cells for r in c["rows"] if "missing" in r}


def main():
    args = arguments()
    os.makedirs(args.out, exist_ok=True)
    now = datetime.datetime.now(datetime.timezone.utc)
    stem = os.path.join(args.out, now.strftime("%Y-%m-%d") + ("-quick" if args.quick else ""))
    with tempfile.TemporaryDirectory() as args.scratch, \
            open(stem + ".log", "w", encoding="utf-8") as args.log:
        result = {"schema": 1, "date": now.isoformat(timespec="seconds"), "quick": args.quick,
                  "machine": report.machine(), "cells": []}
        for threads in args.counts:
            for workload in args.workloads:
                cell = WorkloadCell(args, workload, threads).measure()
                result["cells"].append(cell)
                result["machine"]["llvm_cpu"] = cell["problem"].pop("cpu")
                print(report.cell_text(cell), flush=True)
                result["missing"] = missing(result["cells"])
                written = report.write_all(stem, result)
    for label, why in result["missing"].items():
        print(f"missing: {label}: {why}")
    print("written: " + " ".join(written))
    bad = [(c, r) for c in result["cells"] for r in c["rows"] if "error" in r]
    for c, r in bad:
        print(f"FAILED: {c['workload']}, {c['threads']} threads: {r['label']}: {r['error']}")
    return 1 if any(r["name"] in OURS for _, r in bad) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every finally
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except WorkerError as e:
        sys.exit(f"compare.py: {e}")
