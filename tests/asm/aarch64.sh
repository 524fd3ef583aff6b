#!/usr/bin/env bash
# aarch64.sh: an AArch64 object, linked into a static program, computes the right numbers in qemu.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || {
        echo "$tool is not installed"
        exit 77
    }
done
. "$SOURCE_DIR/tests/asm/lib.bash"
for cpu in generic neoverse-n1; do
    for schedule in direct tiled; do
        demo $cpu $schedule
        aarch64-linux-gnu-gcc -static -O1 -I"$work" "$host" "$work/demo.o" -lm -o "$work/host"
        qemu-aarch64 "$work/host" || fail "wrong numbers: $cpu $schedule"
    done
done
cat >"$work/core.lua" <<'EOF'
return dcnv3 { name = "core", batch = 2, channels = 10, groups = 2, height = 5, width = 6 }
EOF
"$DCNGEN_BIN" compile "$work/core.lua" -o "$work" --emit obj,header --target generic >"$work/log" 2>&1 ||
    fail "cannot compile dcnv3: $(cat "$work/log")"
aarch64-linux-gnu-gcc -static -O1 -I"$work" "$(dirname "$host")/core.c" "$work/core.o" -lm -o "$work/core"
qemu-aarch64 "$work/core" || fail "wrong numbers: dcnv3"
