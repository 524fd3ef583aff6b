#!/usr/bin/env bash
# wheel.sh: build the Python wheel, with LLVM inside, and try it in fresh environments.
#
#   scripts/wheel.sh [BUILD]     default: build/release, which is configured and built if it is not there
#
# The wheel is BUILD/wheel/dist/dcngen-VERSION-py3-none-manylinux_*.whl, for every Python from 3.11.  It is tried with numpy and
# ONNX Runtime from PyPI, and where Debian's PyTorch is installed with that; exit code 77 where an archive is missing, or
# PyPI cannot be reached.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-build/release}
python=/usr/bin/python3 # Debian's, which may have torch
export PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH PYTHONHOME DCNGEN_LIBRARY # which would lead to another package, or another library

if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake --preset release -B "$build" -DDCNGEN_TESTS=OFF >/dev/null
fi
out=$build/wheel
mkdir -p "$out"
cmake --build "$build" --target dcngen_wheel >"$out/log" 2>&1 || {
    ! grep '^no wheel: ' "$out/log" || exit 77
    cat "$out/log"
    exit 1
}
rm -rf "$out/dist" "$out/venv" "$out/torch"
wheel=$("$python" packaging/wheel/pack.py . "$out" "$out/dist")
echo "$(du -h "$wheel" | cut -f1) $wheel"

pip() { # VENV PACKAGE...
    "$1/bin/python" -m pip install -q --no-input --disable-pip-version-check "${@:2}"
}
try() { # VENV PROGRAM [ARGUMENT...]
    echo "trying ${*:2}"
    "$1/bin/python" "${@:2}" >"$out/log" 2>&1 || {
        cat "$out/log"
        echo "wheel.sh: ${*:2} failed"
        exit 1
    }
}

"$python" -m venv "$out/venv" >/dev/null || {
    echo "$python cannot make a virtual environment (Debian: python3-venv)"
    exit 77
}
pip "$out/venv" numpy 'onnx>=1.19' 'onnxruntime>=1.25' || {
    echo "numpy, onnx and onnxruntime cannot be installed"
    exit 77
}
pip "$out/venv" --no-index "$wheel"
try "$out/venv" -c 'import dcngen.onnx, sys; assert dcngen.onnx.get_library_path().startswith(sys.prefix)'
try "$out/venv" -c 'from dcngen import program; import subprocess, sys; assert program.find().startswith(sys.prefix)
assert subprocess.run([program.find(), "version"], capture_output=True).stdout.startswith(b"dcngen")'
try "$out/venv" examples/python/numpy_first.py
try "$out/venv" examples/onnx/decoder_block.py 20

if "$python" -c 'import torch, torchvision' 2>/dev/null; then
    "$python" -m venv --system-site-packages "$out/torch" >/dev/null
    pip "$out/torch" --no-index --no-deps "$wheel"
    try "$out/torch" examples/python/torchvision_patch.py
    try "$out/torch" examples/python/visualize_torch.py "$out/pictures"
else
    echo "not tried: PyTorch, which $python has not"
fi
echo "the wheel works: $wheel"
