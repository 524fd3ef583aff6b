#!/usr/bin/env bash
# circles.sh: no files of the library or the program call each other in a circle, but for the recursions that
# ARCHITECTURE.md names.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
if ! command -v python3 >/dev/null; then
    echo "python3 is not installed"
    exit 77
fi
circles() { # FILE that names recursions
    python3 "$SOURCE_DIR/tests/house/circles.py" "$BUILD_DIR/CMakeFiles/dcngen_objects.dir" \
        "$BUILD_DIR/CMakeFiles/dcngen.dir" "$BUILD_DIR/CMakeFiles/dcngen_onnxruntime.dir" --sources "$SOURCE_DIR" --allowed "$1"
}
if circles /dev/null >/dev/null; then
    echo "circles.sh: the recursions that are named were not found"
    exit 1
fi
circles "$SOURCE_DIR/docs/ARCHITECTURE.md"
echo "no circle"
