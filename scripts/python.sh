#!/usr/bin/env bash
# python.sh: check the types and the style of python/.
#
#   scripts/python.sh [VENV]     default: build/python/venv
#
# Installs mypy and ruff there, if they are missing; exit code 77 where they cannot be had.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${1:-build/python/venv}
python=/usr/bin/python3 # Debian's, which has numpy and torch

missing() {
    echo "skipped: $*"
    exit 77
}

if [ ! -x "$venv/bin/ruff" ] || [ ! -x "$venv/bin/mypy" ]; then
    "$python" -m venv --system-site-packages "$venv" >/dev/null ||
        missing "python3 cannot make a virtual environment (Debian: python3-venv)"
    "$venv/bin/pip" install -q --no-input --disable-pip-version-check 'mypy==2.*' 'ruff==0.17.*' ||
        missing "mypy and ruff cannot be installed"
fi
sources=(python packaging/wheel tests/tools/python tests/tools/onnx)
for folder in examples/python examples/onnx examples/trained; do
    [ ! -d $folder ] || sources+=("$folder")
done
"$venv/bin/ruff" check --config python/pyproject.toml --cache-dir "$venv/ruff" "${sources[@]}"
"$venv/bin/ruff" format --config python/pyproject.toml --cache-dir "$venv/ruff" --check "${sources[@]}"
"$venv/bin/mypy" --config-file python/pyproject.toml --cache-dir "$venv/mypy" python/dcngen
