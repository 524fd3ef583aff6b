#!/usr/bin/env bash
# style.sh: what a machine can see of the house style.
#
# Limits: 400 lines a file (tests excepted); for functions those of functions.py.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${SOURCE_DIR:-$(dirname "$0")/../..}"

bad=0
complain() {
    echo "$*"
    bad=1
}
folders=(include runtime dsl codegen tuner cli onnxruntime examples bench tests)
mapfile -t sources < <(find "${folders[@]}" -name '*.[ch]' | sort)
[ ${#sources[@]} -gt 0 ] || complain "no source file found"

for file in "${sources[@]}"; do
    name=$(basename "$file")
    head -1 "$file" | grep -qF "/* $name: " || complain "$file:1: expected \"/* $name: what it is\""
    grep -q 'SPDX-License-Identifier: Apache-2\.0' "$file" || complain "$file: no SPDX line"
    lines=$(wc -l <"$file")
    [[ $file == tests/* ]] || [ "$lines" -le 400 ] || complain "$file: $lines lines, at most 400"
done

if command -v python3 >/dev/null; then
    many=$(mktemp --suffix .c)
    { printf 'int f(int a, int b, int c, int (*d)(int, int), int e, int f, int g, dcn_error *err)\n{\n' && seq 41 && echo "}"; } >"$many"
    [ "$(python3 -B tests/house/functions.py "$many" | wc -l)" -eq 3 ] || complain "functions.py: not all was caught"
    rm "$many"
    python3 -B tests/house/functions.py "${sources[@]}" || bad=1
fi

# A reader, and a debugger, must be able to tell types apart: no two of the tree have one name.
twice=$(grep -rhoE '^\} [A-Za-z_0-9]+;|^typedef (struct|enum|union) [A-Za-z_0-9]+ \{' \
    --include='*.[ch]' include runtime dsl codegen tuner cli onnxruntime bench |
    sed -E 's/^\} ([A-Za-z_0-9]+);/\1 end/; s/^typedef [a-z]+ ([A-Za-z_0-9]+) \{/\1 begin/' | sort | uniq -d)
[ -z "$twice" ] || complain "types of one name: $(tr '\n' ' ' <<<"$twice")"

# A comment stands by itself: its subject is in it, not in a line above.
open=$(grep -rnE '/\* *(Of|Those|Likewise|The same)\b' --include='*.[ch]' "${folders[@]}" || true)
[ -z "$open" ] || complain "comments whose subject is elsewhere: $open"

mapfile -t texts < <(find "${folders[@]}" docs scripts cmake .ci ./*.* -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.lua' -o -name '*.md' -o -name '*.txt' \
    -o -name '*.cmake' -o -name run \) | sort -u)
found=$(grep -nE '\b(TO[D]O|FIX[M]E|XX[X])\b|#if [0]\b|/wo[r]k/' "${texts[@]}" || true)
[ -z "$found" ] || complain "$found"

for script in scripts/*.sh .ci/run; do
    bash -n "$script" || complain "$script: syntax"
    [ -x "$script" ] || complain "$script: not executable"
done

[ $bad -eq 0 ] || exit 1
echo "style kept in ${#sources[@]} files"
