#!/usr/bin/env bash
# exported_networks.sh: the five networks of examples/networks go from a PyTorch export through to_spec, and give PyTorch's
# numbers: with Debian's torch, and where it is installed with PyPI's.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
/usr/bin/python3 -c 'import torch, torchvision' 2>/dev/null || skip "there is no torch (scripts/deps.sh --test)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

exported() { # PYTHON NAME
    mkdir "$folder/$2"
    PYTHONWARNINGS=ignore "$1" "$SOURCE_DIR/tests/tools/onnx/write_networks.py" "$folder/$2" >"$folder/log" 2>&1 || {
        tail -20 "$folder/log"
        exit 1
    }
    EXPORTED=$folder/$2 check test_exported_networks.py
    rm -r "${folder:?}/$2"
}
exported /usr/bin/python3 debian
newer=$SOURCE_DIR/build/bench/venv/bin/python
if "$newer" -c 'import torch, torchvision, onnx' 2>/dev/null; then
    exported "$newer" pypi
else
    echo "not tried: PyPI's torch (scripts/test.sh --torch)"
fi
