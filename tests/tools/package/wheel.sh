#!/usr/bin/env bash
# wheel.sh: the Python wheel works where nothing of dcngen is installed, shows nothing of what is inside, is the same
# each time, and lives beside every other LLVM.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ -z "${SANITIZED:-}" ] || { echo "a sanitized library is not for others to load" && exit 77; }
[ -x /usr/bin/python3 ] || { echo "there is no /usr/bin/python3" && exit 77; }
fail() {
    echo "wheel.sh: $*"
    exit 1
}
dir=$(mktemp -d -p "$BUILD_DIR" wheel-test.XXXXXX)
trap 'rm -rf "$dir"' EXIT
export DCNGEN_CACHE=off DCNGEN_SYSTEM_DIR=/nonexistent
cd "$SOURCE_DIR"
bash scripts/wheel.sh "$BUILD_DIR"
built=$BUILD_DIR/wheel
wheel=$(echo "$built"/dist/*.whl)
venv=$built/venv

# ---- what it shows and needs -------------------------------------------------------------------

nm -D --defined-only "$built/dcngen/libdcngen.so" | sed -E 's/.* //; s/@.*//' | grep -v '^DCNGEN_' | sort >"$dir/exported"
{ sed -nE 's/^ +(dcn_[a-z0-9_]+);/\1/p' cmake/dcngen.map && echo dcngen_main; } | sort | diff - "$dir/exported" ||
    fail "libdcngen.map (<) and what libdcngen.so exports (>) differ"
if "$venv/bin/python" -m pip install -q --no-input --disable-pip-version-check auditwheel llvmlite; then
    "$venv/bin/auditwheel" show "$wheel" | tr '\n' ' ' >"$dir/audit"
    tag=$(grep -o 'manylinux_[0-9]*_[0-9]*_[a-z0-9_]*' <<<"$wheel")
    grep -q "following platform tag: *\"$tag\"" "$dir/audit" || fail "auditwheel: $(cat "$dir/audit"), expected $tag"
    echo "ok: $tag"
else
    echo "not tried: auditwheel and llvmlite, which cannot be installed"
fi

# ---- README.md ---------------------------------------------------------------------------------

readme() { # PYTHON BLOCKS
    "$1" tests/tools/package/readme.py README.md examples/first.lua >"$dir/log" 2>&1 || fail "README.md: $(cat "$dir/log")"
    [ "$(grep -c '^ok: ' "$dir/log")" = "$2" ] || fail "README.md, $2 blocks of Python expected: $(cat "$dir/log")"
}
readme "$venv/bin/python" 1
[ ! -d "$built/torch" ] || readme "$built/torch/bin/python" 2
echo "ok: README.md"

# ---- the same again ----------------------------------------------------------------------------

rm "$built/dcngen/libdcngen.so"
"$CMAKE" --build "$BUILD_DIR" --target dcngen_wheel >"$dir/log" || fail "$(cat "$dir/log")"
/usr/bin/python3 packaging/wheel/pack.py . "$built" "$dir/again" >/dev/null
cmp "$wheel" "$dir"/again/*.whl || fail "a second wheel is another"
echo "ok: made again"

# ---- beside others -----------------------------------------------------------------------------

cat >"$dir/beside.py" <<'END'
"""beside.py [--global] MODULE...: import these in that order, with all symbols visible or not; then dcngen computes."""
import importlib
import os
import sys

import numpy as np

names = sys.argv[1:]
if names[0] == "--global":
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    del names[0]
modules = {name: importlib.import_module(name) for name in names}
if "llvmlite.binding" in modules:
    llvm = modules["llvmlite.binding"]
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    text = 'define i32 @f(i32 %x) { %y = mul i32 %x, 3  ret i32 %y }'
    machine = llvm.Target.from_default_triple().create_target_machine()
    assert b"f" in machine.emit_object(llvm.parse_assembly(text))
x, weight = np.ones((1, 4, 5, 5), np.float32), np.ones((4, 4, 3, 3), np.float32)
y = modules["dcngen"].deform_conv2d(x, np.zeros((1, 18, 3, 3), np.float32), weight)
assert (y == 36).all(), y
END
beside() { # PYTHON MODULE...
    local python=$1 first
    shift
    for first in "dcngen $*" "$* dcngen" "--global $* dcngen" "--global dcngen $*"; do
        # shellcheck disable=SC2086
        "$python" "$dir/beside.py" $first >"$dir/log" 2>&1 || fail "$first: $(tail -5 "$dir/log")"
    done
    echo "ok: beside $*"
}
if "$venv/bin/python" -c 'import llvmlite.binding' 2>/dev/null; then
    beside "$venv/bin/python" llvmlite.binding
fi
mkdir "$dir/site"
"$venv/bin/python" -m pip install -q --no-index --no-deps --disable-pip-version-check --target "$dir/site" "$wheel"
export PYTHONPATH=$dir/site
! /usr/bin/python3 -c 'import torch' 2>/dev/null || beside /usr/bin/python3 torch
newer=$SOURCE_DIR/build/bench/venv/bin/python
if "$newer" -c 'import torch, triton._C.libtriton' 2>/dev/null; then
    beside "$newer" triton._C.libtriton torch
else
    echo "not tried: triton and PyPI's torch (scripts/test.sh --torch)"
fi
