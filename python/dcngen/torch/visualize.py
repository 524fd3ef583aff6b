"""Pictures of what a model of PyTorch looks at, drawn by ``dcngen visualize``.

The program asks, and the model answers (visualize_model.py), so that every picture, figure and check is the program's own.

SPDX-License-Identifier: Apache-2.0
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
import signal
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import nn

from .. import program
from ..error import ENVIRONMENT, FAILED, STORE, Error, wrong
from .visualize_model import Answering, Forward, Values, Watched, safe_name

Node = tuple[int, ...] | int | None
Numbers = float | Sequence[float]
PROTOCOL = 1


# ---- arguments -----------------------------------------------------------------------------------


def _places(node: Any) -> list[int]:
    """Whole numbers of any type but truth values; none, where there are others."""
    several = node if isinstance(node, tuple | list) else [node]
    try:
        return [] if bool in map(type, several) else [operator.index(p) for p in several]
    except TypeError:
        return []


def _node_text(layer: str, node: Node) -> str:
    """As --node has it."""
    name = safe_name(layer)
    if node is None:
        return name
    places = _places(node)
    if not 1 <= len(places) <= 3 or min(places) < 0:
        wrong(
            f"visualize: node = {node}, expected (y, x), of regions their number, or (number, y, x)"
        )
    text = ",".join(map(str, places))
    return f"{name}:{text}" if len(places) == 2 else f"{name}:roi={text}"


def _size(size: Any) -> tuple[int, int]:
    places = _places(size)
    if len(places) != 2 or min(places) < 1:
        wrong(f"visualize: size = {size}, expected (rows, columns)")
    return places[0], places[1]


def _list_text(value: Numbers | str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    several = value if isinstance(value, Sequence) else [value]
    return ",".join(str(v) for v in several)


def _paths(image: Any) -> list[str]:
    """Paths of an image from files; none, where it is given in numbers."""
    several = image if isinstance(image, list | tuple) else [image]
    if not all(isinstance(one, str | os.PathLike) for one in several):
        return []
    return [os.fspath(one) for one in several]


def _png_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a PNG file; the program finds out whether it is one."""
    try:
        head = path.open("rb").read(24)
    except OSError as reason:
        wrong(f"visualize: cannot read {path}: {reason.strerror}")
    if len(head) < 24 or head[12:16] != b"IHDR":
        wrong(f"visualize: {path} is not a PNG file; give others as arrays")
    width, height = struct.unpack(">II", head[16:24])
    return height, width


def _array(image: Any) -> Values:
    """[C, H, W]."""
    numbers = image.detach().cpu().numpy() if isinstance(image, torch.Tensor) else image
    values = np.asarray(numbers, np.float64)
    values = values[0] if values.ndim == 4 and len(values) == 1 else values
    if values.ndim != 3 or not values.size:
        wrong(f"visualize: image has shape {np.shape(numbers)}, expected (1, C, H, W) or (C, H, W)")
    if not np.isfinite(values).all():  # torchvision may read anywhere then
        wrong("visualize: image has numbers that are not finite")
    return np.ascontiguousarray(values)


# ---- the conversation ----------------------------------------------------------------------------


def _read(pipe: IO[bytes]) -> tuple[dict[str, Any], Values] | None:
    """A question with its values; None where there is no further one."""
    line = pipe.readline()
    if not line:
        return None
    question: dict[str, Any] = json.loads(line)
    data = pipe.read(8 * question["values"])
    return (question, np.frombuffer(data, "<f8")) if len(data) == 8 * question["values"] else None


