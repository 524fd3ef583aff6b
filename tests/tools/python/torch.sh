#!/usr/bin/env bash
# torch.sh: the package dcngen in PyTorch, and in the place of other packages.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy pytest torch torchvision
check test_torchvision.py test_patches.py test_modules.py
