#!/usr/bin/env bash
# aarch64.sh: objects for NEON and for SVE of two lengths compute the right numbers in qemu.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/portable/cross/lib.bash"
need qemu-aarch64
clang=--target=aarch64-linux-gnu
cross generic "--target generic" "$clang" qemu-aarch64 -cpu cortex-a57
cross neoverse-n1 "--target neoverse-n1" "$clang" qemu-aarch64 -cpu neoverse-n1
cross neoverse-v1 "--target neoverse-v1" "$clang" qemu-aarch64 -cpu max,sve-default-vector-length=32
cross a64fx "--target a64fx" "$clang" qemu-aarch64 -cpu a64fx,sve-default-vector-length=64
cross sve-256 "--target generic -mattr=+sve,+sve-256" "$clang" qemu-aarch64 -cpu max,sve-default-vector-length=32
