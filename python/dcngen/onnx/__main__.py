"""``python -m dcngen.onnx convert MODEL.onnx -o NET.lua --weights NET.safetensors``.

SPDX-License-Identifier: Apache-2.0
"""

import sys

from .convert.command import main

sys.exit(main())
