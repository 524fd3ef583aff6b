#!/usr/bin/env bash
# run.sh: compile one library for several CPUs, and run each of its variants that this machine can.
#
#   run.sh DCNGEN OUTDIR      DCNGEN: the program
#
# Needs a C compiler ($CC, default cc).
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ $# -eq 2 ] || {
    echo "usage: run.sh DCNGEN OUTDIR" >&2
    exit 2
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case $(uname -m) in
x86_64) targets=x86-64-v2,x86-64-v3,x86-64-v4 ;;
aarch64) targets=generic,neoverse-n1 ;;
*) echo "run.sh: no targets are known for $(uname -m)" && exit 0 ;;
esac
"$1" compile "$here/shift.lua" -o "$2" --target "$targets" --emit header,static-lib
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -I"$2" "$here/main.c" "$2/libshift.a" -lm -o "$2/main"
IFS=, read -ra cpus <<<"$targets"
"$2/main" "${cpus[@]}"
