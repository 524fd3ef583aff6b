"""numpy_first.py: a deformable convolution of numpy arrays, as a function and as a kernel of a spec.

    PYTHONPATH=python DCNGEN_LIBRARY=build/release/libdcngen.so /usr/bin/python3 examples/python/numpy_first.py

SPDX-License-Identifier: Apache-2.0
"""

import time
from pathlib import Path

import numpy as np

import dcngen

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape).astype(np.float32)


# 64 -> 64 channels on a 56x56 map, 3x3 taps: the layer of examples/first.lua.
x, weight = normal(1, 64, 56, 56), normal(64, 64, 3, 3) / 24
offset, mask = 2 * normal(1, 18, 56, 56), rng.random((1, 9, 56, 56), np.float32)

y = dcngen.deform_conv2d(x, offset, weight, padding=1, mask=mask)
print("a function:", y.shape, y.dtype)

kernel = dcngen.load(Path(__file__).parent.parent / "first.lua")
packed = kernel.pack(weight)  # once for many calls
out = np.empty_like(y)
kernel(input=x, weight=packed, offset=offset, mask=mask, out=out)
print("a kernel:  ", ", ".join(f"{t.name}{list(t.shape)}" for t in kernel.tensors))

times = []
for _ in range(20):
    start = time.perf_counter()
    kernel(input=x, weight=packed, offset=offset, mask=mask, out=out)
    times.append(time.perf_counter() - start)
print(
    f"a call:     {min(times) * 1e3:.2f} ms, {2 * y.size * 64 * 9 / min(times) / 1e9:.0f} GFLOP/s"
)

difference = np.abs(out - y).max()
print(f"difference: {difference:.1e}")
assert difference < 1e-4

text = (Path(__file__).parent.parent / "first.lua").read_text()
gradient = dcngen.load(text.replace('mask",', 'mask", gradient = { "input", "weight" },'))
grads = gradient(input=x, weight=weight, offset=offset, mask=mask, grad_output=np.ones_like(y))
print("gradients: ", ", ".join(f"{name}{list(g.shape)}" for name, g in grads.items()))
assert np.isclose(
    (grads["grad_weight"] * weight).sum(), y.sum(), rtol=1e-3
)  # y is linear in weight
