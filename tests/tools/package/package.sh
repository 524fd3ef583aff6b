#!/usr/bin/env bash
# package.sh: what is installed can be used by others, from CMake and from pkg-config.
#
# The tree is moved after installing, so that a path written into it would be noticed.  What asks for the system-wide
# store is in a build tree, in the moved tree and elsewhere.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

if [ -n "${SANITIZED:-}" ]; then
    echo "a sanitized library is not for others to link"
    exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
version=$(sed -n "s/^CMAKE_PROJECT_VERSION:STATIC=//p" "$BUILD_DIR/CMakeCache.txt")

expect() { # WANTED COMMAND...
    local wanted=$1 got
    shift
    got=$("$@") || { echo "package.sh: failed: $*" && exit 1; }
    [[ $got == "$wanted"* ]] || { echo "package.sh: $*: \"$got\", expected \"$wanted\"" && exit 1; }
    echo "ok: ${*/#$dir\//}"
}

"$CMAKE" --install "$BUILD_DIR" --prefix "$dir/first" >"$dir/install.log"
mv "$dir/first" "$dir/prefix"
lib=$(dirname "$(find "$dir/prefix" -name libdcngen.a)")
for file in include/dcngen.h include/dcngen.hpp include/dcngen/spec.h include/dcngen/error.h \
    share/man/man1/dcngen.1 share/doc/dcngen/LICENSE share/doc/dcngen/docs/benchmark.svg; do
    [ -f "$dir/prefix/$file" ] || { echo "package.sh: not installed: $file" && exit 1; }
done

expect "dcngen $version" "$dir/prefix/bin/dcngen" version
grep -q "libdcngen.so.* => $lib/" <<<"$(ldd "$lib/libdcngen_onnxruntime.so")" ||
    { echo "package.sh: libdcngen_onnxruntime.so does not find libdcngen beside it" && exit 1; }
bash "$SOURCE_DIR/tests/house/links.sh" "$dir/prefix/share/doc/dcngen" || exit 1
expect "" "$dir/prefix/bin/dcngen" show spec "$dir/prefix/share/doc/dcngen/examples/first.lua"

"$CMAKE" -S "$SOURCE_DIR/tests/tools/package" -B "$dir/cmake" -DCMAKE_PREFIX_PATH="$dir/prefix" \
    -DCMAKE_C_COMPILER="$CC" >"$dir/configure.log" || { cat "$dir/configure.log" && exit 1; }
"$CMAKE" --build "$dir/cmake" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" && exit 1; }
expect "dcngen $version" "$dir/cmake/user_shared"
expect "dcngen $version" "$dir/cmake/user_static"
if command -v g++ >/dev/null; then
    "$CMAKE" -S "$SOURCE_DIR/tests/tools/package/cxx" -B "$dir/cxx" -DCMAKE_PREFIX_PATH="$dir/prefix" \
        >"$dir/configure.log" || { cat "$dir/configure.log" && exit 1; }
    "$CMAKE" --build "$dir/cxx" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" && exit 1; }
    expect "dcngen $version" "$dir/cxx/user_dcngen"
    expect "dcngen $version" "$dir/cxx/user_static"
fi
if PKG_CONFIG_LIBDIR=$dir/nothing "$CMAKE" -S "$SOURCE_DIR/tests/tools/package" -B "$dir/bare" \
    -DCMAKE_PREFIX_PATH="$dir/prefix" -DCMAKE_C_COMPILER="$CC" >"$dir/configure.log" 2>&1; then
    echo "package.sh: the static library is found without what it needs" && exit 1
fi
expect "the static library, needs what is not found: lua5.4" \
    sh -c "tr -s '\\n ' ' ' <'$dir/configure.log' | grep -o 'the static library, needs .*'"

# ---- the system-wide store lies beside the library ---------------------------------------------

export DCNGEN_CACHE=ro DCNGEN_CACHE_DIR=$dir/no-store
unset DCNGEN_SYSTEM_DIR
system() { # PROGRAM
    "$1" cache path | sed -n 's/^system *//p'
}
mkdir -p "$dir/other/bin"
cp "$dir/cmake/user_static" "$dir/other/bin/user"
ln -s "$dir/prefix/bin/dcngen" "$dir/link"
expect "$dir/prefix/share/dcngen" system "$dir/prefix/bin/dcngen"
expect "$dir/prefix/share/dcngen" system "$dir/link"
expect "none" system "$DCNGEN_BIN"
expect "system $dir/prefix/share/dcngen" "$dir/cmake/user_shared" system
expect "system none" "$dir/cmake/user_static" system
expect "system $dir/other/share/dcngen" "$dir/other/bin/user" system
expect "system /elsewhere" env DCNGEN_SYSTEM_DIR=/elsewhere "$dir/cmake/user_shared" system

# ---- pkg-config ------------------------------------------------------------------------------

export PKG_CONFIG_PATH=$lib/pkgconfig
user=$SOURCE_DIR/tests/tools/package/user.c
[ "$(pkg-config --modversion dcngen)" = "$version" ]
expect "-I" env PKG_CONFIG_LIBDIR="$PKG_CONFIG_PATH" pkg-config --cflags --libs dcngen
# shellcheck disable=SC2046
"$CC" "$user" -o "$dir/by_shared" $(pkg-config --cflags --libs dcngen)
expect "dcngen $version" env LD_LIBRARY_PATH="$lib" "$dir/by_shared"
static_libs=$(pkg-config --static --libs dcngen)
# shellcheck disable=SC2046,SC2086
"$CC" "$user" -o "$dir/by_static" $(pkg-config --cflags dcngen) ${static_libs/-ldcngen/-l:libdcngen.a}
expect "dcngen $version" "$dir/by_static"

if command -v g++ >/dev/null; then
    echo '#include <dcngen.h>' |
        g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$dir/prefix/include" -x c++ -
    echo "ok: the header in C++11"
fi
