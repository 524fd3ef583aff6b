#!/usr/bin/env bash
# torch_newer.sh: torch.sh with PyPI's PyTorch, where it is installed: bench/run.sh and scripts/test.sh --torch do that.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
newer=$SOURCE_DIR/build/bench/venv/bin/python
"$newer" -c 'import torch, torchvision, pytest' 2>/dev/null || {
    echo "skipped: PyPI's torch is not there (scripts/test.sh --torch)"
    exit 77
}
DCNGEN_TEST_PYTHON=$newer exec bash "$(dirname "$0")/torch.sh"
