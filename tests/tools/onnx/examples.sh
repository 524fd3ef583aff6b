#!/usr/bin/env bash
# examples.sh: every program of examples/onnx runs and finds its own results right.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
for program in "$SOURCE_DIR"/examples/onnx/*.py; do
    "$python" "$program" 20
    echo "ok: $(basename "$program")"
done
