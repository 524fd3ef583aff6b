#!/usr/bin/env bash
# oldest.sh: the execution provider and the custom operators in the oldest ONNX Runtime that has what they need.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
oldest=$BUILD_DIR/onnx/oldest
if [ ! -d "$oldest" ]; then
    part=$(mktemp -d "$oldest.XXXXXX")
    "$python" -m pip install -q --no-input --disable-pip-version-check --no-deps --target "$part" 'onnxruntime==1.24.*' || {
        rm -rf "$part"
        skip "onnxruntime 1.24 cannot be installed"
    }
    mv -T "$part" "$oldest"
fi
export PYTHONPATH=$oldest:$PYTHONPATH
check test_provider.py test_custom.py test_sessions.py -k 'not hundred'
