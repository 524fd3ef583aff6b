#!/usr/bin/env bash
# deb.sh: the Debian packages install and work on a Debian 12 that holds nothing else, and leave nothing behind.
#
# The root is made by debootstrap in the build folder, once; each run works on a copy.  The C program is compiled
# by this machine's compiler, against what the package of the library put into the root.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

skip() {
    echo "$1"
    exit 77
}
fail() {
    echo "deb.sh: $*"
    exit 1
}
[ -z "${SANITIZED:-}" ] || skip "a sanitized program is not for others to install"
[ "$(id -u)" = 0 ] || skip "not root: only root can make and enter another root"
for tool in debootstrap dpkg-shlibdeps chroot; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done

dir=$(mktemp -d -p "$BUILD_DIR" deb-test.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT
root=$dir/root

# ---- the packages ------------------------------------------------------------------------------

build=$BUILD_DIR/deb
cd "$SOURCE_DIR"
tuned=$dir/tuned.jsonl
DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$dir/measured "$DCNGEN_BIN" tune examples/pointwise.lua --threads 1 --trials 2 >"$dir/tune.log" 2>&1 &&
    DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$dir/measured "$DCNGEN_BIN" cache export "$tuned" >/dev/null || fail "$(cat "$dir/tune.log")"
{
    "$CMAKE" --preset package -B "$build" -DDCNGEN_TUNED="$tuned" && "$CMAKE" --build "$build" &&
        (cd "$build" && rm -f ./*.deb && cpack -B "$dir/debs")
} >"$dir/build.log" 2>&1 || fail "no packages: $(tail -20 "$dir/build.log")"
version=$(sed -n "s/^CMAKE_PROJECT_VERSION:STATIC=//p" "$build/CMakeCache.txt")
[[ $(head -1 packaging/changelog) == "dcngen ($version) "* ]] || fail "packaging/changelog is not about $version"
deb() { # PACKAGE
    local file
    file=$(echo "$dir/debs/$1"_*.deb)
    [ -f "$file" ] || fail "no package $1"
    echo "$file"
}
field() { # PACKAGE FIELD
    dpkg-deb -f "$(deb "$1")" "$2"
}
for package in libdcngen-onnxruntime python3-dcngen dcngen libdcngen0 libdcngen-dev; do
    [ "$(field $package Version)" = "$version" ] || fail "$package has another version"
    files=$(dpkg-deb -c "$(deb $package)" | awk '{ print $6 }')
    for file in copyright changelog.gz; do
        grep -qx "./usr/share/doc/$package/$file" <<<"$files" || fail "$package has no $file"
    done
done
for library in libc6 libllvm19 liblua5.4-0 libsqlite3-0 libnettle8 libjansson4 zlib1g; do
    for package in dcngen libdcngen0; do
        [[ ", $(field $package Depends)" == *", $library"* ]] || fail "$package does not depend on $library"
    done
done
[[ ", $(field dcngen Depends)" == *", libpng16-16"* ]] || fail "dcngen does not depend on libpng16-16"
[ "$(field libdcngen-dev Depends)" = "libdcngen0 (= $version)" ] ||
    fail "libdcngen-dev depends on $(field libdcngen-dev Depends)"
[ "$(field libdcngen-onnxruntime Depends)" = "libdcngen0 (= $version)" ] ||
    fail "libdcngen-onnxruntime depends on $(field libdcngen-onnxruntime Depends)"
[ "$(field python3-dcngen Depends)" = "python3 (>= 3.11), python3-numpy, libdcngen0 (>= $version)" ] ||
    fail "python3-dcngen depends on $(field python3-dcngen Depends)"
[ "$(field python3-dcngen Architecture)" = all ] || fail "python3-dcngen is for $(field python3-dcngen Architecture)"
dpkg-deb -I "$(deb libdcngen0)" symbols | sed -nE 's/^ (dcn_[a-z0-9_]+)@.*/\1/p' | sort >"$dir/symbols"
nm -D --defined-only "$build/libdcngen.so" | sed -nE 's/.* [TWi] (dcn_[a-z0-9_]+)@@.*/\1/p' | sort >"$dir/exported"
diff "$dir/symbols" "$dir/exported" || fail "symbols (<) and libdcngen.so (>) differ"
for file in dcngenConfig.cmake DcngenKernels.cmake; do
    grep -q "/cmake/dcngen/$file\$" <<<"$files" || fail "$package has no $file"
done
echo "ok: packages"

# ---- a Debian 12 with nothing in it ------------------------------------------------------------

mirror=http://deb.debian.org/debian
base=$BUILD_DIR/debian-root.tar
if [ ! -f "$base" ]; then
    debootstrap --variant=minbase bookworm "$root" $mirror >"$dir/debootstrap.log" 2>&1 ||
        skip "no Debian from $mirror: $(tail -1 "$dir/debootstrap.log")"
    tar -C "$root" -cf "$dir/base.tar" .
    mv "$dir/base.tar" "$base"
else
    mkdir "$root"
    tar -C "$root" -xf "$base"
fi
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        chroot "$root" "$@"
}
inside true 2>/dev/null || skip "a command cannot be run in another root here"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$dir"/debs/*.deb "$root/tmp"
apt() {
    inside apt-get -q -y -o Dpkg::Options::=--force-unsafe-io -o Acquire::Retries=3 "$@" >"$dir/apt.log" 2>&1
}
apt update || skip "no package lists from $mirror: $(tail -1 "$dir/apt.log")"

# ---- the program -------------------------------------------------------------------------------

apt install --no-install-recommends "/tmp/$(basename "$(deb dcngen)")" || fail "$(tail -20 "$dir/apt.log")"
[[ $(inside dcngen version) == "dcngen $version"* ]] || fail "version: $(inside dcngen version)"
cp examples/first.lua "$root/tmp"
inside dcngen verify /tmp/first.lua >"$dir/verified" || fail "verify: $(cat "$dir/verified")"
inside dcngen compile /tmp/first.lua -o /tmp/out --emit obj,header,static-lib
for file in first.o first.h libfirst.a; do
    [ -s "$root/tmp/out/$file" ] || fail "compile made no $file"
done
inside bash -c '. /usr/share/bash-completion/completions/dcngen && complete -p dcngen' >/dev/null ||
    fail "no completion for bash"
for file in zsh/vendor-completions/_dcngen fish/vendor_completions.d/dcngen.fish man/man1/dcngen.1.gz; do
    [ -s "$root/usr/share/$file" ] || fail "not installed: $file"
done
bash tests/house/links.sh "$root/usr/share/doc/dcngen" || fail "dead links in the documents"
inside dcngen verify --kernel dcn_v2_mask /usr/share/doc/dcngen/examples/modulated.lua >"$dir/verified" ||
    fail "an example: $(cat "$dir/verified")"
[[ $(inside dcngen cache path) == *" /usr/share/dcngen" ]] || fail "the system's store: $(inside dcngen cache path)"
[[ $(inside dcngen doctor) == *"tuned records    /usr/share/dcngen: "*" tuned kernels"* ]] ||
    fail "no tuned records: $(inside dcngen doctor)"
echo "ok: the program"

# ---- the library -------------------------------------------------------------------------------

apt install --no-install-recommends "/tmp/$(basename "$(deb libdcngen0)")" \
    "/tmp/$(basename "$(deb libdcngen-dev)")" libc6-dev pkg-config || fail "$(tail -20 "$dir/apt.log")"
[ "$(inside pkg-config --modversion dcngen)" = "$version" ] || fail "pkg-config: another version"
# shellcheck disable=SC2046
"$CC" --sysroot="$root" tests/tools/package/user.c -o "$root/tmp/user" $(inside pkg-config --cflags --libs dcngen) ||
    fail "a program does not compile"
[ "$(inside /tmp/user)" = "dcngen $version" ] || fail "a program with the library: $(inside /tmp/user)"
[ "$(inside /tmp/user system)" = "system /usr/share/dcngen" ] ||
    fail "the system's store of the library: $(inside /tmp/user system)"
echo "ok: the library"

# ---- Python ------------------------------------------------------------------------------------

apt install --no-install-recommends "/tmp/$(basename "$(deb python3-dcngen)")" \
    "/tmp/$(basename "$(deb libdcngen-onnxruntime)")" || fail "$(tail -20 "$dir/apt.log")"
inside python3 -c "import dcngen; assert dcngen.__version__ == '$version'" || fail "dcngen cannot be imported"
inside python3 /usr/share/doc/dcngen/examples/python/numpy_first.py >"$dir/log" 2>&1 || fail "numpy_first.py: $(cat "$dir/log")"
cp tests/tools/package/readme.py README.md examples/first.lua "$root/tmp"
inside python3 /tmp/readme.py /tmp/README.md /tmp/first.lua >"$dir/log" 2>&1 || fail "README.md: $(cat "$dir/log")"
grep -q '^ok: import dcngen$' "$dir/log" || fail "README.md: $(cat "$dir/log")"
library=$(inside python3 -c 'import dcngen.onnx; print(dcngen.onnx.get_library_path())')
[ -f "$root$library" ] || fail "the execution provider: $library"
compiled=$(find "$root/usr/lib/python3/dist-packages/dcngen" -name '*.pyc' | wc -l)
[ "$compiled" -gt 10 ] || fail "$compiled files are compiled"
echo "ok: Python"

# ---- nothing is left ---------------------------------------------------------------------------

apt purge dcngen libdcngen0 libdcngen-dev libdcngen-onnxruntime python3-dcngen || fail "$(tail -20 "$dir/apt.log")"
left=$(find "$root/usr" "$root/etc" "$root/var/lib/dpkg/info" -name '*dcngen*')
[ -z "$left" ] || fail "left behind: $left"
echo "ok: removed"
