#!/usr/bin/env bash
# wasm32.sh: objects for WebAssembly with simd128 compute the right numbers in node.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/cross/lib.bash"
need node wasm-ld-19
objects wasm "--target wasm-simd128"
build wasm --target=wasm32-unknown-unknown "wasm-ld-19 --no-entry"
again wasm node "$here/host/run.js"
