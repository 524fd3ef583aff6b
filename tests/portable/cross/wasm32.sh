#!/usr/bin/env bash
# wasm32.sh: objects for WebAssembly with simd128 compute the right numbers in node.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/portable/cross/lib.bash"
need node wasm-ld-19
objects wasm "--target wasm-simd128"
build wasm --target=wasm32-unknown-unknown "wasm-ld-19 --no-entry"
again wasm node "$here/host/run.js"

# Pointers of 4 bytes stand in places of 8, in the header as in the object.
"$DCNGEN_BIN" compile "$here/kernels.lua" --kernel sums_nhwc_f32 -o "$work" --emit header,static-lib \
    --target wasm-simd128 >"$work/log" 2>&1 || fail "header: $(cat "$work/log")"
cat >"$work/use.c" <<'E2'
#include "sums_nhwc_f32.h"
#include <stddef.h>
_Static_assert(offsetof(sums_nhwc_f32_args, offset) == 8, "a place of 8 bytes");
_Static_assert(offsetof(sums_nhwc_f32_args, batch) == 32, "a place of 8 bytes");
__attribute__((export_name("use"))) void use(const sums_nhwc_f32_args *args, void *workspace)
{
    sums_nhwc_f32(args, workspace);
}
E2
clang-19 --target=wasm32-unknown-unknown -ffreestanding -Wall -Wextra -Werror -c "$work/use.c" -o "$work/use.o" &&
    wasm-ld-19 --no-entry "$work/use.o" "$work/libsums_nhwc_f32.a" -o "$work/use.wasm" || fail "header: no use"

status=0
"$DCNGEN_BIN" compile "$here/kernels.lua" -o "$work" --emit shared-lib --target wasm-simd128 >"$work/log" 2>&1 || status=$?
[ $status = 4 ] && grep -q "has no shared libraries" "$work/log" || fail "shared-lib: $status $(cat "$work/log")"
