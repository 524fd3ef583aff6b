#!/usr/bin/env bash
# names.sh: paths, names and sections that pages and comments cite exist.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
if ! command -v python3 >/dev/null; then
    echo "python3 is not installed"
    exit 77
fi
python3 -B "$SOURCE_DIR/tests/house/names.py" "$SOURCE_DIR"
