#!/usr/bin/env bash
# x86_64.sh: objects for every level of x86-64 compute the right numbers: on this machine if it has the level, else in
# qemu, which has no AVX-512.  Code for a plainer CPU is run on what looks like one, too.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/portable/cross/lib.bash"
clang="--target=x86_64-linux-gnu -march=x86-64"

# level CPU QEMU-CPU
level() {
    local name=$1
    objects "$name" "--target $name"
    build "$name" "$clang" "ld.lld-19 -static"
    if [ "$(uname -m)" = x86_64 ] && runs_here "$name"; then
        again "$name"
    elif [ -z "$2" ]; then
        echo "$name: skipped: neither this machine nor qemu has it"
    elif command -v qemu-x86_64 >/dev/null; then
        again "$name" qemu-x86_64 -cpu "$2"
    else
        echo "$name: skipped: this machine does not have it, and qemu-x86_64 is not installed"
    fi
}

# Whether this machine has what such a CPU has.
runs_here() {
    "$DCNGEN_BIN" verify "$here/kernels.lua" --kernel sums_nhwc_f32 --target "$1" >/dev/null 2>"$work/log"
}

level x86-64 qemu64,-sse3
level x86-64-v2 Nehalem
level x86-64-v3 max
level haswell max
level skylake-avx512 ""
level icelake-server ""
level sapphirerapids ""
level znver3 max
level znver4 ""
level znver5 ""
