"""A deformable convolution in fifty nodes, as models have it that were exported before there was DeformConv.

SPDX-License-Identifier: Apache-2.0
"""

import numpy as np
from onnx import TensorProto, helper


class Builder:
    """Nodes one after another; operands are names, or arrays that become constants."""

    def __init__(self, prefix):
        self.nodes, self.constants, self.prefix = [], [], prefix

    def name(self, operand):
        if isinstance(operand, str):
            return operand
        name = f"{self.prefix}_c{len(self.constants)}"
        self.constants.append((name, np.asarray(operand)))
        return name

    def __call__(self, op, *operands, **attributes):
        output = f"{self.prefix}_v{len(self.nodes)}"
        inputs = [self.name(operand) for operand in operands]
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output


def positions(layer, border):
    """Positions of taps in the padded map, without offset: [1, 1, K, 2, P, Q]."""
    p, q = layer.pixels(*layer.size[2:])
    (kh, kw), (sh, sw), (dh, dw) = layer.kernel, layer.stride, layer.dilation
    y = border[0] + dh * np.arange(kh)[:, None, None, None] + sh * np.arange(p)[:, None]
    x = border[1] + dw * np.arange(kw)[:, None, None] + sw * np.arange(q)
    both = np.stack(np.broadcast_arrays(y, x), 2).reshape(1, 1, kh * kw, 2, p, q)
    return both.astype(np.float32)


class Decomposition:
    """Nodes from x, o and m to y; with `swapped`, of something else that looks alike."""

    def __init__(self, layer, gather, names=("x", "o", "m", "y"), swapped=False):
        x, o, m, y = names
        self.layer, self.gather, self.b = layer, gather, Builder(y)
        n, c, h, w = layer.size
        self.p, self.q = layer.pixels(h, w)
        self.taps = layer.kernel[0] * layer.kernel[1]
        border = [int(pad == 0) for pad in layer.pads[:2]]
        pads = [pad + more for pad, more in zip(layer.pads[:2], border, strict=True)]
        self.size = h + 2 * pads[0], w + 2 * pads[1]
        corners, parts = self.corners(o, border)
        if swapped:
            parts[1], parts[2] = parts[2], parts[1]
        padded = self.b("Pad", x, np.array([0, 0, *pads] * 2))
        groups = layer.offset_group
        grid = self.b("Reshape", padded, [n, groups, c // groups, *self.size])
        products = [
            self.b("Mul", part, self.look_up(grid, *corner))
            for part, corner in zip(parts, corners, strict=True)
        ]
        self.product(self.b("Sum", *products), m, y)

    def shape(self, *middle):
        return [self.layer.size[0], self.layer.offset_group, *middle, self.p, self.q]

    def rows_and_columns(self, value):
        return [self.b("Slice", value, [i], [i + 1], [3]) for i in range(2)]

    def corners(self, o, border):
        """Rows and columns of the four neighbours, and the parts that they have."""
        b = self.b
        offset = b("Reshape", o, self.shape(self.taps, 2))
        at = b("Add", positions(self.layer, border), offset)
        floor = b("Floor", at)
        first = self.rows_and_columns(b("Cast", floor, to=TensorProto.INT64))
        second = [b("Add", value, np.int64(1)) for value in first]
        clipped = [
            [
                b("Clip", v, np.int64(0), np.int64(s - 1))
                for v, s in zip(values, self.size, strict=True)
            ]
            for values in (first, second)
        ]
        far = self.rows_and_columns(b("Sub", at, floor))
        near = [b("Sub", np.float32(1), value) for value in far]
        corners, parts = [], []
        for i in range(2):
            for j in range(2):
                corners.append((clipped[i][0], clipped[j][1]))
                part = b("Mul", (near, far)[i][0], (near, far)[j][1])
                parts.append(b("Reshape", part, self.shape(1, self.taps)))
        return corners, parts

    def look_up(self, grid, row, column):
        b, (n, c, _, _), groups = self.b, self.layer.size, self.layer.offset_group
        points = self.taps * self.p * self.q
        if self.gather == "GatherND":
            index = b(
                "Concat", *(b("Reshape", v, [n, groups, points, 1]) for v in (row, column)), axis=3
            )
            pixels = b("Transpose", grid, perm=[0, 1, 3, 4, 2])
            found = b("GatherND", pixels, index, batch_dims=2)
            found = b("Transpose", found, perm=[0, 1, 3, 2])
        else:
            row, column = (b("Reshape", v, [n, groups, 1, points]) for v in (row, column))
            index = b("Add", b("Mul", row, np.int64(self.size[1])), column)
            index = b("Expand", index, [n, groups, c // groups, points])
            pixels = b("Reshape", grid, [n, groups, c // groups, self.size[0] * self.size[1]])
            found = b("GatherElements", pixels, index, axis=3)
        return b("Reshape", found, self.shape(c // groups, self.taps))

    def product(self, samples, m, y):
        b, layer, (n, c, _, _) = self.b, self.layer, self.layer.size
        kh, kw = layer.kernel
        if layer.mask:
            samples = b("Mul", samples, b("Reshape", m, self.shape(1, self.taps)))
        samples = b("Reshape", samples, [n, c, kh, kw, self.p, self.q])
        patches = b("Transpose", samples, perm=[0, 1, 4, 2, 5, 3])
        patches = b("Reshape", patches, [n, c, self.p * kh, self.q * kw])
        b(
            "Conv",
            patches,
            layer.weight,
            kernel_shape=layer.kernel,
            strides=layer.kernel,
            group=layer.group,
        )
        if layer.bias is not None:
            b("Add", b.nodes[-1].output[0], layer.bias[None, :, None, None])
        b.nodes[-1].output[0] = y
