#!/usr/bin/env bash
# readme.sh: the programs in README.md and docs/API.md compile as they stand, with their operands declared.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
strict="-Wall -Wextra -Werror -Wno-unused-variable -Wno-unused-but-set-variable -fsyntax-only"
"$DCNGEN_BIN" compile "$SOURCE_DIR/examples/first.lua" -o "$dir" --emit header >/dev/null

# The blocks of LANGUAGE in PAGE that include something, each as a program in $dir.
programs() { # PAGE LANGUAGE OPERANDS
    local n
    awk -v language="$2" -v base="$dir/$2-" '/^```/ { n += $0 == "```" language; code = $0 == "```" language; next }
        code { print >(base n ".block") }' "$SOURCE_DIR/$1"
    for block in "$dir/$2"-*.block; do
        grep -q '^#include' "$block" || { rm "$block" && continue; }
        n=${block%.block}.$2
        {
            printf '#include <stdlib.h>\n'
            grep '^#include' "$block"
            printf 'int main(void)\n{\n%s\n' "$3"
            grep -v '^#include' "$block"
            printf 'return 0;\n}\n'
        } >"$n"
        rm "$block"
    done
}
programs README.md c 'float *x = 0, *o = 0, *m = 0, *y = 0, *weight = 0;'
programs docs/API.md cpp 'const float *input = 0, *offset = 0, *mask = 0; float *output = 0; void *packed = 0;
    const dcn_kernel *kernel = 0; dcn_error err;'
status=0 count=0
for program in "$dir"/*.c "$dir"/*.cpp; do
    compiler="gcc -std=c11"
    [[ $program == *.c ]] || compiler="g++ -std=c++11"
    # shellcheck disable=SC2086
    $compiler $strict -I "$dir" -I "$SOURCE_DIR/include" "$program" ||
        { cat "$program" && status=1; }
    count=$((count + 1))
done
[ "$count" -eq 3 ] || { echo "readme.sh: $count programs, expected 3" && status=1; }
[ $status -eq 0 ] && echo "$count programs"
exit $status
