#!/usr/bin/env bash
# format.sh: every C file is as clang-format 14 lays it out.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${SOURCE_DIR:-$(dirname "$0")/../..}"
if ! command -v clang-format-14 >/dev/null; then
    echo "clang-format-14 is not installed"
    exit 77
fi
found=$(find include runtime dsl codegen tuner cli onnxruntime examples bench tests -name '*.[ch]' -print0 |
    xargs -0 clang-format-14 --dry-run 2>&1 | grep -E 'warning:|error:' || true)
[ -z "$found" ] || {
    head -40 <<<"$found"
    exit 1
}
