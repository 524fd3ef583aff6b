#!/usr/bin/env bash
# torch.sh: the package dcngen in PyTorch, and in the place of other packages: Debian's, and where it is installed PyPI's.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy pytest torch torchvision
tests=(test_torchvision.py test_patches.py test_modules.py test_torch_operators.py test_torch_shapes.py test_torch_fitting.py
       test_torch_folding.py test_torch_fused.py test_torch_log.py test_visualize.py)
check "${tests[@]}"

newer=$SOURCE_DIR/build/bench/venv/bin/python # made by bench/run.sh, or by scripts/test.sh --torch
if "$newer" -c 'import torch, torchvision, pytest' 2>/dev/null; then
    python=$newer
    check "${tests[@]}"
else
    echo "not tried: PyPI's torch (scripts/test.sh --torch)"
fi
