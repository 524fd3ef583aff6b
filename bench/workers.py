"""workers.py: processes that run one implementation when asked, and stand still otherwise.

A worker answers each line with one line of JSON.  Between two questions it is stopped by a signal,
so that no thread pool of it spins while another one is on the clock.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes
import json
import os
import selectors
import signal
import subprocess
import time


class WorkerError(Exception):
    """What a worker said was wrong, or how it died."""


PR_SET_PDEATHSIG = 1
# Memory that was freed stays with the process: what fresh pages cost is the system's, and no implementation's.
KEEP = "glibc.malloc.trim_threshold=4294967296:glibc.malloc.mmap_threshold=33554432"


def at_birth(cpus):
    """In the child: stay on these cores, and do not outlive this process, not even stopped."""
    os.sched_setaffinity(0, cpus)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Worker:
    def __init__(self, command, threads, log):
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        count = str(threads)
        env = dict(os.environ, OMP_NUM_THREADS=count, OPENBLAS_NUM_THREADS=count,
                   MKL_NUM_THREADS=count, CUDA_VISIBLE_DEVICES="", GLIBC_TUNABLES=KEEP)
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, bufsize=0,
            preexec_fn=lambda: at_birth(cpus))
        self.buffer = b""

    def answer(self, timeout):
        """The next line; a dead, mute or complaining worker is an exception."""
        until = time.monotonic() + timeout
        with selectors.DefaultSelector() as wait:
            wait.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.buffer:
                if not wait.select(max(0, until - time.monotonic())):
                    raise WorkerError(f"no answer in {timeout:.0f} s")
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise WorkerError(self.epitaph())
                self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        said = json.loads(line)
        if "error" in said:
            raise WorkerError(said["error"])
        return said

    def epitaph(self):
        code = self.process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def ready(self, timeout=300):
        said = self.answer(timeout)
        self.pause()
        return said

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, question, timeout=300):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write((question + "\n").encode())
        except BrokenPipeError:
            raise WorkerError(self.epitaph()) from None
        said = self.answer(timeout)
        self.pause()
        return said

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
