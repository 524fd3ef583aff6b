"""Batch norms and activations in a forward of the model's own: what goes into the kernel before it, and what does not.

SPDX-License-Identifier: Apache-2.0
"""

import copy
import io
import pickle

import pytest
import torch
from models import shake
from torch import nn
from torch.testing import assert_close
from torchvision import ops

import dcngen.torch
from dcngen.torch import following, log


class Bottleneck(nn.Module):
    """torchvision's, whose 3x3 convolution is deformable; one ReLU for all."""

    expansion = 4

    def __init__(self, channels=8, planes=4):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.offset = nn.Conv2d(planes, 27, 3, padding=1)
        self.conv2 = ops.DeformConv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, channels, 1, bias=False), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None

    def middle(self, out):
        made = self.offset(out)
        return self.conv2(out, made[:, :18], made[:, 18:].sigmoid())

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.middle(out)))
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Wrapped(nn.Module):
    """A layer that makes its own offsets, of torchvision's parts."""

    def __init__(self):
        super().__init__()
        self.offset = nn.Conv2d(8, 18, 3, padding=1)
        self.conv = ops.DeformConv2d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.conv(x, self.offset(x))


class Branch(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.atrous, self.bn, self.act = Wrapped(), nn.BatchNorm2d(8), act

    def forward(self, x):
        return self.act(self.bn(self.atrous(x)))


class Pack(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = dcngen.torch.ModulatedDeformConv2dPack(8, 8, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(8)])

    def forward(self, x):
        return torch.relu(self.norms[0](self.conv(x)))


def image():
    return torch.randn(2, 8, 5, 6).double()


def runs(model, x):
    """What it computes without gradients, and whether something was folded."""
    log.clear()
    with torch.no_grad():
        output = model(x)
    return output, "scale_shift = true" in dcngen.torch.explain()


def folds(model, x, want):
    output, folded = runs(model, x)
    assert_close(output, want)
    assert folded


def stays(model, x, want, why=None):
    text = dcngen.torch.explain()
    assert why is None or why in text, text
    output, folded = runs(model, x)
    assert_close(output, want)
    assert not folded


def optimized(model):
    log.clear()
    return dcngen.torch.optimize(model)


MODELS = [
    Bottleneck,
    lambda: nn.Sequential(Bottleneck(), Bottleneck()),
    lambda: Branch(nn.ReLU()),
    lambda: Branch(nn.SiLU()),
    lambda: Branch(nn.LeakyReLU()),
    Pack,
]


@pytest.mark.parametrize("make", MODELS)
def test_folds(make):
    model, x = shake(make()), image()
    want, state, kinds = model(x), model.state_dict(), [type(m) for m in model.modules()]
    references = list(model.modules())
    assert optimized(model) is model
    folds(model, x, want)
    assert list(model.state_dict()) == list(state)
    assert all(a is b for a, b in zip(model.modules(), references, strict=True))
    deformable = ops.DeformConv2d
    for module, kind in zip(references, kinds, strict=True):
        assert isinstance(module, kind) or kind is deformable or isinstance(module, nn.Sequential)
    folds(optimized(model), x, want)
    output = model(x)
    assert_close(output, want)
    output.sum().backward()


@pytest.mark.parametrize("make", MODELS)
def test_copies(make):
    model, x = shake(make()), image()
    want = model(x)
    optimized(model)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    more = {"weights_only": False} if torch.__version__ >= "2" else {}
    loaded = torch.load(file, **more)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), loaded):
        folds(twin, x, want)
        assert type(twin).__name__ == type(model).__name__
        assert not {id(m) for m in twin.modules()} & {id(m) for m in model.modules()}
        for m in twin.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.running_mean.add_(1)
        changed, folded = runs(twin, x)
        assert folded and not torch.allclose(changed, want)
    folds(model, x, want)
    part = copy.deepcopy(
        next(m for m in model.modules() if isinstance(m, dcngen.torch.DeformConv2d))
    )
    assert not any(isinstance(m, nn.BatchNorm2d) for m in part.modules())


def test_the_layer_by_itself():
    """Only inside the forward that was traced it takes anything along."""
    model, x = shake(Branch(nn.ReLU())), image()
    want = model.atrous(x)
    optimized(model)
    stays(model.atrous, x, want)
    normed = model.bn(x)
    with torch.no_grad():
        assert_close(model.bn(x), normed)


def test_training():
    model, x = shake(Bottleneck()), image()
    optimized(model.train())
    model.eval()
    folds(model, x, model(x))
    model.train()
    means = model.bn2.running_mean.clone()
    assert not runs(model, x)[1]
    assert not torch.equal(model.bn2.running_mean, means)
    model.eval()
    folds(model, x, model(x))
    model.bn2.train()
    assert not runs(model, x)[1]


