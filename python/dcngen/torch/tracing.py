"""Which batch norms and activations follow a layer in a ``forward`` of somebody's own: proven by a trace of torch.fx.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
import torch.fx
from torch import nn

from . import log
from .eager import compiling
from .fitting import has_hooks
from .following import Chain, Frame, activation, follow, is_norm
from .layers import DeformConv2d
from .sequence import PACKS, FusedSequential

_fx: Any = torch.fx  # which older versions have without types

#: Layers with such kernels; subclasses may do something else.
_LEADS = (DeformConv2d, *PACKS)

#: Attributes of modules that do not decide what a forward does, or are looked at by themselves.
_ASIDE = {"_proof", "_folds", "training", "_parameters", "_buffers", "_modules"}


class _UnprovenError(Exception):
    """Why a chain is left as it is."""


class _OutsideError(Exception):
    """The result of the layer is that of the module, which another one calls."""


# ---- the proof -----------------------------------------------------------------------------------


def _held(module: nn.Module) -> dict[str, Any]:
    own = {k: v for k, v in vars(module).items() if k not in _ASIDE}
    return {**own, **{f"{k}.": v for k, v in module._modules.items()}}


class Proof:
    """Chains, and what the modules whose forward was traced held then."""

    def __init__(self) -> None:
        self.chains: dict[nn.Module, Chain] = {}
        self._seen: dict[nn.Module, dict[str, Any]] = {}

    def add(self, lead: nn.Module, chain: Chain, traced: list[nn.Module]) -> None:
        """One more chain."""
        self.chains[lead] = chain
        self._seen.update((module, _held(module)) for module in traced)

    def holds(self, args: tuple[Any, ...], more: dict[str, Any]) -> bool:
        """Whether a call does what the trace did: in evaluation, attributes the same, and only tensors given."""
        if more or not all(map(_is_tensors, args)):
            return False
        for module, before in self._seen.items():
            now = _held(module)
            same = len(now) == len(before) and all(now.get(k, self) is v for k, v in before.items())
            if module.training or not same:
                return False
        return True


def _is_tensors(value: Any) -> bool:
    several = value if isinstance(value, tuple | list) else (value,)
    return all(isinstance(t, torch.Tensor) for t in several)


class _Tracer(_fx.Tracer):  # type: ignore[misc]
    """Looks into some modules, and takes all others as they are."""

    def __init__(self, inside: list[nn.Module]) -> None:
        super().__init__()
        self._inside = inside

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether it is a node by itself."""
        return not any(m is module for module in self._inside)


def _twin(module: nn.Module) -> nn.Module:
    """A copy of the module in evaluation, to which a trace may do what it likes."""
    kind = _plain(module)
    kind = nn.Sequential if kind is FusedSequential else kind
    twin = kind.__new__(kind)
    for name, value in vars(module).items():
        copied = copy.copy(value) if isinstance(value, dict | list | set) else value
        twin.__dict__[name] = copied
    twin.__dict__["training"] = False
    return twin


def _path(top: nn.Module, name: str) -> list[nn.Module]:
    """The modules from the top to the one that has the layer."""
    path = [top]
    for part in name.split(".")[:-1]:
        path.append(path[-1]._modules[part])  # type: ignore[arg-type]
    return path


def _trace(path: list[nn.Module], names: list[str]) -> tuple[Any, nn.Module]:
    """The graph of the first of them, into the others; and what its nodes refer to."""
    twins = [_twin(module) for module in path]
    for outer, name, inner in zip(twins, names, twins[1:], strict=False):
        outer._modules[name] = inner
    before = [_held(twin) for twin in twins]
    parameters = inspect.signature(twins[0].forward).parameters.values()
    given = {p.name: p.default for p in parameters if p.default is not p.empty}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = _Tracer(twins).trace(twins[0], concrete_args=given or None)
    except Exception as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise _UnprovenError(f"{type(path[0]).__name__}.forward cannot be traced: {why}") from None
    for twin, held in zip(twins, before, strict=True):
        changed = {k for k, v in _held(twin).items() if held.get(k, before) is not v}
        if changed:
            raise _UnprovenError(f"{type(twin).__name__}.forward sets {min(changed)}")
    return graph, twins[0]


def _follower(root: nn.Module, node: Any) -> nn.Module | None:
    """The module that is the only one to read what a node computes."""
    user = next(iter(node.users))
    alone = len(node.users) == 1 and user.op == "call_module"
    if not alone or user.args != (node,) or user.kwargs:
        return None
    return root.get_submodule(str(user.target))


def _head(graph: Any, root: nn.Module, lead: nn.Module) -> Any:
    calls = [node for node in graph.nodes if node.op == "call_module"]
    calls = [node for node in calls if root.get_submodule(str(node.target)) is lead]
    if len(calls) != 1:
        raise _UnprovenError(
            f"{type(root).__name__}.forward calls it {len(calls)} times, expected once"
        )
    node = calls[0]
    users = list(node.users)
    if len(users) == 1 and users[0].op == "output" and users[0].args == (node,):
        raise _OutsideError
    return node


