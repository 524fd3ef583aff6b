"""Memory of results of PyTorch's calls is used again when nobody holds it, and not before.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import gc
import pickle

import pytest
import torch

import dcngen
import dcngen.torch
from dcngen import _blocks
from dcngen._blocks import LEAST
from dcngen.torch import results

SHAPE = (LEAST // 4 + 8,)
SIZE = 4 * SHAPE[0]

pooled = pytest.mark.skipif(
    results._owners is None, reason="this torch does not tell who owns a storage"
)


def new(shape=SHAPE):
    return results.new(shape, torch.float32)


@pooled
def test_what_is_dead_is_used_again():
    first = new()
    place = first.data_ptr()
    del first
    second = new()
    assert second.data_ptr() == place and second.is_contiguous() and second.shape == SHAPE


HOLDERS = {
    "itself": lambda t: t,
    "view": lambda t: t[3:5],
    "detached": lambda t: t.detach(),
    "numpy": lambda t: t.numpy(),
    "DLPack": torch.utils.dlpack.from_dlpack,
    "capsule": torch.utils.dlpack.to_dlpack,
    "storage": lambda t: getattr(t, "untyped_storage", t.storage)(),
    "set": lambda t: torch.empty(0).set_(t),
    "graph": lambda t: (t[:2] * torch.ones(2, requires_grad=True)).grad_fn,
    "parameter": torch.nn.Parameter,
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_is_held_is_never_given_out(holder):
    first = new()
    place, held = first.data_ptr(), HOLDERS[holder](first)
    del first
    others = [new() for _ in range(3)]
    assert place not in [t.data_ptr() for t in others]
    del held, others
    gc.collect()


def test_results_may_be_resized_shared_copied_and_pickled():
    for _ in range(2):
        t = new()
        t[:] = 3
        assert torch.equal(pickle.loads(pickle.dumps(t)), t)
        assert torch.equal(copy.deepcopy(t), t)
        t.resize_(2 * SHAPE[0])
        assert t.shape == (2 * SHAPE[0],)
        del t
    kept = new()
    kept.share_memory_()
    place = kept.data_ptr()
    del kept
    again = new()
    assert not again.is_shared() and again.data_ptr() != place
    again.numpy()
    del again
    assert new().resize_(2 * SHAPE[0]).numel() == 2 * SHAPE[0]


@pooled
def test_the_bound_is_kept(monkeypatch):
    monkeypatch.setattr(_blocks, "LIMIT", 2 * SIZE)
    kept = [new() for _ in range(5)]
    assert len({t.data_ptr() for t in kept}) == 5 and 0 < results._storages.bytes <= 2 * SIZE
    dcngen.clear_cache()
    assert results._storages.bytes == 0
    monkeypatch.setattr(_blocks, "LIMIT", 0)
    new()
    assert results._storages.bytes == 0


def test_training_keeps_what_it_saved():
    """Outputs and gradients of one step, and those of a second one, which may take the memory of what died since."""
    torch.manual_seed(3)
    x = torch.randn(2, 8, 64, 64, requires_grad=True)
    offset = torch.randn(2, 18, 64, 64, requires_grad=True)
    weight = torch.randn(8, 8, 3, 3, requires_grad=True)

    def step():
        y = dcngen.torch.deform_conv2d(x, offset, weight, padding=1)
        z = dcngen.torch.deform_conv2d(y.tanh() + y, offset, weight, padding=1)
        return y, torch.autograd.grad((z * z).sum() + (y * y).sum(), (x, offset, weight))

    y, grads = step()
    before = [t.detach().clone() for t in (y, *grads)]
    for _ in range(3):
        again, others = step()
        for old, fresh in zip(before, (again, *others), strict=True):
            torch.testing.assert_close(fresh, old)
    for old, t in zip(before, (y, *grads), strict=True):
        assert torch.equal(old, t.detach())


@pooled
def test_memory_from_inference_mode_serves_training():
    with torch.inference_mode():
        place = new().data_ptr()
    t = new()
    assert t.data_ptr() == place and not t.is_inference()
    t.requires_grad_().sum().backward()