@pytest.mark.parametrize("name", ["conv2", "bn2", "relu"])
def test_hooks(name):
    model, x = shake(Bottleneck()), image()
    optimized(model)
    seen = []
    hook = model.get_submodule(name).register_forward_hook(lambda m, i, o: seen.append(o.clone()))
    want = model(x)
    expected, seen[:] = list(seen), []
    output, folded = runs(model, x)
    assert_close(output, want)
    assert_close(seen, expected)
    assert folded == (name == "relu")
    hook.remove()
    folds(model, x, want)


def test_hooks_of_a_module_between():
    model, x = shake(Branch(nn.ReLU())), image()
    optimized(model)
    model.atrous.register_forward_hook(lambda m, i, o: o * 2)
    stays(model, x, model(x))


def test_hooks_of_all_modules():
    model, x = shake(Branch(nn.ReLU())), image()
    optimized(model)
    want = model(x)
    hook = nn.modules.module.register_module_forward_hook(lambda m, i, o: None)
    try:
        stays(model, x, want)
    finally:
        hook.remove()
    folds(model, x, want)


# ---- what stays ----------------------------------------------------------------------------------


class Depends(Branch):
    """Control flow that depends on numbers."""

    def forward(self, x):
        y = self.atrous(x)
        return self.act(self.bn(y)) if y.sum() > 0 else self.act(y)


class Reads(Branch):
    """Something else reads what the layer computes."""

    def forward(self, x):
        y = self.atrous(x)
        return self.act(self.bn(y)) + y


class Calls(Branch):
    """One layer, two batch norms."""

    def __init__(self):
        super().__init__(nn.ReLU())
        self.second = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.act(self.second(self.atrous(self.act(self.bn(self.atrous(x))))))


class Shares(nn.Module):
    """The layer stands in two places."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = dcngen.torch.DeformConv2dPack(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.other = nn.Sequential(nn.ReLU(), self.conv)

    def forward(self, x):
        return self.other(self.bn(self.conv(x)))


class Keeps(Branch):
    """What the layer computes is kept."""

    def forward(self, x):
        self.kept = self.atrous(x)
        return self.act(self.bn(self.kept))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Depends(nn.ReLU()), "Depends.forward cannot be traced"),
        (lambda: Reads(nn.ReLU()), "no batch norm or activation is the only reader"),
        (Calls, "Calls.forward calls it 2 times, expected once"),
        (Shares, "Shares has it in several places"),
        (lambda: Keeps(nn.ReLU()), "Keeps.forward sets kept"),
    ],
)
def test_stays(make, why):
    model, x = shake(make()), image()
    want = model(x)
    before = set(vars(model))
    stays(optimized(model), x, want, why)
    assert set(vars(model)) == before
    stays(copy.deepcopy(model).train(False), x, want)


class Switch(Branch):
    """An attribute, an argument and a list decide what happens."""

    def __init__(self):
        super().__init__(nn.ReLU())
        self.raw, self.ways = False, [False]

    def forward(self, x, raw=None):
        y = self.atrous(x)
        if self.raw or raw or self.ways[0]:
            return y
        return self.act(self.bn(y))


def test_another_way_than_the_traced():
    model, x = shake(Switch()), image()
    want, raw = model(x), model(x, True)
    optimized(model)
    folds(model, x, want)
    with torch.no_grad():
        assert_close(model(x, True), raw)
        assert_close(model(x, raw=True), raw)
        model.raw = True
        assert_close(model(x), raw)
        model.raw = False
    folds(model, x, want)
    model.ways[0] = True
    with torch.no_grad():
        assert_close(model(x), raw)
    assert "another way than the one that was traced" in dcngen.torch.explain()
    model.ways[0] = False
    stays(model, x, want)
    folds(optimized(model), x, want)


def test_other_parts():
    """Put in after the trace."""
    model, x = shake(Bottleneck()), image()
    optimized(model)
    model.bn2 = shake(nn.BatchNorm2d(4))
    stays(model, x, model(x))
    folds(optimized(model), x, model(x))


def test_modules_that_two_share():
    """Each folds the same batch norm behind its own layer."""
    first, second = shake(Bottleneck()), shake(Bottleneck())
    second.bn2, second.relu = first.bn2, first.relu
    model, x = nn.Sequential(first, second), image()
    want = model(x)
    optimized(model)
    folds(model, x, want)
    twin = copy.deepcopy(model)
    assert twin[0].bn2 is twin[1].bn2
    folds(twin, x, want)
    both = nn.Sequential(first, first)
    want = both(x)
    folds(optimized(both), x, want)


def test_no_marks_are_left():
    model, x = shake(Branch(nn.ReLU())), image()
    output, folded = runs(optimized(model), x)
    assert folded and following._MARK not in vars(output)


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="torch has no compile")
def test_compile():
    model, x = shake(Bottleneck()), image()
    want = model(x)
    optimized(model)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        assert_close(compiled(x), want)
