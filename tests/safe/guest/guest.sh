#!/usr/bin/env bash
# guest.sh: in somebody else's process the library's threads harm nobody: fork, dlclose, limits, many callers, signals.
#
# Nothing may be printed, neither by the programs nor by the library.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
if [ -n "${SANITIZED:-}" ]; then
    echo "a sanitized library is not for others to link"
    exit 77
fi
here=$SOURCE_DIR/tests/safe/guest
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for program in fork unload limit crowd; do
    "$CC" -std=gnu11 -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -I "$SOURCE_DIR/include" "$here/$program.c" -o "$dir/$program" \
        -L "$BUILD_DIR" -ldcngen -Wl,-rpath,"$BUILD_DIR" -pthread -ldl
    argument=()
    [ $program != unload ] || argument=("$BUILD_DIR/libdcngen.so")
    status=0
    "$dir/$program" "${argument[@]}" >"$dir/out" 2>&1 || status=$?
    if [ $status -ne 0 ] || [ -s "$dir/out" ]; then
        echo "guest.sh: $program: exit $status: $(cat "$dir/out")"
        exit 1
    fi
    echo "ok: $program"
done
