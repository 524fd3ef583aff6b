"""peer.py PEER DIR THREADS: one peer in its own process; answers as dcngen_worker time does.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import sys
import time

from resident import mark, status


def say(**answer):
    os.write(answer_fd, (json.dumps(answer) + "\n").encode())


def first(peer, _):
    before, start = mark(), time.perf_counter_ns()
    peer.run()
    took = time.perf_counter_ns() - start
    fresh = peer.output().nbytes if peer.fresh_output else 0
    say(first_ns=took, rss_bytes=max(0, status("VmHWM") - before - fresh))


def run(peer, rest):
    times = max(1, int(rest))
    start = time.perf_counter_ns()
    for _ in range(times):
        peer.run()
    say(ns=(time.perf_counter_ns() - start) / times)


def write(peer, rest):
    import numpy as np
    np.save(rest, np.ascontiguousarray(peer.output()))
    say()


def aligned(np, array):
    """The array where a line of the caches begins, as its peers' memory does."""
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    there = room[start:start + array.nbytes].view(array.dtype).reshape(array.shape)
    there[...] = array
    return there


def open_peer(name, folder, threads):
    import numpy as np
    import peers
    import peers_family
    import peers_hosts
    with open(os.path.join(folder, "cell.json"), encoding="utf-8") as f:
        cell = json.load(f)
    path = lambda n: os.path.join(folder, n + ".npy")
    names = ("input", "weight", "offset", "mask", "offset_mask", "rois", "grad_output")
    arrays = {n: aligned(np, np.load(path(n))) for n in names if os.path.exists(path(n))}
    problem = peers.Problem(cell, arrays)
    kind = (peers.PEERS | peers_family.PEERS | peers_hosts.PEERS)[name]
    kind(problem.small(), threads).run()
    return kind(problem, threads)


def main():
    name, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    try:
        peer = open_peer(name, folder, threads)
    except ImportError as e:
        return say(missing=str(e).splitlines()[0])
    except Exception as e:  # a library may throw anything; the comparison goes on without it
        return say(error=f"{type(e).__name__}: {e}".splitlines()[0])
    say(ready=True, version=peer.version, note=getattr(peer, "note", ""))
    verbs = {"first": first, "run": run, "write": write}
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        try:
            verbs[verb](peer, rest)
        except Exception as e:
            return say(error=f"{type(e).__name__}: {e}".splitlines()[0])


# Libraries print to standard output as they please: answers go to a copy of it.
answer_fd = os.dup(1)
os.dup2(2, 1)
main()
