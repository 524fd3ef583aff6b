#!/usr/bin/env python3
"""tuning_table.py: does tuning pay?  The table of docs/TUNING.md.

    bench/tuning_table.py --threads 1 --out build/tuning            about 20 minutes a kernel
    bench/tuning_table.py --only A,C --budget 30 --exhaustive 600   some of it, in less time

For each kernel of bench/workloads.lua:

    tuned       dcngen tune, twice, with different seeds and stores that know nothing of each other
    part        the same within a part of the space: all knobs but --free stay as they are guessed
    exhaustive  every schedule of that part, or as many as --exhaustive seconds allow, in the order of promise

In the end all winners and the guess are timed in turns by dcngen_schedules, in --rounds processes, and their ratios to
the guess compared.  Every step is put down when it is done, and `tune` itself goes on where it was stopped: start it
again and it goes on.
SPDX-License-Identifier: Apache-2.0
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_OF_TURNS = 0.7  # of each schedule, by the clock


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--dcngen", default="build/release/dcngen", help="the program")
    p.add_argument("--schedules", default="build/release/bench/dcngen_schedules", help="the one that compares the winners")
    p.add_argument("--spec", default=str(HERE / "workloads.lua"))
    p.add_argument("--only", default="", help="kernels, separated by commas; default: all of the spec")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--budget", type=float, default=60, help="seconds for each tuning")
    p.add_argument("--exhaustive", type=float, default=900, help="seconds for each exhaustive search")
    p.add_argument("--free", default="tile_h,tile_w,kc_channels", help="knobs of the part of the space")
    p.add_argument("--rounds", type=int, default=5, help="processes of the comparison at the end")
    p.add_argument("--out", default="build/tuning", help="folder of stores and results")
    return p.parse_args()


class Failed(Exception):
    pass


def dcngen(args, words, store, allowed=(0,)):
    """Standard output of one command, with a store of its own."""
    environment = dict(os.environ, DCNGEN_CACHE_DIR=str(store), DCNGEN_SYSTEM_DIR="/nonexistent")
    environment.pop("DCNGEN_CACHE", None)
    environment.pop("DCNGEN_TUNE", None)
    done = subprocess.run([args.dcngen, *words], env=environment, capture_output=True, text=True)
    if done.returncode not in allowed:
        raise Failed(f"dcngen {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def kernels(args):
    text = dcngen(args, ["show", "spec", "--json", args.spec], pathlib.Path(args.out) / "none")
    names = [k["name"] for k in json.loads(text)["kernels"]]
    wanted = [name for name in args.only.split(",") if name]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise Failed(f"no kernel {', '.join(unknown)} in {args.spec}")
    return wanted or names


def tune(args, name, store, seconds, seed, effort, schedule=None):
    words = ["tune", "--json", "--kernel", name, "--threads", str(args.threads), "--seed", str(seed),
             "--effort", effort, "--time", str(min(seconds, 3600)), "--trials", "10000", args.spec]
    if schedule:
        words += ["--schedule", schedule]
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    result = json.loads(dcngen(args, words, store, (0, 124)).splitlines()[-1])
    keep = ("schedule", "guess", "ns", "gain", "seconds", "done", "legal", "end", "drift")
    return {key: result[key] for key in keep}


def part_of(schedule, free):
    """The lowering and the knobs that stay."""
    words = schedule.split()
    return " ".join(w for w in words if w.split("=")[0] not in free)


def in_turns(args, name, schedules, ns):
    """Medians in ms, by schedule, of one process in which the schedules take turns."""
    turns = min(max(int(SECONDS_OF_TURNS * 1e9 / ns), 15), 300)
    words = [args.schedules, args.spec, name, str(args.threads), str(turns), *schedules]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: exit {done.returncode}: {(done.stdout + done.stderr).strip()[-500:]}")
    rows = re.findall(r"^ *([0-9.]+) +[0-9.]+ +[0-9.]+ +[0-9.]+%  (.*?)(?:  <- guess)?$", done.stdout, re.MULTILINE)
    return {schedule: float(ms) for ms, schedule in rows}


def compare(args, name, schedules, ns):
    """Times in ns.  What slows a process, pages that meet in a cache as much as other work on the machine, slows all
    its schedules: so each is a multiple of the guess, the median of those of several processes."""
    each = [in_turns(args, name, sorted(set(schedules.values())), ns) for _ in range(args.rounds)]
    guess = schedules["guess"]
    base = 1e6 * statistics.median(times[guess] for times in each)
    return {key: base * statistics.median(times[schedule] / times[guess] for times in each)
            for key, schedule in schedules.items()}


class Notes:
    """What was found of one kernel, written after every step."""

    def __init__(self, path):
        self.path = path
        self.data = json.loads(path.read_text()) if path.exists() else {}

    def step(self, key, work):
        if key not in self.data:
            print(f"  {key}", file=sys.stderr, flush=True)
            self.data[key] = work()
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(self.data, indent=1))
            fresh.replace(self.path)
        return self.data[key]


def measure(args, name):
    home = pathlib.Path(args.out) / f"{name}-{args.threads}"
    home.mkdir(parents=True, exist_ok=True)
    notes = Notes(home / "notes.json")
    first = notes.step("tuned", lambda: tune(args, name, home / "one", args.budget, 1, "measure"))
    second = notes.step("again", lambda: tune(args, name, home / "two", args.budget, 2, "measure"))
    part = part_of(first["guess"], args.free.split(","))
    within = notes.step("part", lambda: tune(args, name, home / "part", args.budget, 1, "measure", part))
    every = notes.step("every", lambda: tune(args, name, home / "every", args.exhaustive, 1, "exhaustive", part))
    notes.step("ns", lambda: compare(args, name, {
        "guess": first["guess"], "tuned": first["schedule"], "again": second["schedule"],
        "part": within["schedule"], "every": every["schedule"]}, first["ns"]))
    return notes.data


def ms(ns):
    return f"{ns / 1e6:.4g}"


def row(name, d):
    ns, every = d["ns"], d["every"]
    share = "all" if every["end"] == "complete" else f"{100 * every['done'] / max(every['legal'], 1):.0f} %"
    apart = abs(ns["tuned"] / ns["again"] - 1)
    cells = [name, ms(ns["guess"]), ms(ns["tuned"]), f"{ns['guess'] / ns['tuned']:.3f}", ms(ns["again"]),
             f"{100 * apart:.1f} %", ms(ns["part"]), ms(ns["every"]), f"{100 * (ns['part'] / ns['every'] - 1):+.1f} %",
             f"{every['done']} ({share})", f"{d['tuned']['done']} in {d['tuned']['seconds']:.0f} s",
             f"`{d['tuned']['schedule']}`"]
    return "| " + " | ".join(cells) + " |"


def table(args, found):
    plural = "" if args.threads == 1 else "s"
    print(f"{args.threads} thread{plural}; {args.budget:g} s for a tuning; the part of the space leaves "
          f"{args.free.replace(',', ', ')} open; times in ms.\n")
    print("| kernel | guess | tuned | gain | tuned again | apart | tuned in the part | best of the part | behind it "
          "| of so many | candidates | schedule |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
    for name, data in found.items():
        print(row(name, data))


def main():
    args = arguments()
    found, failed = {}, 0
    try:
        names = kernels(args)
    except (Failed, OSError) as e:
        sys.exit(f"tuning_table.py: {e}")
    for name in names:
        print(name, file=sys.stderr, flush=True)
        try:
            found[name] = measure(args, name)
        except Failed as e:
            print(f"tuning_table.py: {e}", file=sys.stderr)
            failed = 1
    table(args, found)
    sys.exit(failed)


if __name__ == "__main__":
    main()
