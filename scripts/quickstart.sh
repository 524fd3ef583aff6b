#!/usr/bin/env bash
# quickstart.sh: from a fresh Debian 12 machine to kernels that were checked and timed.
#
#   scripts/quickstart.sh [OUTDIR]      default: build/quickstart
#
# Installs what is missing, builds, compiles and verifies every spec of examples/, rectifies a
# photograph, and times the layers of a real network.  Any failure ends it with a message.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/build/quickstart}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$root"

step=starting status=0
say() {
    step=$*
    printf '\n== %s\n' "$*"
}
trap 'status=$?; [ $status -eq 0 ] || echo "quickstart.sh: FAILED while $step" >&2' EXIT

say "installing what is missing"
scripts/deps.sh

say "building"
tests=ON
pkg-config --exists criterion || tests=OFF
cmake --preset release -DDCNGEN_TESTS=$tests >"$out/configure.log" || {
    cat "$out/configure.log"
    exit 1
}
cmake --build --preset release --target dcngen dcngen_shared dcngen_static
dcngen=$root/build/release/dcngen
"$dcngen" version

specs=(examples/*.lua)
for spec in "${specs[@]}"; do
    name=$(basename "$spec" .lua)
    say "compiling and verifying $spec"
    "$dcngen" compile "$spec" -o "$out/$name" --emit obj,header
    "$dcngen" verify "$spec" | tee "$out/$name.verify.txt"
done

say "rectifying a photograph: examples/rectify"
mkdir -p "$out/rectify"
bash examples/rectify/run.sh "$dcngen" "$out/rectify"

say "timing the deformable layers of ResNet-50, two threads"
"$dcngen" bench --threads 2 examples/resnet50_dcnv2.lua | tee "$out/bench.txt"

say "done"
cat <<END
${#specs[@]} specs were compiled and verified, a photograph was rectified, ResNet-50 was timed.
  objects and headers   $(find "$out" -name '*.o' | wc -l) kernels in $out/<spec>/
  checks                $out/<spec>.verify.txt
  pictures              $out/rectify/
  times                 $out/bench.txt
  the program           $dcngen   (try: $dcngen help)
END
