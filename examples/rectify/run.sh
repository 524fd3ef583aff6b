#!/usr/bin/env bash
# run.sh: straighten before.png twice, with a kernel compiled ahead of time and with one compiled
# just in time, and check both results.
#
#   run.sh DCNGEN OUTDIR      DCNGEN: the program, in its build tree or where it is installed
#
# Needs a C compiler ($CC, default cc), libpng and pkg-config.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ $# -eq 2 ] || {
    echo "usage: run.sh DCNGEN OUTDIR" >&2
    exit 2
}
dcngen=$1
out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$out"

. "$here/../library.bash"
build() {
    "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -I"$here" "$@" "$here/png_io.c" "${png[@]}" -lm
}

# ---- both ways -----------------------------------------------------------------------------

"$dcngen" compile "$here/rectify.lua" -o "$out" --emit obj,header
build -I"$out" "$here/rectify_aot.c" "$out/rectify.o" -o "$out/rectify_aot"
"$out/rectify_aot" "$here/before.png" "$out/after_aot.png"
echo "ahead of time: $out/rectify.o, linked without libdcngen, wrote $out/after_aot.png"

build -I"$headers" "$here/rectify_jit.c" -L"$lib" -Wl,-rpath,"$lib" -ldcngen -o "$out/rectify_jit"
"$out/rectify_jit" "$here/rectify.lua" "$here/before.png" "$out/after_jit.png"
echo "just in time:  $out/rectify_jit wrote $out/after_jit.png"

# ---- are they right? -----------------------------------------------------------------------

build "$here/compare.c" -o "$out/compare"
check() { # WHAT A B MAX DB
    printf '%-36s' "$1:"
    "$out/compare" "${@:2}"
}
check "ahead of time and just in time" "$out/after_aot.png" "$out/after_jit.png" 1 50
check "ahead of time and after.png" "$out/after_aot.png" "$here/after.png" 1 50
check "after.png and a perfect lens" "$here/after.png" "$here/original.png" 255 38
check "before.png and a perfect lens" "$here/before.png" "$here/original.png" 255 0
