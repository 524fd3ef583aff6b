"""A model of PyTorch that answers what ``dcngen visualize pipe:`` asks (docs/VISUALIZE.md lists the questions).

Everything is computed in double precision, on a copy of the model. A forward goes as far as the layer that is asked
for, and the calls of deformable operators on the way are watched: what says where they sample becomes a tensor of its
own, by which autograd differentiates, or which is held.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..error import wrong
from .visualize_calls import Call, Given, Run, Watch

Tensor = torch.Tensor
Values = NDArray[np.float64]
Answer = tuple[dict[str, Any], Values | None]
Forward = Callable[[nn.Module, Tensor], Any]
_LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def safe_name(name: str) -> str:
    """The name of a layer in names of files."""
    return "".join(c if c in _LETTERS else "-" for c in name)


class _Reached(BaseException):
    """Ends a forward where what was asked for is there. No model may catch it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Seen(NamedTuple):
    """A call of a deformable operator in one forward."""

    name: str
    call: Call
    given: Given  # with what it was given instead of its own
    first: int  # the first call with the same offsets
    made_by: Any  # nodes of autograd's graph: of its output, and of what it samples
    samples: Any


class _Wish(NamedTuple):
    """What is done with offsets during a forward."""

    layer: str
    keep: bool = False  # they can be differentiated by
    fixed: bool = False  # they, and masks, are numbers
    instead: dict[int, Given] | None = None  # operands of calls, by number


class _Trace:
    """One forward, as far as the layer."""

    def __init__(self, model: Watched, image: Tensor, wish: _Wish) -> None:
        self.image, self.wish, self.calls = image, wish, list[_Seen]()
        self._model = model
        self._first: dict[Any, int] = {}
        try:
            with torch.set_grad_enabled(image.requires_grad):
                model.watch.during(self._deformed, lambda: model.run(image, wish.layer))
        except _Reached as reached:
            self.value = _tensor_of(reached.value, wish.layer)
        else:
            model.lacks(wish.layer, [seen.name for seen in self.calls])

    def _place(self, number: int, place: Tensor) -> Tensor:
        """What a call is given instead of that."""
        if not self.wish.keep:
            return place
        if self._first.setdefault(_identity(place), number) != number:
            first = self.calls[self._first[_identity(place)]]
            return first.given[first.call.where()]
        if self.wish.fixed or not place.requires_grad:
            held: Tensor = place.detach().requires_grad_()
            return held
        own: Tensor = place.view_as(place)
        return own

    def _deformed(self, call: Call, run: Run) -> Tensor:
        number, where, given = len(self.calls), call.where(), call.given.copy()
        given[where] = self._place(number, given[where])
        if self.wish.fixed and "mask" in given:
            given["mask"] = given["mask"].detach()
        given.update((self.wish.instead or {}).get(number, {}))
        output = run(given)
        taken = [seen.name for seen in self.calls]
        name = self._model.name_of(call, taken)
        first = self._first.get(_identity(call.given[where]), number)
        made_by, samples = output.grad_fn, call.given["input"].grad_fn
        self.calls.append(_Seen(name, call, given, first, made_by, samples))
        if name == self.wish.layer and not self._model.has(name):
            raise _Reached(output)
        return output


def _identity(t: Tensor) -> Any:
    """What tells a living tensor's memory from others."""
    return t.data_ptr(), tuple(t.shape), t.stride()


def _tensor_of(value: Any, layer: str) -> Tensor:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    if not isinstance(value, Tensor) or value.ndim not in (2, 4):
        what = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        wrong(f"visualize: layer '{layer}' makes {what}, expected a tensor of 4 dimensions, or 2")
    return value


def _reached(node: Any) -> set[Any]:
    """All of autograd's graph that leads there."""
    seen, waiting = set[Any](), [node]
    while waiting:
        here = waiting.pop()
        if here is not None and here not in seen:
            seen.add(here)
            waiting += (following for following, _ in here.next_functions)
    return seen


