#!/usr/bin/env bash
# examples.sh: every program of examples/python runs and finds its own results right.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy torch torchvision
for program in "$SOURCE_DIR"/examples/python/*.py; do
    "$python" "$program"
    echo "ok: $(basename "$program")"
done
