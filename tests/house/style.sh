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

# A reader, and a debugger, must be able to tell types apart: no two of the tree have one name, and no two structs,
# enums or unions one tag.
twice() { # FOLDER ...: NAME type, or NAME tag, of what is there more than once
    grep -rhE '^typedef |^\} [A-Za-z_0-9]+;|^(struct|enum|union) [A-Za-z_0-9]+ \{' --include='*.[ch]' "$@" |
        sed -E 's/ __attribute__\(.*\)//' |
        sed -nE '
            s/^\} ([A-Za-z_0-9]+);.*/\1 type/p; t
            s/^typedef .*\} ([A-Za-z_0-9]+);.*/\1 type/p; t
            s/^(typedef )?(struct|enum|union) ([A-Za-z_0-9]+) \{.*/\3 tag/p; t
            s/^typedef [^{;]*\(\*([A-Za-z_0-9]+)\)\(.*/\1 type/p; t
            s/^typedef [^{;(]*[ *]([A-Za-z_0-9]+)\(.*/\1 type/p; t
            s/^typedef [^{;(]*[ *]([A-Za-z_0-9]+);.*/\1 type/p' | sort | uniq -d
}
wrong=$(mktemp -d)
cat >"$wrong/types.h" <<'EOC'
typedef enum { A } One;
} One;
typedef struct Two Two;
typedef uint64_t Two __attribute__((vector_size(64)));
struct Three {
typedef struct Three {
typedef void (*Four)(int,
typedef void Four(int);
struct Five {
} Five;
typedef struct Six Six;
struct Six {
EOC
[ "$(twice "$wrong" | tr '\n' ' ')" = "Four type One type Three tag Two type " ] || complain "style.sh: not all types were seen"
rm -r "$wrong"
found=$(twice include runtime dsl codegen tuner cli onnxruntime bench)
[ -z "$found" ] || complain "types of one name: $(tr '\n' ' ' <<<"$found")"

# A comment stands by itself: its subject is in it, not in a line above.  One behind a member or an enumerator may go on
# from the name that it stands beside, with a small letter.
open=$(grep -rnE '/\* *(Of|Those|Likewise|The same)\b|^ */\* *(of|those|likewise|the same)\b' --include='*.[ch]' "${folders[@]}" || true)
[ -z "$open" ] || complain "comments whose subject is elsewhere: $open"

wide=$(LC_ALL=C.UTF-8 grep -nE '^.{121,}' "${sources[@]}" | sed -E 's/^([^:]*:[0-9]+):.*/\1/' || true)
[ -z "$wide" ] || complain "lines of more than 120 columns: $(tr '\n' ' ' <<<"$wide")"

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