class Watched:
    """A copy of a model, every module of which says when it runs."""

    def __init__(self, model: nn.Module, forward: Forward | None) -> None:
        try:
            self._model = copy.deepcopy(model).double().eval().requires_grad_(False)
        except (RuntimeError, TypeError) as reason:
            wrong(f"visualize: the model cannot be copied: {reason}")
        self._forward = forward or (lambda module, image: module(image))
        self._paths = {id(m): safe_name(name) for name, m in self._model.named_modules()}
        self._owners = {
            id(p): path.rpartition(".")[0] for path, p in self._model.named_parameters()
        }
        self._running: list[str] = []
        self._layer = ""
        for module in self._model.modules():
            module.register_forward_pre_hook(self._enter)
            module.register_forward_hook(self._leave)
        self.watch = Watch()

    def _enter(self, module: nn.Module, _inputs: Any) -> None:
        self._running.append(self._paths[id(module)])

    def _leave(self, module: nn.Module, _inputs: Any, output: Any) -> None:
        if self._running.pop() == self._layer:
            raise _Reached(output)

    def device(self) -> Any:
        """Where its first parameter is."""
        return next((p.device for p in self._model.parameters()), torch.device("cpu"))

    def title(self) -> str:
        """What it is called."""
        return type(self._model).__name__

    def has(self, layer: str) -> bool:
        """Whether there is a module of that name."""
        return layer in self._paths.values()

    def run(self, image: Tensor, layer: str) -> None:
        """As far as the layer, which raises _Reached."""
        self._running.clear()
        self._layer = layer
        self._forward(self._model, image)

    def name_of(self, call: Call, taken: list[str]) -> str:
        """After the module whose weight it has, else the one in which it is called; no name twice."""
        weight = call.given.get("weight")
        inside = self._running[-1] if self._running else ""
        name = safe_name(self._owners.get(id(weight)) or inside or call.op)
        number = 1 + sum(other.rpartition("-")[0] == name or other == name for other in taken)
        return name if number == 1 else f"{name}-{number}"

    def lacks(self, layer: str, calls: list[str]) -> NoReturn:
        """An error."""
        if self.has(layer):
            wrong(f"visualize: layer '{layer}' did not run")
        names = sorted({*filter(None, self._paths.values()), *calls})
        listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        wrong(f"visualize: the model has no layer '{layer}'; it has {listed}")