def _chain(top: nn.Module, name: str) -> tuple[nn.Module, Chain, list[nn.Module]]:
    """The layer of that name below a module, what follows it, and the modules that were traced."""
    path = _path(top, name)
    lead = top.get_submodule(name)
    if sum(module is lead for _, module in top.named_modules(remove_duplicate=False)) != 1:
        raise _UnprovenError(f"{type(top).__name__} has it in several places")
    if any("forward" in vars(module) for module in path) or any(map(has_hooks, path[1:])):
        raise _UnprovenError("a module around it has hooks, or a forward that is not its class's")
    graph, root = _trace(path, name.split("."))
    node = _head(graph, root, lead)
    norm = found = _follower(root, node) if node.users else None
    if is_norm(found):
        node = next(iter(node.users))
        found = _follower(root, node) if node.users else None
    else:
        norm = None
    act = found if activation(found) else None
    if norm is None and act is None:
        raise _UnprovenError("no batch norm or activation is the only reader of its result")
    return lead, Chain(norm, act, tuple(path[1:])), path  # type: ignore[arg-type]


# ---- modules that fold ---------------------------------------------------------------------------


class Folding:
    """A base of modules in whose forward layers take along what follows them."""

    _proof: Proof | None
    _folds: tuple[str, ...]

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copy is of the class that it was made from, without the proof, which is made anew."""
        whole: Any = super().__reduce_ex__(protocol)
        make, args, state, *rest = whole
        kind = type(self)
        args = tuple(_plain(self) if a is kind else a for a in args)  # type: ignore[arg-type]
        if isinstance(state, dict):
            state = {k: v for k, v in state.items() if k != "_proof"}
        return _remade, (make, *args), state, *rest

    def __setstate__(self, state: Any) -> None:
        """As of a module."""
        super().__setstate__(state)  # type: ignore[misc]
        _prove(self, vars(self).get("_folds", ()))  # type: ignore[arg-type]


def _remade(make: Callable[..., nn.Module], *args: Any) -> nn.Module:
    module = make(*args)
    module.__class__ = _folding(type(module))
    return module


def _plain(module: nn.Module) -> type[nn.Module]:
    kind = type(module)
    return kind.__mro__[2] if issubclass(kind, Folding) else kind


_made: dict[type[nn.Module], type[nn.Module]] = {}


def _folding(kind: type[nn.Module]) -> type[nn.Module]:
    """The class, by the same name, whose forward folds; always the same one."""
    return _made.get(kind) or _made.setdefault(kind, _make(kind))


def _make(kind: type[nn.Module]) -> type[nn.Module]:
    @wraps(kind.forward)
    def forward(self: Any, *args: Any, **more: Any) -> Any:
        proof = None if compiling() else vars(self).get("_proof")
        if proof is None or not proof.holds(args, more):
            return kind.forward(self, *args, **more)
        with Frame(proof.chains) as frame:
            output = kind.forward(self, *args)
        if frame.complete():
            return output
        self._proof = None
        log.left(_call(kind), "forward took another way than the one that was traced")
        return kind.forward(self, *args)

    own = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "forward": forward}
    return type(kind.__name__, (Folding, kind), {**own, "__doc__": kind.__doc__})


def _call(kind: type[nn.Module], name: str = "") -> str:
    return f"optimize, what follows {kind.__qualname__}{name and '.'}{name}"


def _prove(module: nn.Module, names: tuple[str, ...]) -> None:
    """Chains of layers by their names below a module."""
    proof = Proof()
    for name in names:
        try:
            lead, chain, traced = _chain(module, name)
        except _OutsideError:
            continue
        except _UnprovenError as why:
            log.left(_call(_plain(module), name), str(why))
            continue
        proof.add(lead, chain, traced)
        for part in (chain.norm, chain.activation):
            if part is not None:
                follow(part)
        lead.leads = True  # type: ignore[assignment]
    module.__dict__["_proof"] = proof if proof.chains else None


def _home(model: nn.Module, name: str) -> tuple[nn.Module, str] | None:
    """The smallest module that calls the layer and what follows it, and the layer's name below it."""
    parts = name.split(".")
    for i in range(len(parts) - 1, -1, -1):
        top = model.get_submodule(".".join(parts[:i]))
        below = ".".join(parts[i:])
        if isinstance(top, nn.Sequential | nn.ModuleList | nn.ModuleDict):
            # What follows in a Sequential is folded there; from a list somebody further out calls it.
            if isinstance(top, nn.Sequential) and parts[i] != list(top._modules)[-1]:
                return None
            continue
        try:
            _chain(top, below)
        except _OutsideError:
            continue
        except _UnprovenError as why:
            log.left(_call(_plain(top), below), str(why))
            return None
        return top, below
    return None


def _leads(model: nn.Module) -> Iterator[str]:
    for name, module in model.named_modules(remove_duplicate=False):
        if name and type(module) in _LEADS:
            yield name


def fold(model: nn.Module) -> None:
    """Let modules of a model fold where that is proven."""
    homes: dict[nn.Module, list[str]] = {m: [] for m in model.modules() if isinstance(m, Folding)}
    for name in _leads(model):
        home = _home(model, name)
        if home is not None and home[1] not in homes.setdefault(home[0], []):
            homes[home[0]].append(home[1])
    for module, names in homes.items():
        module.__dict__["_folds"] = tuple(names)
        if not isinstance(module, Folding):
            module.__class__ = _folding(type(module))
        _prove(module, tuple(names))
