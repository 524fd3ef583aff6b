#!/usr/bin/env bash
# aarch64.sh: an AArch64 library for several CPUs, in qemu.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done

build() { # NAME
    for program in "$SOURCE_DIR/tests/portable/multi/host/which.c" "$hosts/host.c"; do
        aarch64-linux-gnu-gcc -static -O1 -I"$work" "$program" "$work/libdemo.a" -lm \
            -o "$work/$1.$(basename "$program" .c)" || fail "cannot link $1"
    done
}
picks() { # CPU PROGRAM WHY
    same "$2 on $1" "$3" "$(qemu-aarch64 -cpu "$1" "$work/$2.which" | sed -n 2p)"
    qemu-aarch64 -cpu "$1" "$work/$2.host" >/dev/null || fail "wrong numbers from $2 on $1"
}

demo generic,neoverse-n1
same "nothing is undefined" "" "$(aarch64-linux-gnu-nm -u "$work/demo.o")"
build tuned
picks neoverse-n1 tuned "neoverse-n1: has neon, is tuned for this CPU"
picks cortex-a57 tuned "generic: has neon"
picks max tuned "generic: has neon"
same "the caller's choice" "neoverse-n1: has neon, was chosen by the program" \
    "$(qemu-aarch64 -cpu max "$work/tuned.which" neoverse-n1 | sed -n 2p)"

demo generic,neoverse-n1 -mattr=+dotprod,+fullfp16
build more
picks neoverse-n1 more "neoverse-n1: has neon, is tuned for this CPU"
picks max more "generic: has neon"
same "what the CPU lacks" "none; not generic: lacks dotprod; not neoverse-n1: lacks dotprod" \
    "$({ qemu-aarch64 -cpu cortex-a57 "$work/more.which" || [ $? -eq 3 ]; } | sed -n 2p)"

# ---- SVE: the vectors must have the very length that the code was made for
demo generic,neoverse-v1,a64fx
same "nothing is undefined" "" "$(aarch64-linux-gnu-nm -u "$work/demo.o")"
same "SVE where it is meant" "neoverse_v1 a64fx" "$(aarch64-linux-gnu-objdump -d "$work/demo.o" | awk '
    /^[0-9a-f]+ </ { f = /neoverse_v1>/ ? "neoverse_v1" : /a64fx>/ ? "a64fx" : "others" }
    /[ \t]z[0-9]+\./ && !seen[f]++ { names = f (names ? " " names : "") } END { print names }')"
build sve
picks max,sve-default-vector-length=32 sve "neoverse-v1: has sve sve-256; not a64fx: lacks sve-512"
picks max,sve-default-vector-length=64 sve "a64fx: has sve sve-512; not neoverse-v1: lacks sve-256"
picks max,sve-default-vector-length=16 sve \
    "generic: has neon; not a64fx: lacks sve-512; not neoverse-v1: lacks sve-256"
picks cortex-a57 sve "generic: has neon; not a64fx: lacks fullfp16; not neoverse-v1: lacks fullfp16"
picks a64fx,sve-default-vector-length=64 sve \
    "a64fx: has sve sve-512, is tuned for this CPU; not neoverse-v1: lacks sve-256"
echo "$checks checks"
