"""to_spec, and the same as a command.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...error import SPEC, Error, wrong
from ..decomposed import match
from ..graph import Graph, onnx_package
from ..rewrite import rewrite
from .fusing import fuse
from .network import Network
from .reading import MALFORMED, Reader, first_line
from .weights import save_safetensors, write_whole
from .writing import identifier, name_layers, parameters, spec_text


def _read(model: Any, shapes: Mapping[str, Sequence[int]]) -> tuple[Reader, Network]:
    """A model's layers, one for each node, with decomposed convolutions put together before."""
    try:
        g = Graph(model)
        whole = rewrite(model) if any(match(g, node) for node in g.proto.node) else model
        reader = Reader(whole, shapes)
        return reader, reader.read()
    except MALFORMED as reason:
        raise Error(SPEC, f"the model is malformed: {first_line(reason)}") from None


def _loaded(onnx: Any, model: Any) -> tuple[Any, str]:
    """A model, and what it is called."""
    if isinstance(model, onnx.ModelProto):
        return model, str(model.graph.name)
    if not isinstance(model, str | os.PathLike):
        kind = type(model).__name__
        wrong(f"to_spec: the model is a {kind}, expected an onnx.ModelProto or a path")
    try:
        return onnx.load(os.fspath(model)), Path(model).stem
    except Exception as reason:
        raise Error(SPEC, f"{os.fspath(model)} cannot be read: {first_line(reason)}") from None


def _remarks(model: Any, name: str, net: Network, weights: str) -> list[str]:
    by = " ".join(word for word in (model.producer_name, model.producer_version) if word)
    by = "".join(c for c in by if c.isprintable())[:60]
    numbers = sum(x.size for x in parameters(net).values())
    origin = f"{identifier(name)}.onnx" + (f" of {by}" if by else "")
    return [f"From {origin}: {len(net.layers)} layers.", f"{numbers} parameters: {weights}"]


def network_of(model: Any, shapes: Mapping[str, Sequence[int]] | None = None) -> Network:
    """The network of a model: what to_spec writes."""
    reader, net = _read(model, shapes or {})
    fuse(net)
    for layer in net.layers:
        if layer.op in ("softmax", "cast", "pad"):
            reader.fault(
                layer.where.position, layer.where.proto, "nothing behind it can do it, too"
            )
    reader.raise_faults()
    name_layers(net)
    return net


def to_spec(
    model: Any,
    spec: str | os.PathLike[str],
    weights: str | os.PathLike[str],
    *,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Write a model as a network of the spec language, and its parameters.

    What the language has no layer for is an error that names all such nodes, and nothing is written.

    Args:
        model: An ``onnx.ModelProto``, or the path of one. It is not changed.
        spec: The spec file to write, ``net.lua``.
        weights: The file of parameters to write, ``net.safetensors``.
        name: What the network is called, a C identifier. Default: as the model.
        shapes: Sizes of inputs that the model leaves open, by name; a batch that is left open is 1.
    """
    onnx = onnx_package()
    proto, called = _loaded(onnx, model)
    net = network_of(proto, shapes)
    title = identifier(name or called or "network", 47)
    remarks = _remarks(proto, called, net, Path(weights).name)
    save_safetensors(weights, parameters(net))
    write_whole(spec, spec_text(net, title, remarks).encode())


def _shape(text: str) -> tuple[str, list[int]]:
    """NAME=1,3,224,224"""
    name, _, sizes = text.rpartition("=")
    try:
        numbers = [int(size) for size in sizes.split(",")]
    except ValueError:
        numbers = []
    if not name or not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': expected NAME=1,3,224,224")
    return name, numbers


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m dcngen.onnx convert``."""
    parser = argparse.ArgumentParser(prog="python -m dcngen.onnx", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    convert = verbs.add_parser("convert", help="a model becomes a spec of a network")
    convert.add_argument("model", metavar="MODEL.onnx")
    convert.add_argument("-o", "--output", required=True, metavar="NET.lua", help="the spec")
    convert.add_argument("--weights", required=True, metavar="NET.safetensors")
    convert.add_argument("--name", help="of the network; default: as the file")
    convert.add_argument(
        "--shape",
        type=_shape,
        action="append",
        default=[],
        metavar="NAME=N,C,H,W",
        help="of an input whose sizes the model leaves open",
    )
    a = parser.parse_args(arguments)
    try:
        to_spec(a.model, a.output, a.weights, name=a.name, shapes=dict(a.shape))
    except Error as error:
        print(f"dcngen.onnx: {error}", file=sys.stderr)
        return error.code
    return 0


__all__ = ["main", "network_of", "to_spec"]
