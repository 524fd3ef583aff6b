"""What a model of PyTorch looks at: the same as dcngen's own network, and right for every kind of deformable layer.

That gradients are right every run finds out by itself, by small steps; here that it did.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import torch
from conftest import SOURCE
from pictures import assert_checked, photo
from torch import nn
from torchvision import ops

import dcngen
import dcngen.torch
from dcngen import program
from dcngen.error import USAGE
from dcngen.torch import visualize

PHOTO = SOURCE / "examples/rectify/original.png"
TRAINED = SOURCE / "examples/trained"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# ---- beside the program ---------------------------------------------------------------------------


def safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = (8 + size + at for at in entry["data_offsets"])
            values = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
            yield name, torch.tensor(values.copy())


class Trained(nn.Module):
    """examples/trained/deform.lua."""

    def __init__(self):
        super().__init__()
        channels = {"stem1": (3, 16), "stem2": (16, 32), "head": (32, 6)}
        for i in "123":
            channels |= {"deform" + i: (32, 32), "offset" + i: (32, 18)}
        for name, (inputs, outputs) in channels.items():
            size, stride = (1 if name == "head" else 3), (2 if name.startswith("stem") else 1)
            self.add_module(name, nn.Conv2d(inputs, outputs, size, stride, size // 2))
        self.act = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU()])
        self.load_state_dict(dict(safetensors(TRAINED / "deform.safetensors")))

    def forward(self, x):
        x = self.stem2(self.stem1(x).relu()).relu()
        for i, act in zip("123", self.act, strict=True):
            layer = getattr(self, "deform" + i)
            offset = getattr(self, "offset" + i)(x)
            x = act(ops.deform_conv2d(x, offset, layer.weight, layer.bias, padding=1))
        return self.head(x)


def arrays(folder, prefix):
    return {p.name.removeprefix(prefix): np.load(p) for p in folder.glob(f"{prefix}*.npy")}


@pytest.mark.parametrize("offsets", ["live", "fixed"])
def test_the_same_as_the_program(tmp_path, offsets):
    options = {
        "show": "receptive-field,sampling,points,offsets,saliency",
        "range": 255,
        "mean": 128,
        "std": 64,
        "offsets": offsets,
        "superpixels": "blocks=8",
        "samples": 2,
        "seed": 3,
    }
    ours = tmp_path / "ours"
    command = [
        program.find(),
        "visualize",
        TRAINED / "deform.lua",
        "--kernel=deform",
        f"--image={PHOTO}",
    ]
    command += [f"--{name}={value}" for name, value in options.items()]
    command += [f"--weights={TRAINED / 'deform.safetensors'}", "--node=deform3:5,6", "-o", ours]
    subprocess.run([*command, "-Dh=48", "-Dw=48"], check=True, capture_output=True)
    theirs = tmp_path / "theirs"
    result = visualize(Trained(), PHOTO, "act.2", (5, 6), size=(48, 48), output=theirs, **options)
    expected, found = arrays(ours, "deform3-5-6"), arrays(theirs, "act.2-5-6")
    assert expected.keys() == found.keys() and len(found) > 15
    for name, value in expected.items():
        scale = max(np.abs(value).max(), 1e-300)
        assert np.abs(found[name] - value).max() <= 1e-9 * scale, name
    root = json.loads((ours / "visualize.json").read_text())
    for a, b in zip(root["nodes"][0]["shown"], result["nodes"][0]["shown"], strict=True):
        assert a["method"] == b["method"]
        assert_figures(a["figures"], b["figures"])
    assert_checked(result, 5)
    assert root["size"] == result["size"] and result["network"] == "Trained"
    pages = [sorted(p.suffix for p in folder.iterdir()) for folder in (ours, theirs)]
    assert pages[0] == pages[1]


def assert_figures(expected, found):
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        if isinstance(value, dict):
            assert_figures(value, found[key])
        else:
            np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-9, err_msg=key)


# ---- several photographs, and an interrupt ---------------------------------------------------------


def test_several_photographs(tmp_path):
    other = SOURCE / "examples/rectify/before.png"
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh())
    options = {"layer": "1", "node": (4, 5), "size": (16, 20), "range": 3}
    fields = []
    for i, image in enumerate((PHOTO, other, [PHOTO, other])):
        result = visualize(model, image, output=tmp_path / str(i), **options)
        assert_checked(result, 1)
        fields.append(np.load(tmp_path / str(i) / "1-4-5.receptive-field.npy"))
    np.testing.assert_allclose(fields[2], (fields[0] + fields[1]) / 2, rtol=1e-9, atol=1e-300)
    assert result["image"] == str(PHOTO) and result["further_images"] == [str(other)]


def test_an_interrupt_keeps_what_is_done(tmp_path):
    class Interrupted(nn.Module):
        runs = 0

        def forward(self, x):
            Interrupted.runs += 1
            if Interrupted.runs == 30:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.2)  # the signal reaches the program while it waits for the answer
            return x.tanh()

    before = signal.getsignal(signal.SIGINT)
    options = {"show": "receptive-field,saliency", "superpixels": "blocks=1", "epsilon": 1e-12}
    with pytest.raises(KeyboardInterrupt):
        visualize(nn.Sequential(Interrupted()), photo(40), "0", output=tmp_path, **options)
    root = json.loads((tmp_path / "visualize.json").read_text())
    shown = [one["method"] for one in root["nodes"][0]["shown"]]
    assert shown == ["receptive-field", "saliency"], "what was found until then"
    assert (tmp_path / "index.html").exists()
    assert signal.getsignal(signal.SIGINT) is before


# ---- what is wrong ----------------------------------------------------------------------------------


def wrong(tmp_path, text, *arguments, **options):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    with pytest.raises(dcngen.Error) as error:
        visualize(options.pop("model", model), *arguments, output=tmp_path / "out", **options)
    assert text in error.value.text, error.value
    assert error.value.code == USAGE
    assert not list(tmp_path.rglob("*.png"))


def test_what_cannot_be(tmp_path):
    image = photo()
    wrong(tmp_path, "the model has no layer '7'; it has 0, 1", image, "7")
    wrong(tmp_path, "--show: 'point' is not one of", image, "1", show="point")
    wrong(
        tmp_path, "no deformable convolution below 1 at (2, 3)", image, "1", (2, 3), show="points"
    )
    wrong(tmp_path, "'1' makes a map of 14x14, which has no 20,3", image, "1", (20, 3))
    wrong(tmp_path, "image has shape (3,), expected (1, C, H, W) or (C, H, W)", [1, 2, 3], "1")
    wrong(tmp_path, "node = (1, 2, 3, 4), expected (y, x)", image, "1", (1, 2, 3, 4))
    for node in (True, (3, False), (2.0, 3), (-1, 3), "3,4"):
        wrong(tmp_path, "expected (y, x), of regions their number", image, "1", node)
    for size in (8, (8,), (0, 3), (8, 8.5)):
        wrong(tmp_path, f"size = {size}, expected (rows, columns)", PHOTO, "1", size=size)
    wrong(tmp_path, "numbers that are not finite", np.full((3, 8, 8), np.nan), "1")
    wrong(tmp_path, "'eps' is none of response, offsets", image, "1", eps=0.1)
    wrong(tmp_path, "cannot read no.png: No such file", "no.png", "1")
    wrong(tmp_path, "photo is of an image in numbers", PHOTO, "1", photo=PHOTO)
    wrong(tmp_path, "size is of an image from a file", image, "1", size=(8, 8))
    wrong(
        tmp_path, "a second --image is of --show receptive-field", [PHOTO] * 2, "1", show="points"
    )
    wrong(tmp_path, "is not a PNG file; give others as arrays", __file__, "1")
    wrong(
        tmp_path, "layer '0' makes dict, expected a tensor", image, "0", model=nn.Sequential(Dict())
    )


def test_options_that_the_program_refuses(tmp_path, capfd):
    """What it says of them is the error, and stands where it always does."""
    image = photo()
    said = "--mean '1,2' is not one number or three, such as 0.485,0.456,0.406"
    wrong(tmp_path, said, image, "1", mean=(1, 2))
    assert capfd.readouterr().err == f"dcngen: {said}\n"
    wrong(tmp_path, "--mean 'tensor(", image, "1", mean=torch.ones(3))
    wrong(tmp_path, "--samples '0' is not a number from 1 to 10000", image, "1", samples=0)
    for nothing in ("", []):
        wrong(tmp_path, "--show", image, "1", show=nothing)


def test_nodes_of_other_whole_numbers(tmp_path):
    node = (np.int64(3), torch.tensor(4))
    model = nn.Sequential(nn.Conv2d(3, 4, 3))
    root = visualize(model, photo(), "0", node, output=tmp_path, size=None)
    assert (root["nodes"][0]["y"], root["nodes"][0]["x"]) == (3, 4)


class Dict(nn.Module):
    def forward(self, x):
        return {"x": x}
