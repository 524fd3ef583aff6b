#!/usr/bin/env bash
# exports.sh: both libraries export the functions of the public headers and nothing else.
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

status=0
same() { # WHAT LIST
    diff <(printf '%s\n' "$declared") <(printf '%s\n' "$2") ||
        { echo "exports.sh: the headers (<) and $1 (>) differ" && status=1; }
}
same cmake/dcngen.map "$listed"
same libdcngen.so "$exported"
same libdcngen.a "$archive"
if [ -n "$others" ]; then
    printf 'not public, yet exported:\n%s\n' "$others"
    status=1
fi
[ $status -eq 0 ] && echo "$(wc -l <<<"$declared") functions"
exit $status
