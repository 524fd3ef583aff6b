#!/usr/bin/env bash
# examples.sh: every example spec compiles and verifies, every example program does what it says.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$SOURCE_DIR"

if [ -n "${SANITIZED:-}" ]; then
    echo "the example programs are not sanitized, so they cannot be linked with this library"
    exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
shopt -s nullglob
specs=(examples/*.lua examples/*/*.lua)
scripts=(examples/*/run.sh)
[ ${#specs[@]} -gt 0 ] && [ ${#scripts[@]} -gt 0 ]
for spec in "${specs[@]}"; do
    "$DCNGEN_BIN" compile "$spec" -o "$dir/objects" --emit obj,header
    case $spec in
    *resnet50* | *internimage* | */networks/*) ;; # whole networks: the reference would take minutes
    *) "$DCNGEN_BIN" verify "$spec" >"$dir/verified" || { cat "$dir/verified"; exit 1; } ;;
    esac
    echo "ok: $spec"
done
for script in "${scripts[@]}"; do
    name=$(basename "$(dirname "$script")")
    mkdir "$dir/$name"
    bash "$script" "$DCNGEN_BIN" "$dir/$name"
    echo "ok: $script"
done
