"""A network as text of the spec language.

A value is a local variable; it takes the name of one that is not needed any more, first of all that of what it is made
from, so that a chain of layers reads ``x = ... { x, ... }``.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from .network import Array, Key, Layer, Network, Value

WIDTH = 100
#: Variables that are locals of their own; Lua allows 200.
LOCALS = 150
#: What a key is worth where it is not written, by constructor or for all of them.
USUAL: dict[str, dict[str, Key]] = {
    "": {
        "stride": (1, 1),
        "padding": (0, 0, 0, 0),
        "dilation": (1, 1),
        "groups": 1,
        "offset_groups": 1,
        "aligned": False,
        "sampling_ratio": 0,
        "spatial_scale": 1.0,
        "gamma": 0.1,
        "offset_scale": 1.0,
        "remove_center": False,
        "modulation_scale": 1.0,
        "align_corners": False,
        "from": 0,
        "roi_format": "batch_xyxy",
        "ceil_mode": False,
        "count_include_pad": True,
    },
    "deform_conv2d": {"modulation": "none"},
    "dcnv3": {"modulation": "softmax", "padding": (1, 1, 1, 1), "kernel_size": (3, 3)},
    "dcnv4": {"modulation": "mask", "padding": (1, 1, 1, 1), "kernel_size": (3, 3)},
    "roi_pool": {"mode": "average"},
    "roi_align": {"mode": "average"},
    "resize": {"mode": "nearest"},
}
#: Names that are something else in a spec.
WORDS = frozenset(
    re.findall(
        r"\w+",
        """and break do else elseif end false for function goto if in local nil not or repeat return then true until while
        input network param include gradient v linear max_pool2d avg_pool2d add mul concat split slice resize layer_norm
        activation conv2d deform_conv2d deform_conv2d_pack separable_conv2d dcnv3 dcnv4 dcnv3_module dcnv4_module roi_pool
        ps_roi_pool roi_align ps_roi_align deform_roi_pool deform_ps_roi_pool deform_roi_pool_pack dynamic assert
        error ipairs next pairs select string table math tonumber tostring type""",
    )
)
#: Layers that may stand in another one, if their text is that short.
INLINE = {"slice", "concat", "activation", "mul", "resize"}
SHORT = 64
#: Layers that are worth a remark where they change the size of maps.
SIZED = {"conv2d", "deform_conv2d", "max_pool2d", "avg_pool2d", "resize", "dcnv3", "dcnv4"}


def identifier(text: str, most: int = 40) -> str:
    """Letters, digits and _, as C and Lua want them."""
    clean = re.sub(r"\W", "_", text, flags=re.ASCII)[:most]
    return clean if clean and not clean[0].isdigit() else f"_{clean}"


def _number(value: float) -> str:
    """As few digits as say which number it is, in single precision where it is one of those."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    inverse = 1 / value
    if inverse == int(inverse) and 8 <= inverse <= 1024 and float(np.float32(value)) == value:
        return f"1 / {int(inverse)}"
    single = np.float32(value)
    text = str(single) if float(single) == value else repr(value)
    return re.sub(r"e([-+])0(\d)$", r"e\1\2", text)


def _key(value: Key) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        if len(value) == 4 and value[:2] == value[2:]:
            value = value[:2]
        if len(set(value)) == 1:
            return str(value[0])
        return "{ " + ", ".join(map(str, value)) + " }"
    return str(value) if isinstance(value, int) else _number(value)


def _is_usual(layer: Layer, key: str, value: Key) -> bool:
    """Whether a key need not be written."""
    if key == "stride" and layer.op.endswith("pool2d"):
        return value == layer.keys["kernel_size"]
    usual = {**USUAL[""], **USUAL.get(layer.op, {})}
    return key in usual and usual[key] == value


def _is_last(key: str) -> bool:
    return key.startswith("activation")


def _keys(layer: Layer, last: bool) -> Iterator[str]:
    for key, value in layer.keys.items():
        hidden = layer.op == "activation" and key == "activation"
        if _is_last(key) == last and not hidden and not _is_usual(layer, key, value):
            yield f"{key} = {_key(value)}"


def _items(layer: Layer, names: Mapping[Value, str]) -> Iterator[str]:
    """What stands between the braces of a layer."""
    yield from (names[v] for v in layer.inputs)
    if layer.op == "activation":
        yield f'"{layer.keys["activation"]}"'
    if layer.name and layer.params:
        yield f'name = "{layer.name}"'
    yield from _keys(layer, last=False)
    if "bias" in layer.params and layer.op != "layer_norm":
        yield "bias = true"
    yield from (f"{key} = {names[v]}" for key, v in layer.operands.items())
    yield from _keys(layer, last=True)


def _wrapped(head: str, items: list[str], tail: str) -> str:
    """``head { items }tail``, on as many lines as it takes."""
    line = f"{head} {{ {', '.join(items)} }}{tail}"
    if len(line) <= WIDTH:
        return line
    lines, room = [""], WIDTH - 4
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) + 2 > room:
            lines.append("")
        lines[-1] += ("" if not lines[-1] else " ") + item + ","
    return "\n".join([head + " {", *(f"  {text}" for text in lines), "}" + tail])


