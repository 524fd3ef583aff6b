"""ONNX models become specs of networks.

The steps, one file each: ``reading`` walks over the nodes, of which constants are evaluated (``constants``), activations
recognized by what they compute (``activations``), and all else made layers by the tables of ``operators``,
``arithmetic``, ``regions`` and ``cores``. A tensor of the model is a way to look at a map (``views``). Layers that
are one layer of the language are joined (``fusing``), and the rest is written (``writing``).

SPDX-License-Identifier: Apache-2.0
"""

from .command import to_spec

__all__ = ["to_spec"]
