#!/usr/bin/env bash
# kernels.sh: a project builds kernels with dcngen_add_kernels, and builds anew exactly what changed.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ -z "${SANITIZED:-}" ] || { echo "a sanitized library is not for others to link" && exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "the project is for x86-64" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export DCNGEN_CACHE=off
checks=0

fail() {
    echo "kernels.sh: $*"
    exit 1
}
same() { # WHAT EXPECTED GOT
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1: '$3', expected '$2': $(cat "$dir/log")"
}
configure() { # OPTION...
    "$CMAKE" -S "$dir/project" -B "$dir/build" -DCMAKE_PREFIX_PATH="$dir/prefix" -DCMAKE_C_COMPILER="$CC" \
        "$@" >"$dir/log" 2>&1
}
build() {
    "$CMAKE" --build "$dir/build" >"$dir/log" 2>&1 || fail "not built: $(cat "$dir/log")"
}
made() { # which specs dcngen compiled in the last build
    grep -oE 'Kernels of .*' "$dir/log" | sort -u | tr '\n' ';'
}
change() { # FILE: newer than everything, also where time stamps are coarse
    sleep 1.1
    touch "$dir/project/$1"
}

"$CMAKE" --install "$BUILD_DIR" --prefix "$dir/prefix" >"$dir/log"
cp -r "$SOURCE_DIR/tests/tools/package/kernels" "$dir/project"
generators=("Unix Makefiles")
command -v make >/dev/null || generators=()
! command -v ninja >/dev/null || generators+=(Ninja)
for generator in "${generators[@]}"; do
    rm -rf "$dir/build" "$dir/project"
    cp -r "$SOURCE_DIR/tests/tools/package/kernels" "$dir/project"
    configure -G "$generator" || fail "not configured: $(cat "$dir/log")"
    build
    same "$generator: all is made" "Kernels of layers;Kernels of other layer;" "$(made)"
    same "$generator: it runs" "144 1 x86-64 10 40" "$("$dir/build/use")"
    build
    same "$generator: nothing is made twice" "" "$(made)"

    # ---- the spec, and what it includes
    change "other layer.lua"
    build
    same "$generator: a spec" "Kernels of other layer;" "$(made)"
    sed -i 's/height = 3/height = 5/' "$dir/project/size.lua"
    change size.lua
    build
    same "$generator: what a spec includes" "Kernels of layers;" "$(made)"
    same "$generator: and what uses its header" "240 1 x86-64 10 40" "$("$dir/build/use")"
    sed -i 's/return { /&conv2d { name = "second", in_channels = 1, height = 1, width = 1, out_channels = 1, kernel_size = 1 }, /' \
        "$dir/project/layers.lua"
    change layers.lua
    build
    same "$generator: a new kernel" 1 "$(nm "$dir/build/liblayers.a" | grep -c ' T second_run')"
    build
    same "$generator: nothing is left to do" "" "$(made)"
done

# ---- what is wrong is said when the project is configured
echo 'return conv2d { name = "first" }' >"$dir/project/layers.lua"
! configure || fail "a spec that cannot be was taken"
said=$(tr -s ' \n' ' ' <"$dir/log")
[[ $said == *"dcngen_add_kernels(layers): $dir/project/layers.lua:1: conv2d needs 'in_channels'"* ]] || fail "$said"
rm "$dir/prefix/bin/dcngen"
rm -rf "$dir/build"
! PATH=/usr/bin:/bin configure || fail "there is no program"
said=$(tr -s ' \n' ' ' <"$dir/log")
[[ $said == *"dcngen::program, the program dcngen, is not found"* ]] || fail "$said"
echo "$checks checks"
