#!/usr/bin/env bash
# deps.sh: install the Debian packages that are missing, and nothing else.
#
#   scripts/deps.sh          what building and the examples need
#   scripts/deps.sh --test   what the tests need, too
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

build=(gcc libc6-dev cmake ninja-build pkg-config llvm-19-dev lld-19 liblua5.4-dev
       libjansson-dev libsqlite3-dev nettle-dev zlib1g-dev libpng-dev)
tests=(g++ clang-19 libclang-rt-19-dev libcriterion-dev valgrind libc6-dbg
       clang-format-14 qemu-user slurmctld slurmd slurm-client munge zsh fish
       debootstrap dpkg-dev nodejs libzstd-dev zlib1g-dev libncurses-dev binutils
       python3 python3-venv python3-numpy python3-pytest python3-torch
       python3-torchvision)

die() {
    echo "deps.sh: $*" >&2
    exit 4
}

wanted=("${build[@]}")
case "${1:-}" in
'') ;;
--test) wanted+=("${tests[@]}") ;;
*)
    echo "usage: deps.sh [--test]" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps.sh: not a Debian system; these Debian packages or their like are needed:" \
        "${wanted[*]}" >&2
    exit 0
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "deps.sh: nothing is missing"
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        die "not root and no sudo; as root run: apt-get install ${missing[*]}"
    as_root=(sudo)
fi
apt() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
        apt-get -q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

echo "deps.sh: installing ${missing[*]}"
apt update || die "apt-get update failed"
apt install -y --no-install-recommends "${missing[@]}" || die "apt-get install failed"
