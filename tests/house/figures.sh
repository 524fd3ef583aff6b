#!/usr/bin/env bash
# figures.sh: the figures of docs/ are those that docs/figures/draw.py draws.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${SOURCE_DIR:-$(dirname "$0")/../..}"

command -v python3 >/dev/null || {
    echo "skipped: no python3 to draw the figures again"
    exit 77
}
python3 docs/figures/draw.py --check
echo "figures are as drawn"
