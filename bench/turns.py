"""turns.py: what is compared takes turns.

Every implementation has a row and a worker of its own (workers.py). What cannot run, or is wrong, is told in its row and
dropped; the others go round after round, beginning with another one each time, so that a slow minute of the machine
slows all alike.

SPDX-License-Identifier: Apache-2.0
"""
import shutil
import tempfile
import time

from workers import Worker, WorkerError


class Cell:
    """One thing on one number of threads. ``run`` has scratch, log, rounds (at least) and seconds (at least).

    Subclasses say how a row settles (waits until it is ready, and is right, or raises WorkerError), what one turn is
    (appends to ``row["ns"]``), and what is told in the end.
    """

    def __init__(self, run, threads):
        self.run, self.threads, self.rounds = run, threads, 0
        self.folder = tempfile.mkdtemp(prefix="cell-", dir=run.scratch)
        self.workers, self.rows, self.live = {}, [], []

    def add(self, row, command):
        self.rows.append(row)
        self.workers[row["name"]] = Worker(command, self.threads, self.run.log)

    def drop(self, row, why, key="error"):
        row[key] = why
        self.workers.pop(row["name"]).close()

    def attempt(self, step, row):
        try:
            step(row)
        except WorkerError as e:
            self.drop(row, str(e))

    def settle(self, row):
        raise NotImplementedError

    def turn(self, row):
        raise NotImplementedError

    def settle_all(self, rows):
        for row in rows:
            self.attempt(self.settle, row)
        self.live = [r for r in self.rows if r["name"] in self.workers]

    def take_turns(self):
        until = time.monotonic() + self.run.seconds
        for row in self.live:
            row["ns"] = []
        while self.live and (self.rounds < self.run.rounds or time.monotonic() < until):
            begin = self.rounds % len(self.live)
            for row in self.live[begin:] + self.live[:begin]:
                self.attempt(self.turn, row)
            self.live = [r for r in self.live if r["name"] in self.workers]
            self.rounds += 1

    def close(self):
        for worker in self.workers.values():
            worker.close()
        shutil.rmtree(self.folder)
