# lib.bash: build the kernels of kernels.lua and host/host.c for a machine, and run them there.
#
#     cross NAME "COMPILE OPTIONS" "CLANG OPTIONS" RUNNER...
#
# The program has no C library: clang and lld are all that is needed.  What runs it may be empty (this machine).
# SPDX-License-Identifier: Apache-2.0
here=$SOURCE_DIR/tests/portable/cross
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

# Exit as skipped, and say why, unless all tools are here.
need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || {
            echo "skipped: $tool is not installed (scripts/deps.sh --test)"
            exit 77
        }
    done
}

need clang-19 ld.lld-19 llvm-nm-19
"$BUILD_DIR/tests/dcngen_cross_cases" "$here/kernels.lua" "$work" || fail "no cases"

# objects NAME COMPILE-OPTIONS: $work/NAME/*.o, which must not call anything; a network has its parameters inside
# shellcheck disable=SC2086 # options are words
objects() {
    "$DCNGEN_BIN" compile "$here/kernels.lua" -o "$work/$1" --emit obj $2 >"$work/log" 2>&1 ||
        fail "$1: $(cat "$work/log")"
    "$DCNGEN_BIN" compile "$here/kernels.lua" --kernel network_f32 --weights "$work/network_f32.safetensors" \
        -o "$work/$1" --emit obj $2 >"$work/log" 2>&1 || fail "$1: $(cat "$work/log")"
    local calls
    calls=$(llvm-nm-19 -u "$work/$1"/*.o | grep ' U ' | grep -v ' U __stack_pointer$') || true
    [ -z "$calls" ] || fail "$1: undefined: $calls"
}

# build NAME CLANG-OPTIONS LINKER: the program $work/NAME/host
# shellcheck disable=SC2086 # options are words
build() {
    clang-19 -O1 -std=c2x -ffreestanding -fno-builtin -I"$work" -I"$here/../../.." --embed-dir="$work" \
        -Wall -Wextra -Werror $2 -c "$here/host/host.c" -o "$work/$1/host.o" || fail "$1: no host"
    $3 "$work/$1"/*.o -o "$work/$1/host" || fail "$1: not linked"
}

# again NAME RUNNER...: run what cross has built
again() {
    local name=$1 said
    shift
    said=$("$@" "$work/$name/host") || fail "$name: $said"
    echo "$name${1:+ in $(basename "$1") ${*:2}}: $said"
}

cross() {
    local name=$1 compile=$2 clang=$3
    shift 3
    objects "$name" "$compile"
    build "$name" "$clang" "ld.lld-19 -static"
    again "$name" "$@"
}
