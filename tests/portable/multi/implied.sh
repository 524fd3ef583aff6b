#!/usr/bin/env bash
# implied.sh: LLVM may use no feature besides those that the machine is asked for.
#
# What LLVM takes for granted with each feature is asked of LLVM itself.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
for tool in g++ llvm-config-19; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
g++ -std=c++17 -w -isystem "$(llvm-config-19 --includedir)" "$SOURCE_DIR/tests/portable/multi/host/implied.cpp" \
    -L"$(llvm-config-19 --libdir)" -lLLVM-19 -o "$work/implied"
echo 'return conv2d { name = "k", in_channels = 1, height = 1, width = 1, out_channels = 1, kernel_size = 1 }' \
    >"$work/k.lua"

# variants TARGETS WORD...: CPU and features of each variant, a line each
variants() {
    "$DCNGEN_BIN" compile "$work/k.lua" -o "$work" --emit llvm-ir --target "$@" >/dev/null
    sed -n 's/.*"target-cpu"="\([^"]*\)" "target-features"="\([^"]*\)".*/\1 \2/p' "$work/k.ll" | sort -u
}
check() { # TRIPLE TARGETS WORD...
    local lines cpu features
    lines=$(variants "${@:2}")
    [ "$(wc -l <<<"$lines")" -ge 1 ] && [ -n "$lines" ] || fail "no variants of ${*:2}"
    while read -r cpu features; do
        same "implied by ${*:2}" "" "$("$work/implied" "$1" "$cpu" "$features")"
    done <<<"$lines"
}
rows() { # FILE MACRO: the features of a table
    sed -n "s/^ *$2\(_WITH\)*(\"\\([^\"]*\\)\".*/\\2/p" "$SOURCE_DIR/codegen/$1"
}

[ "$("$work/implied" x86_64-linux-gnu x86-64 +avx | wc -l)" -gt 0 ] || fail "LLVM says nothing"
check x86_64-linux-gnu x86-64-v2,x86-64-v3,x86-64-v4
check aarch64-linux-gnu generic,neoverse-n1
same "gathers that wait are emitted in neither of two that are alike" "1 1" \
    "$(variants icelake-server,znver4 | wc -l) $(variants icelake-server,znver4 | grep -c '+prefer-no-gather,+prefer-no-scatter$')"
same "where they do not, they are" "0" "$(variants x86-64-v3,x86-64-v4 | grep -c 'prefer-no-gather')"
x86=$(rows multi/x86.c BIT) arm=$(rows multi/arm.c FIELD)
[ "$(wc -w <<<"$x86")" -gt 30 ] && [ "$(wc -w <<<"$arm")" -gt 5 ] || fail "no tables"
for feature in $x86; do
    case $feature in aes | pclmul) continue ;; esac # -mattr does not know them
    check x86_64-linux-gnu x86-64-v2,nehalem -mattr="+$feature"
done
for feature in $arm; do
    check aarch64-linux-gnu generic,neoverse-n1 -mattr="+$feature"
done

# What features need stands in needs.h alone: what a row brings besides is nothing that CPUs are asked for.
for table in 'x86 BIT' 'arm FIELD'; do
    read -r file macro <<<"$table"
    besides=$(sed -n "s/^ *${macro}_WITH(\"[^\"]*\",[^\"]*\"\([^\"]*\)\".*/\1/p" "$SOURCE_DIR/codegen/multi/$file.c" | tr , '\n')
    [ -n "$besides" ] || fail "no row of $file.c brings anything besides"
    same "needs told twice in $file.c" "" "$(grep -Fxf <(rows "multi/$file.c" "$macro") <<<"$besides" || true)"
done
echo "$checks checks"
