#!/usr/bin/env bash
# riscv64.sh: objects for the vector extension of RISC-V compute the right numbers in qemu, at three lengths.
# Code for one length runs where vectors are longer, too.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/portable/cross/lib.bash"
need qemu-riscv64
clang="--target=riscv64-linux-gnu -march=rv64gc -mabi=lp64d"
cpu=rv64,v=true,vext_spec=v1.0,vlen
cross rv64gcv "--target rv64gcv" "$clang" qemu-riscv64 -cpu $cpu=128
cross rv64gcv_zvl256b "--target rv64gcv_zvl256b" "$clang" qemu-riscv64 -cpu $cpu=256
cross rv64gcv_zvl512b "--target rv64gcv -mattr=+zvl512b" "$clang" qemu-riscv64 -cpu $cpu=512
again rv64gcv qemu-riscv64 -cpu $cpu=512
