#!/usr/bin/env bash
# exports.sh: both libraries export the functions of the public headers and nothing else, and docs/API.md declares them
# as the headers do.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

declared=$(cat "$SOURCE_DIR"/include/dcngen.h "$SOURCE_DIR"/include/dcngen/*.h |
    sed -E 's,/\*.*\*/,,; /^\/?\*/d' | grep -oE '\bdcn_[a-z0-9_]+\(' | tr -d '(' | sort -u)
listed=$(grep -oE '^ +dcn_[a-z0-9_]+;' "$SOURCE_DIR/cmake/dcngen.map" | tr -d ' ;' | sort -u)
exported=$(nm -D --defined-only "$BUILD_DIR/libdcngen.so" |
    sed -nE 's/.* [TWi] (dcn_[a-z0-9_]+)@@DCNGEN_0\.1$/\1/p' | sort -u)
others=$(nm -D --defined-only "$BUILD_DIR/libdcngen.so" | grep -vE '@@DCNGEN_0\.1$| A DCNGEN_0\.1$' |
    grep -v '__odr_asan' || true)

archive=$(nm -g --defined-only "$BUILD_DIR/libdcngen.a" 2>/dev/null |
    sed -nE 's/^[0-9a-f]+ [A-Z] (.*)$/\1/p' | grep -v '^__odr_asan' | sort -u)

# One declaration a line, from C on the standard input.
declarations() {
    sed -E 's,/\*.*\*/,,' | sed '/\/\*/,/\*\//d' | tr -s ' \n' ' ' | tr ';' '\n' |
        grep -oE '(const |struct )*[a-z0-9_]+ \**dcn_[a-z0-9_]+\([^{}]*\)$' | sort -u
}
in_headers=$(cat "$SOURCE_DIR"/include/dcngen.h "$SOURCE_DIR"/include/dcngen/*.h | declarations)
in_pages=$(awk '/^```/ { code = $0 == "```c"; next } code' "$SOURCE_DIR/docs/API.md" | declarations)

status=0
same() { # WHAT LIST
    diff <(printf '%s\n' "$declared") <(printf '%s\n' "$2") ||
        { echo "exports.sh: the headers (<) and $1 (>) differ" && status=1; }
}
same cmake/dcngen.map "$listed"
same libdcngen.so "$exported"
same libdcngen.a "$archive"
same docs/API.md "$(grep -oE 'dcn_[a-z0-9_]+\(' <<<"$in_pages" | tr -d '(' | sort -u)"
diff <(echo "$in_headers") <(echo "$in_pages") ||
    { echo "exports.sh: declarations of the headers (<) and of docs/API.md (>) differ" && status=1; }
if [ -n "$others" ]; then
    printf 'not public, yet exported:\n%s\n' "$others"
    status=1
fi
[ $status -eq 0 ] && echo "$(wc -l <<<"$declared") functions"
exit $status