def _write(pipe: IO[bytes], answer: dict[str, Any], values: Values | None) -> None:
    data = b"" if values is None else values.astype("<f8").tobytes()
    pipe.write(json.dumps({**answer, "values": len(data) // 8}).encode() + b"\n" + data)
    pipe.flush()


def _converse(running: subprocess.Popen[bytes], model: Answering) -> None:
    """Until the program ends."""
    assert running.stdin is not None and running.stdout is not None
    while asked := _read(running.stdout):
        question, values = asked
        if question["ask"] == "failed":
            raise Error(question["code"], question["text"])
        if question.get("protocol", PROTOCOL) != PROTOCOL:
            text = f"the program dcngen is {question['version']}, whose questions are others"
            raise Error(ENVIRONMENT, text)
        _write(running.stdin, *model.answer(question, values))


@contextlib.contextmanager
def _double() -> Iterator[None]:
    """What models make without saying of which type is in double precision, too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextlib.contextmanager
def _interrupted_once(running: subprocess.Popen[bytes]) -> Iterator[None]:
    """The first Ctrl-C is the program's, which writes what it has; the second ends both."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hand_on(number: int, _frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        running.send_signal(number)

    before = signal.signal(signal.SIGINT, hand_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Heard:
    """What the program says on its standard error: handed on at once, as on a terminal where there is one, and its end kept."""

    def __init__(self) -> None:
        on_terminal = hasattr(os, "openpty") and os.isatty(2)
        self._from, self.to = os.openpty() if on_terminal else os.pipe()
        self._end = b""
        self._thread = threading.Thread(target=self._hand_on, daemon=True)

    def listen(self) -> None:
        """From now on until the program ends, whose copy of `to` is then the last one."""
        os.close(self.to)
        self._thread.start()

    def _hand_on(self) -> None:
        with contextlib.suppress(OSError):  # the end of a terminal is an error
            while said := os.read(self._from, 4096):
                self._end = (self._end + said)[-4096:]
                with contextlib.suppress(OSError):
                    os.write(2, said)
        os.close(self._from)

    def last_line(self) -> str:
        """Without the program's name."""
        self._thread.join(timeout=5)
        lines = self._end.decode(errors="replace").replace("\r", "\n").strip().split("\n")
        return lines[-1].removeprefix("dcngen: ")


def _failure(command: list[str], code: int, said: str) -> Error:
    """Of a program that ended without telling the model why."""
    if said and FAILED <= code <= STORE:
        return Error(code, said)
    return Error(ENVIRONMENT, f"{command[0]} visualize ended with exit code {code}")


def _run(command: list[str], model: Answering) -> None:
    heard = _Heard()
    running = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=heard.to,
        start_new_session=True,
    )
    heard.listen()
    with contextlib.suppress(BrokenPipeError), running:  # a program that is gone has an exit code
        try:
            with _double(), _interrupted_once(running):
                _converse(running, model)
        except BaseException:
            running.kill()
            raise
    said = heard.last_line()
    if running.returncode == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if running.returncode:
        raise _failure(command, running.returncode, said)


def visualize(
    model: nn.Module,
    image: Any,
    layer: str,
    node: Node | list[Node] = None,
    *,
    output: str | os.PathLike[str],
    show: str | Sequence[str] = "receptive-field",
    photo: str | os.PathLike[str] | None = None,
    size: tuple[int, int] | None = None,
    mean: Numbers = 0,
    std: Numbers = 1,
    range: float = 1,
    channels: str = "rgb",
    layout: str = "nchw",
    forward: Forward | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Draw over a photograph what one place of what a layer makes looks at.

    The pictures, numbers, figures and checks are those of ``dcngen visualize`` (docs/VISUALIZE.md), which draws them. They are
    computed in double precision, on a copy of the model, which stays as it is.

    Args:
        model: Any module, called with an image [1, C, H, W].
        image: That, as a tensor or array; or the path of a PNG file, which becomes it. A list of paths: all is drawn over the
            first one, and receptive fields are means over all.
        layer: The name of a module in ``model.named_modules()``, or of a call of a deformable operator.
        node: (y, x) of what that makes; None the middle; of a layer on regions the number of one, or (number, y, x). A list of
            these: all of them.
        output: The folder of the files.
        show: What is drawn, words of ``--show`` in a text with commas or a list.
        photo: Of an image in numbers: the PNG file that is drawn over. Without it, the image itself.
        size: Of an image from a file: rows and columns that the model is given. Without it, those of the file.
        mean, std, range, channels: As the options. Of an image in numbers they say how it was made.
        layout: "nhwc" where layers make [N, H, W, C].
        forward: (model, image) to anything, where the model is called in another way.
        options: response, offsets, samples, seed, epsilon, superpixels, time, as the options.

    Returns:
        visualize.json.

    Raises:
        KeyboardInterrupt: After Ctrl-C. What was done until then is in the folder.
    """
    known = ("response", "offsets", "samples", "seed", "epsilon", "superpixels", "time")
    for name in options:
        if name not in known:
            wrong(f"visualize: '{name}' is none of {', '.join(known)}")
    if layout not in ("nchw", "nhwc"):
        wrong(f"visualize: layout = '{layout}', expected nchw or nhwc")
    command = [program.find(), "visualize", "pipe:", "-o", os.fspath(output)]
    paths, given = _paths(image), None
    if paths:
        shape = (3, *(_png_size(Path(paths[0])) if size is None else _size(size)))
        if photo is not None:
            wrong("visualize: photo is of an image in numbers, and image is a file")
    else:
        given = _array(image)
        shape = given.shape[0], given.shape[1], given.shape[2]
        paths = [] if photo is None else [os.fspath(photo)]
        if size is not None:
            wrong("visualize: size is of an image from a file, and image is in numbers")
    for each in node if isinstance(node, list) else [node]:
        command += ["--node", _node_text(layer, each)]
    words = {
        "show": show,
        "mean": mean,
        "std": std,
        "range": range,
        "channels": channels,
        **options,
    }
    command += [f"--{name}={_list_text(value)}" for name, value in words.items()]
    command += [f"--image={path}" for path in paths]
    watched = Watched(model, forward)
    try:
        _run(command, Answering(watched, shape, given, layout))
    finally:
        watched.watch.undo()
    result: dict[str, Any] = json.loads((Path(output) / "visualize.json").read_text())
    return result
