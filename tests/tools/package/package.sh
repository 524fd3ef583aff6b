#!/usr/bin/env bash
# package.sh: what is installed can be used by others, from CMake and from pkg-config.
#
# The tree is moved after installing, so that a path written into it would be noticed.
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
for file in include/dcngen.h include/dcngen/spec.h include/dcngen/error.h share/man/man1/dcngen.1 \
    share/doc/dcngen/LICENSE; do
    [ -f "$dir/prefix/$file" ] || { echo "package.sh: not installed: $file" && exit 1; }
done

expect "dcngen $version" "$dir/prefix/bin/dcngen" version

"$CMAKE" -S "$SOURCE_DIR/tests/tools/package" -B "$dir/cmake" -DCMAKE_PREFIX_PATH="$dir/prefix" \
    -DCMAKE_C_COMPILER="$CC" >"$dir/configure.log" || { cat "$dir/configure.log" && exit 1; }
"$CMAKE" --build "$dir/cmake" >"$dir/build.log" 2>&1 || { cat "$dir/build.log" && exit 1; }
expect "dcngen $version" "$dir/cmake/user_shared"
expect "dcngen $version" "$dir/cmake/user_static"

export PKG_CONFIG_PATH=$lib/pkgconfig
user=$SOURCE_DIR/tests/tools/package/user.c
[ "$(pkg-config --modversion dcngen)" = "$version" ]
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
