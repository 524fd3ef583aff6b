#!/usr/bin/env bash
# digest.sh: one changed byte in any file of the code generator changes the code digest.
#
# The digest decides whether compiled code in a store is this build's; a file that it did not see
# would let code of another generator be run.
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

mapfile -t files < <(find codegen runtime/spec -name '*.[ch]')
files+=(include/dcngen.h include/dcngen/spec.h runtime/exec/kernel.h)
[ ${#files[@]} -gt 80 ] || { echo "digest.sh: only ${#files[@]} files found" && exit 1; }
before=$(digest)
[ "$before" = "$(digest)" ] || { echo "digest.sh: two digests of the same files differ" && exit 1; }
for file in "${files[@]}"; do
    printf ' ' >>"$copy/$file"
    after=$(digest)
    [ "$after" != "$before" ] || { echo "digest.sh: $file does not count" && exit 1; }
    before=$after
done
echo "${#files[@]} files count"
