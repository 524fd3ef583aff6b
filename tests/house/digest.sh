#!/usr/bin/env bash
# digest.sh: one changed byte in any file of the code generator, and of what it asks, changes the code digest.
#
# The digest decides whether compiled code in a store is this build's; a file that it did not see
# would let code of another generator be run.  What the generator asks is found by its #includes: every file of a room
# that it includes a header of, and of the rooms these include in turn.  The rows of operators are asked, too, which
# nobody includes.  Not counted are the reference and what runs kernels: they follow the code, not the other way round.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${SOURCE_DIR:-$(dirname "$0")/../..}"

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r include codegen runtime cmake "$copy"
digest() {
    "${CMAKE:-cmake}" -DOUTPUT="$copy/digest.h" -DROOT="$copy" -P "$copy/cmake/CodeDigest.cmake"
    cat "$copy/digest.h"
}
asked() { # FOLDER ...: the rooms of the runtime whose headers these include
    grep -rhoE '^ *# *include *"runtime/[a-z_]+/' "$@" --include='*.[ch]' | grep -oE 'runtime/[a-z_]+' |
        grep -vxE 'runtime/(exec|reference)' | sort -u
}

rooms=$(asked codegen runtime/ops)
while more=$(asked codegen runtime/ops $rooms) && [ "$more" != "$rooms" ]; do
    rooms=$more
done
# shellcheck disable=SC2086 # a room is one word
mapfile -t files < <(find codegen runtime/ops $rooms include -name '*.[ch]')
files+=(runtime/exec/kernel.h)
[[ " $(tr '\n' ' ' <<<"$rooms") " == *" runtime/network "* && ${#files[@]} -gt 300 ]] ||
    { echo "digest.sh: only ${#files[@]} files found, in codegen runtime/ops" $rooms && exit 1; }
before=$(digest)
[ "$before" = "$(digest)" ] || { echo "digest.sh: two digests of the same files differ" && exit 1; }
for file in "${files[@]}"; do
    printf ' ' >>"$copy/$file"
    after=$(digest)
    [ "$after" != "$before" ] || { echo "digest.sh: $file does not count" && exit 1; }
    before=$after
done
echo "${#files[@]} files count"