class _Variables:
    """Which variable, or which expression that stands in another one, is which value."""

    def __init__(self, net: Network) -> None:
        self.names: dict[Value, str] = {}
        self.inside: dict[Value, list[Value]] = {}  # of an expression: the variables in it
        self.left = net.uses()
        self.kept = {given.value for given in net.inputs} | {o.value for o in net.outputs}
        self.free: list[str] = []
        self.taken = set(WORDS)
        self.declared: list[str] = []

    def new(self, wanted: str = "") -> str:
        """One more, of that name if it is free."""
        number = len(self.declared)
        if number >= LOCALS:
            name = f"v[{number - LOCALS + 1}]"
        else:
            names = [wanted] if wanted else ["x", "y", "z"]
            more = (f"{wanted or 't'}{i}" for i in itertools.count(1))
            name = next(name for name in itertools.chain(names, more) if name not in self.taken)
        self.taken.add(name)
        self.declared.append(name)
        return name

    def read(self, layer: Layer) -> list[Value]:
        """The variables in a layer's text."""
        return [v for value in layer.reads() for v in self.inside.get(value, [value])]

    def assign(self, layer: Layer) -> tuple[str, bool]:
        """The variable of what a layer makes, and whether it is a new one; what it reads last is free."""
        for value in self.read(layer):
            self.left[value] -= 1
            if not self.left[value] and value not in self.kept:
                self.free.append(self.names[value])
        self.free.sort(key=self.declared.index)
        fresh = not self.free
        name = self.new() if fresh else self.free.pop(0)
        self.names[layer.out] = name
        return name, fresh and not name.startswith("v[")

    def inline(self, layer: Layer) -> bool:
        """Whether a layer is said where it is read: a short one that is read once."""
        if (
            layer.op not in INLINE
            or layer.params
            or self.left[layer.out] != 1
            or layer.out in self.kept
        ):
            return False
        text = f"{layer.op} {{ {', '.join(_items(layer, self.names))} }}"
        if len(text) > SHORT:
            return False
        self.names[layer.out] = text
        self.inside[layer.out] = self.read(layer)
        return True


def _inputs(net: Network, variables: _Variables) -> Iterator[str]:
    regions = {layer.operands["rois"] for layer in net.layers if "rois" in layer.operands}
    for given in net.inputs:
        name = variables.new(identifier(given.name))
        variables.names[given.value] = name
        n, h, w, c = given.value.shape
        items = [f'name = "{identifier(given.name)}"']
        if given.value in regions:
            items.append(f"rois = {n}")
            if c == 4:
                items.append('roi_format = "xyxy"')
        else:
            items += [f"batch = {n}"] if n > 1 else []
            items += [f"channels = {c}", f"height = {h}", f"width = {w}"]
            items += ['layout = "nhwc"'] if given.layout == "nhwc" else []
        items += ['dtype = "f64"'] if net.dtype == "f64" else []
        prefix = "" if name.startswith("v[") else "local "
        yield _wrapped(f"{prefix}{name} = input", items, "")


def _layers(net: Network, variables: _Variables) -> Iterator[str]:
    size = net.inputs[0].value.shape[1:3] if net.inputs else (0, 0)
    for layer in net.layers:
        if variables.inline(layer):
            continue
        items = list(_items(layer, variables.names))
        name, fresh = variables.assign(layer)
        _, h, w, c = layer.out.shape
        remark = ""
        if layer.op in SIZED and (h, w) != size:
            size, remark = (h, w), f"  -- {c} x {h} x {w}"
        head = f"{'local ' if fresh else ''}{name} = {layer.op}"
        yield _wrapped(head, items, remark)


def _layout(net: Network) -> str:
    return "nhwc" if any(output.order == "nhwc" for output in net.outputs) else "nchw"


def spec_text(net: Network, name: str, remarks: list[str]) -> str:
    """The file; remarks stand at its top."""
    variables = _Variables(net)
    lines = [f"-- {text}" for text in remarks]
    body = [*_inputs(net, variables), *_layers(net, variables)]
    if len(variables.declared) > LOCALS:
        lines.append("local v = {}")
    outputs = ", ".join(f"{identifier(o.name)} = {variables.names[o.value]}" for o in net.outputs)
    items = [f'name = "{name}"', f"outputs = {{ {outputs} }}"]
    items += ['layout = "nhwc"'] if _layout(net) == "nhwc" else []
    return "\n".join([*lines, *body, _wrapped("return network", items, "")]) + "\n"


def parameters(net: Network) -> dict[str, Array]:
    """By the names that they have in the spec."""
    return {f"{layer.name}.{key}": x for layer in net.layers for key, x in layer.params.items()}


def name_layers(net: Network) -> None:
    """Give every layer with parameters a name of its own, of at most 96 letters."""
    taken: Counter[str] = Counter()
    for layer in net.layers:
        if layer.params:
            wanted = layer.name[-96:].strip(".") or layer.op
            name, n = wanted, 1
            while taken[name]:
                n += 1
                name = f"{wanted}_{n}"
            taken[name] += 1
            layer.name = name