class Answering:
    """Answers questions about one model.

    Args:
        model: Watched.
        shape: (C, H, W) of its image.
        image: That, where it is given in numbers.
        layout: "nchw" or "nhwc": how the layers of nodes lie.
    """

    def __init__(
        self, model: Watched, shape: tuple[int, int, int], image: Values | None, layout: str
    ) -> None:
        self._model, self._shape, self._image, self._layout = model, shape, image, layout
        self._on_the_way: list[int] = []  # numbers of those calls that lead to the layer
        self._kept: _Trace | None = None
        self._node = (0, 0, 0)
        self._gradients: list[Tensor | None] = []

    def answer(self, question: dict[str, Any], values: Values) -> Answer:
        """What the program asks, with the values behind it."""
        answers: dict[str, Callable[[dict[str, Any], Values], Answer]] = {
            "model": self._describe,
            "layer": self._lay_out,
            "forward": self._forward,
            "backward": self._backward,
            "places": self._places,
            "held": self._held,
            "probe": self._probe,
        }
        return answers[question["ask"]](question, values)

    # ---- what there is ---------------------------------------------------------------------------

    def _describe(self, _question: dict[str, Any], _values: Values) -> Answer:
        return {"network": self._model.title(), "image": list(self._shape)}, self._image

    def _tensor(self, values: Values) -> Tensor:
        plain = torch.from_numpy(values.reshape(1, *self._shape).copy())
        image: Tensor = plain.to(self._model.device()).requires_grad_()
        return image

    def _map(self, trace: _Trace) -> Tensor:
        """What the layer made, [N, H, W, C]."""
        value = trace.value
        if value.ndim == 2:
            value = value[:, None, None, :]
        elif self._layout == "nchw":
            value = value.permute(0, 2, 3, 1)
        return value

    def _lay_out(self, question: dict[str, Any], values: Values) -> Answer:
        trace = _Trace(self._model, self._tensor(values), _Wish(question["layer"], keep=True))
        node = trace.value.grad_fn
        if node is None:
            wrong(f"visualize: '{question['layer']}' does not depend on the image by a gradient")
        leads = _reached(node)
        self._on_the_way = [i for i, seen in enumerate(trace.calls) if seen.made_by in leads]
        layers, regions = [], []
        for i in self._on_the_way:
            seen = trace.calls[i]
            below = _reached(seen.samples)
            before = [
                k for k, at in enumerate(self._on_the_way) if trace.calls[at].made_by in below
            ]
            layers.append(
                {"name": seen.name, "spec": seen.call.spec(), "below": max(before, default=-1)}
            )
            if "rois" in seen.call.given:
                regions.append(_numbers(seen.call.given["rois"]).ravel())
        answer = {"shape": list(self._map(trace).shape), "last": len(layers) - 1, "layers": layers}
        return answer, np.concatenate(regions) if regions else None

    # ---- one image ---------------------------------------------------------------------------------

    def _channels(self, trace: _Trace) -> Tensor:
        f: Tensor = self._map(trace)[self._node]
        return f

    def _forward(self, question: dict[str, Any], values: Values) -> Answer:
        image, self._node = self._tensor(values), tuple(question["node"])
        if not question["keep"]:
            trace = _Trace(self._model, image.detach(), _Wish(question["layer"]))
            return {}, _numbers(self._channels(trace))
        wish = _Wish(question["layer"], keep=True, fixed=question["fixed"])
        self._kept = trace = _Trace(self._model, image, wish)
        return {}, _numbers(self._channels(trace))

    def _place(self, number: int) -> tuple[Call, Tensor]:
        """What says where a kept call, by its number on the way, samples, and who reads it."""
        assert self._kept is not None
        seen = self._kept.calls[self._on_the_way[number]]
        return seen.call, seen.given[seen.call.where()]

    def _backward(self, _question: dict[str, Any], values: Values) -> Answer:
        assert self._kept is not None
        f = self._channels(self._kept)
        by = [self._place(i)[1] for i in range(len(self._on_the_way))]
        seed = torch.from_numpy(values.copy()).to(f.device)
        unique = list({id(t): t for t in [self._kept.image, *by]}.values())
        grads = torch.autograd.grad(f, unique, seed, allow_unused=True)
        found = {id(t): g for t, g in zip(unique, grads, strict=True)}
        self._gradients = [found[id(t)] for t in by]
        image = found[id(self._kept.image)]
        return {}, np.zeros(self._shape) if image is None else _numbers(image)

    def _places(self, question: dict[str, Any], _values: Values) -> Answer:
        call, place = self._place(question["number"])
        if question["gradient"]:
            grad = self._gradients[question["number"]]
            place = torch.zeros_like(place) if grad is None else grad
        return {}, _numbers(place if call.channels_last() else place.permute(0, 2, 3, 1))

    def _probe(self, question: dict[str, Any], values: Values) -> Answer:
        """With other places of one layer, and of all that share its offsets; held ones stay."""
        assert self._kept is not None
        kept = self._kept
        call, place = self._place(question["number"])
        shape = place.shape if call.channels_last() else place.permute(0, 2, 3, 1).shape
        moved = torch.from_numpy(values.reshape(shape).copy()).to(place.device)
        moved = moved if call.channels_last() else moved.permute(0, 3, 1, 2)
        instead = self._what_is_held() if kept.wish.fixed else {}
        first = kept.calls[self._on_the_way[question["number"]]].first
        for i, seen in enumerate(kept.calls):
            if seen.first == first:
                instead[i] = {**instead.get(i, {}), seen.call.where(): moved}
        wish = _Wish(kept.wish.layer, instead=instead)
        return {}, _numbers(self._channels(_Trace(self._model, kept.image.detach(), wish)))

    def _what_is_held(self) -> dict[int, Given]:
        """Offsets and masks of all calls of the kept image."""
        assert self._kept is not None
        return {
            i: {k: t.detach() for k, t in seen.given.items() if k in (seen.call.where(), "mask")}
            for i, seen in enumerate(self._kept.calls)
        }

    def _held(self, _question: dict[str, Any], values: Values) -> Answer:
        """Another image with them."""
        assert self._kept is not None
        wish = _Wish(self._kept.wish.layer, instead=self._what_is_held())
        return {}, _numbers(
            self._channels(_Trace(self._model, self._tensor(values).detach(), wish))
        )


def _numbers(t: Tensor) -> Values:
    return np.ascontiguousarray(t.detach().cpu().double().numpy())
