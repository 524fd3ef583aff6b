#!/usr/bin/env bash
# exported_networks.sh: the five networks of examples/networks go from a PyTorch export through to_spec, and give PyTorch's
# numbers: with Debian's torch, and where it is installed with PyPI's.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
/usr/bin/python3 -c 'import torch, torchvision' 2>/dev/null || skip "there is no torch (scripts/deps.sh --test)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

exported /usr/bin/python3 "$folder/debian" write_networks.py test_exported_networks.py
newer=$SOURCE_DIR/build/bench/venv/bin/python
if "$newer" -c 'import torch, torchvision, onnx' 2>/dev/null; then
    exported "$newer" "$folder/pypi" write_networks.py test_exported_networks.py
else
    echo "not tried: PyPI's torch (scripts/test.sh --torch)"
fi
