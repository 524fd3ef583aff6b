#!/usr/bin/env bash
# torch.sh: the package dcngen in PyTorch, and in the place of other packages; torch_newer.sh is the same with PyPI's.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy pytest torch torchvision
check test_torchvision.py test_torch_regions.py test_patches.py test_modules.py test_torch_arguments.py test_torch_operators.py test_torch_shapes.py \
    test_torch_fitting.py test_torch_folding.py test_torch_fused.py test_torch_log.py test_torch_results.py test_visualize.py test_visualize_calls.py
