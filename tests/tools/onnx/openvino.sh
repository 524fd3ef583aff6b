#!/usr/bin/env bash
# openvino.sh: models with DeformConv in OpenVINO.
#
# OpenVINO is that of the benchmarks' environment where that is there, else it is installed beside the packages of these tests.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
newer=$SOURCE_DIR/build/bench/venv/bin/python
if "$newer" -c 'import openvino, onnx, onnxruntime, pytest' 2>/dev/null; then
    python=$newer
elif ! "$python" -c 'import openvino' 2>/dev/null; then
    exec 9>"$BUILD_DIR/onnx/lock"
    flock 9
    "$python" -m pip install -q --no-input --disable-pip-version-check 'openvino>=2025' || skip "openvino cannot be installed"
    exec 9>&-
fi
check test_openvino.py
