#!/usr/bin/env bash
# machine.sh: targets, doctor and version.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"

# ---- version
version=$(sed -nE 's/^#define DCN_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' "$SOURCE_DIR/include/dcngen.h" | paste -sd.)
works version
same "version" "dcngen $version (LLVM N)" "$(printf '%s' "$out" | sed -E 's/LLVM [0-9.]+/LLVM N/')"
prints "$out" --version

# ---- targets
works targets
same "the head" "  CPU             ISA     bits registers  fma  gather  tested        triple" "$(printf '%s\n' "$out" | head -1)"
same "a row" "  znver2          avx2     256        16  yes  no      compiled      x86_64-pc-linux-gnu" \
    "$(printf '%s\n' "$out" | grep ' znver2 ')"
same "native is told" 1 "$(printf '%s\n' "$out" | grep -c '^native: ')"
same "only features that are on" "" "$(printf '%s\n' "$out" | grep '^  features:' | grep -E ' [-+]')"
echo 'return conv2d { name = "k", in_channels = 4, height = 3, width = 3, out_channels = 4, kernel_size = 1 }' >k.lua
for cpu in $(printf '%s\n' "$out" | sed -nE '2,/^$/s/^[ *] ([a-z][^ ]*) .*/\1/p'); do
    works compile k.lua -o out --target "$cpu" --emit obj
done
if [ "$(uname -m)" = x86_64 ]; then
    for verb in verify bench tune; do
        DCNGEN_MAX_ISA=sse4.2 call $verb k.lua --target haswell
        same "$verb of what this machine lacks" "4|dcngen: kernel 'k': code for haswell (avx2) does not run on this \
machine (sse4.2): it lacks avx, avx2, fma, f16c, bmi, bmi2, lzcnt, movbe" "$code|$err"
    done
fi
same "all listed CPUs were tried" yes "$([ "$checks" -gt 20 ] && echo yes)"

# ---- doctor
unset DCNGEN_SHARED_GOLDEN # which the tests read, where it is set, and dcngen does not
works doctor
same "every check, none failed" "version environment variables cpu threads kernel temporary shared store tuned" \
    "$(printf '%s\n' "$out" | grep -vE '^FAILED' | awk '{ print $2 }' | paste -sd' ')"
DCNGEN_NUM_THREADS=3 call doctor
same "the environment is shown" "0 ok environment DCNGEN_NUM_THREADS=3, DCNGEN_CACHE=off, DCNGEN_SYSTEM_DIR=/nonexistent" \
    "$code $(printf '%s\n' "$out" | grep environment | tr -s ' ')"
same "and used" "ok threads 3, as DCNGEN_NUM_THREADS says" "$(printf '%s\n' "$out" | grep ' threads ' | tr -s ' ')"
DCNGEN_VERBOSE=loud call doctor
same "a bad environment" "4|dcngen: doctor: 'environment' does not work here|FAILED environment DCNGEN_VERBOSE: unknown word 'loud'" \
    "$code|$err|$(printf '%s\n' "$out" | grep -m1 FAILED | tr -s ' ' | sed 's/;.*//')"
same "is told once" "1 6" "$(grep -c loud <<<"$out") $(grep -c "not checked: 'environment' comes first$" <<<"$out")"
same "no other variable" "ok variables dcngen reads all that begin with DCNGEN_" \
    "$(printf '%s\n' "$out" | grep ' variables ' | tr -s ' ')"
DCNGEN_TUN=on DCNGEN_COLOUR=1 call doctor
same "variables that nobody reads" "0|warning variables dcngen reads no DCNGEN_COLOUR, DCNGEN_TUN (did you mean 'DCNGEN_TUNE'?)" \
    "$code|$(printf '%s\n' "$out" | grep -E ' variables ' | tr -s ' ' | sed -E 's/no (DCNGEN_TUN .*), (DCNGEN_COLOUR)$/no \2, \1/')"
TMPDIR=/proc/none call doctor
same "no temporary directory is a warning" "warning temporary files /proc/none cannot be written: No such file or directory" \
    "$(printf '%s\n' "$out" | grep temporary | tr -s ' ')"
finish
