#!/usr/bin/env bash
# masks.sh: on CPUs that hide features, or whose features contradict each other, code runs and has the right numbers.
#
# dcngen itself runs under qemu, so LLVM sees the masked CPU.  An instruction that is not there ends the process.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export LC_ALL=C
skip() {
    echo "$*"
    exit 77
}
[ "$(uname -m)" = x86_64 ] || skip "not an x86-64 machine"
[ -z "${SANITIZED:-}" ] || skip "sanitizers do not run under qemu"
command -v qemu-x86_64 >/dev/null || skip "qemu-x86_64 is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/k.lua" <<'END'
return deform_conv2d { name = "k", in_channels = 16, out_channels = 16, height = 5, width = 6, kernel_size = 3, padding = 1 }
END
checks=0

fail() {
    echo "$*"
    exit 1
}
on() { # CPU WORD...
    qemu-x86_64 -cpu "$1" "$DCNGEN_BIN" "${@:2}" 2>"$work/err"
}
# class CPU ISA: the machine is of that class, and every case of verify is right on it
class() {
    local said
    checks=$((checks + 1))
    said=$(on "$1" targets | sed -n 's/^native: [^,]*, \([^,]*\),.*/\1/p')
    [ "$said" = "$2" ] || fail "$1 is '$said', not '$2'"
    said=$(on "$1" verify "$work/k.lua") || fail "$1: verify exits with $?: $said $(cat "$work/err")"
    [[ $said == *": ok, "* ]] || fail "$1: $said"
}
lacks() { # CPU FEATURE: is not used
    checks=$((checks + 1))
    on "$1" targets | grep '^  features:' >"$work/features"
    ! grep -qw -- "$2" "$work/features" || fail "$1 has $2"
}

class max avx2
grep -qw vaes <(on max targets | grep '^  features:') || skip "$checks checks passed; this qemu has no VAES to leave alone"
class max,-avx2 sse4.2
lacks max,-avx2 vaes
class max,-avx sse4.2
class max,-sse3 sse2
class qemu64,-sse3 sse2
for feature in avx2 fma f16c vaes; do
    lacks max,-avx $feature
done
class Haswell,-bmi2 avx2
class EPYC-Milan,-fma sse4.2

# ---- a lowered machine has no more than the machine
export DCNGEN_MAX_ISA=avx2
class Haswell,-bmi2 avx2
DCNGEN_MAX_ISA=sse4.2
class Haswell,-popcnt sse4.2
unset DCNGEN_MAX_ISA

# ---- masks of the user's
checks=$((checks + 1))
if on max,-avx2 verify "$work/k.lua" --target native -mattr=+vaes >"$work/out"; then
    fail "VAES was taken from a machine without AVX2: $(cat "$work/out")"
fi
grep -q 'does not run on this machine (sse4.2): it lacks .*avx2.*vaes' "$work/err" || fail "$(cat "$work/err")"
on max verify "$work/k.lua" -mattr=-avx2 >/dev/null || fail "$(cat "$work/err")"
echo "$checks checks"
