#!/usr/bin/env bash
# race.sh: ThreadSanitizer finds nothing in the pool of threads.
#
# The threads, and what they stand on, are compiled with it; kernels have no say in it, since a task writes what no other
# task of its phase touches (tests/safe/guard).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
if ! command -v clang-19 >/dev/null; then
    echo "clang-19 is not installed"
    exit 77
fi
cd "$SOURCE_DIR"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sources=(tests/safe/race/race.c runtime/exec/{pool,workers,cores,threads}.c runtime/base/{clock,env,error,text}.c)
clang-19 -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=thread -I. -Iinclude "${sources[@]}" -o "$dir/race" -pthread -lm
# Some kernels give addresses more randomness than ThreadSanitizer can bear.
run=("$dir/race")
! command -v setarch >/dev/null || run=(setarch -R "$dir/race")
TSAN_OPTIONS="halt_on_error=1" "${run[@]}" >"$dir/out" 2>&1 || {
    head -60 "$dir/out"
    exit 1
}
[ ! -s "$dir/out" ] || { cat "$dir/out" && exit 1; }
echo "no races"
