#!/usr/bin/env bash
# export.sh: torch.onnx.export writes deformable convolutions as DeformConv: Debian's torch, and where it is installed PyPI's.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
/usr/bin/python3 -c 'import torch, torchvision' 2>/dev/null || skip "there is no torch (scripts/deps.sh --test)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

exported /usr/bin/python3 "$folder/debian" write_exported.py test_export.py
newer=$SOURCE_DIR/build/bench/venv/bin/python
if ! "$newer" -c 'import torch, torchvision, onnx' 2>/dev/null; then
    echo "not tried: PyPI's torch (scripts/test.sh --torch)"
    exit 0
fi
"$newer" -c 'import onnxscript' 2>/dev/null || # without the packages that it shares with torch
    "$newer" -m pip install -q --no-input --disable-pip-version-check --no-deps --target "$folder/onnxscript" \
        onnxscript onnx_ir ml_dtypes || echo "not tried: the exporter of torch.export (onnxscript)"
export PYTHONPATH=$PYTHONPATH:$folder/onnxscript
exported "$newer" "$folder/pypi" write_exported.py test_export.py
