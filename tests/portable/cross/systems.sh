#!/usr/bin/env bash
# systems.sh: objects for macOS and Windows: their format, their symbols, that they call nothing and have nothing to
# write to, that programs for these systems compile with the headers and link with the libraries, and that on x86-64
# they compute the right numbers: host/load.c runs them on Linux.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/portable/cross/lib.bash"
need llvm-objdump-19 llvm-readobj-19 lld-link-19 ld64.lld-19
checks=0

# Names that an object defines for others, without the line of the file.
defined() { llvm-nm-19 --defined-only --extern-only --format=just-symbols "$1" | sort; }

# expected NAME PREFIX: what a kernel's object shall define
expected() {
    local suffix
    for suffix in run tasks workspace_bytes pack packed_bytes; do
        echo "$2$1_$suffix"
    done | sort
}

# kernel OBJECT FORMAT PREFIX
kernel() {
    local name undefined data
    name=$(basename "$1" .o)
    checks=$((checks + 1))
    grep -q "file format $2\$" <<<"$(llvm-objdump-19 -a "$1")" || fail "$1: $(llvm-objdump-19 -a "$1")"
    undefined=$(llvm-nm-19 --undefined-only "$1")
    [ -z "$undefined" ] || fail "$1 calls $undefined"
    diff <(expected "$name" "$3") <(defined "$1") || fail "$1: symbols"
    data=$(llvm-readobj-19 --sections "$1" | awk '/Name:/ { name = $2 }
        /(RawDataSize|Size): / && name ~ /^(\.data|\.bss|__data|__bss|__common)/ && $2 + 0 + ($2 ~ /^0x[0-9A-F]*[1-9A-F]/) { print name }')
    [ -z "$data" ] || fail "$1 has writable data: $data"
}

# headers FOLDER CLANG-OPTION...: each compiles by itself as C11 and C++11
headers() {
    local folder=$1 header
    shift
    for header in "$folder"/*.h; do
        checks=$((checks + 1))
        printf '#include "%s"\n' "$(basename "$header")" >"$work/use.c"
        clang-19 "$@" -ffreestanding -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$folder" -x c -std=c11 "$work/use.c" ||
            fail "$header in C"
        clang-19 "$@" -ffreestanding -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$folder" -x c++ -std=c++11 "$work/use.c" ||
            fail "$header in C++"
    done
}

# program FOLDER NAME CLANG-OPTION...: $work/use.o, which calls the kernel of that name
program() {
    local folder=$1 name=$2
    shift 2
    cat >"$work/use.c" <<END
#include "$name.h"
void use(const ${name}_args *args, void *workspace);
void use(const ${name}_args *args, void *workspace)
{
    ${name}(args, workspace);
}
END
    clang-19 "$@" -ffreestanding -O1 -Wall -Wextra -Werror -I"$folder" -c "$work/use.c" -o "$work/use.o" || fail "$name: no use"
}

# compiled FOLDER OPTION...: every kernel into FOLDER; a network has its parameters inside
compiled() {
    local folder=$1
    shift
    "$DCNGEN_BIN" compile "$here/kernels.lua" -o "$folder" "$@" >"$work/log" 2>&1 || fail "$folder: $(cat "$work/log")"
    "$DCNGEN_BIN" compile "$here/kernels.lua" --kernel network_f32 --weights "$work/network_f32.safetensors" -o "$folder" "$@" \
        >"$work/log" 2>&1 || fail "$folder: $(cat "$work/log")"
}

# system CPU OS FORMAT PREFIX CLANG-OPTION...
system() {
    local cpu=$1 os=$2 format=$3 prefix=$4 folder=$work/$1-$2 object
    shift 4
    compiled "$folder" --emit obj,header,static-lib --target "$cpu" --os "$os"
    for object in "$folder"/*.o; do
        kernel "$object" "$format" "$prefix"
    done
    program "$folder" sums_nhwc_f32 "$@"
}

windows() { # CPU FORMAT ARCH
    system "$1" windows "$2" "" --target="$3-pc-windows-msvc" -fms-compatibility
    lld-link-19 /dll /noentry /nodefaultlib /export:use "/out:$work/use.dll" "$work/use.o" \
        "$work/$1-windows/libsums_nhwc_f32.a" || fail "$1: no DLL"
    grep -q 'Format: COFF' <<<"$(llvm-readobj-19 --file-headers "$work/use.dll")" || fail "$1: no DLL"
}

macos() { # CPU FORMAT ARCH
    system "$1" macos "$2" _ --target="$3-apple-macos11"
    ld64.lld-19 -arch "$3" -platform_version macos 11.0 11.0 -dylib -o "$work/use.dylib" "$work/use.o" \
        "$work/$1-macos/libsums_nhwc_f32.a" || fail "$1: no dylib"
    grep -q ' _sums_nhwc_f32_run$' <<<"$(llvm-nm-19 "$work/use.dylib")" || fail "$1: the library was not linked"
    grep -qx '_sums_nhwc_f32_run in sums_nhwc_f32.o' <<<"$(llvm-nm-19 --print-armap "$work/$1-macos/libsums_nhwc_f32.a")" ||
        fail "$1: no index"
}

windows x86-64 coff-x86-64 x86_64
headers "$work/x86-64-windows" --target=x86_64-pc-windows-msvc -fms-compatibility
windows znver4 coff-x86-64 x86_64
windows cortex-a76 coff-arm64 aarch64
macos x86-64-v3 'mach-o 64-bit x86-64' x86_64
macos apple-m1 'mach-o arm64' arm64
headers "$work/apple-m1-macos" --target=arm64-apple-macos11

# ---- run by the calling convention of the system, on this machine
run() { # NAME CLANG-TARGET LINKER...
    local name=$1 target=$2 said
    shift 2
    clang-19 -O1 -std=c2x -ffreestanding -fno-builtin -fno-stack-protector -I"$work" -I"$here/../../.." --embed-dir="$work" \
        -Wall -Wextra -Werror --target="$target" -c "$here/host/host.c" -o "$work/$name/host.obj" || fail "$name: no host"
    "$@" "$work/$name"/*.o "$work/$name/host.obj" || fail "$name: not linked"
    said=$("$work/load" "$work/image") || fail "$name: $said"
    echo "$name: $said"
    checks=$((checks + 1))
}
run_windows() { # NAME
    run "$1" x86_64-pc-windows-gnu lld-link-19 /nodefaultlib /entry:_start /subsystem:console /base:0x100000000 /fixed \
        "/out:$work/image"
}
if [ "$(uname -m)" = x86_64 ]; then
    "$CC" -O1 -Wall -Wextra -Werror "$here/host/load.c" -o "$work/load"
    run_windows x86-64-windows
    compiled "$work/several-windows" --emit obj --target x86-64,x86-64-v3,x86-64-v4 --os windows
    run_windows several-windows # the best that this machine has
    compiled "$work/several-macos" --emit obj --target x86-64,x86-64-v3,x86-64-v4 --os macos
    run several-macos x86_64-apple-macos11 ld64.lld-19 -arch x86_64 -platform_version macos 11.0 11.0 -e _start \
        -no_fixup_chains -no_pie -pagezero_size 0x100000000 -o "$work/image"
else
    echo "x86-64: skipped: this machine is none"
fi

# ---- several CPUs in one library: x86 can ask its CPU on any system, AArch64 cannot
for os in macos windows; do
    "$DCNGEN_BIN" compile "$here/kernels.lua" --kernel sums_nhwc_f32 -o "$work/several" --emit obj,header \
        --target x86-64,x86-64-v3,x86-64-v4 --os $os >"$work/log" 2>&1 || fail "several: $(cat "$work/log")"
    undefined=$(llvm-nm-19 --undefined-only "$work/several/sums_nhwc_f32.o")
    [ -z "$undefined" ] || fail "several calls $undefined"
    checks=$((checks + 1))
done
headers "$work/several" --target=x86_64-pc-windows-msvc -fms-compatibility
refused() { # STATUS TEXT WORD...
    local status=0 want=$1 text=$2
    shift 2
    "$DCNGEN_BIN" "$@" >"$work/log" 2>&1 || status=$?
    [ "$status" = "$want" ] && [ "$(cat "$work/log")" = "dcngen: $text" ] || fail "$*: $status $(cat "$work/log")"
    checks=$((checks + 1))
}
one=(compile "$here/kernels.lua" --kernel sums_nhwc_f32 -o "$work/never")
refused 2 "kernel 'sums_nhwc_f32': target 'apple-m1' (neon, aarch64-apple-macos11) must be compiled alone: it cannot be recognised at run time" \
    "${one[@]}" --target apple-m1,apple-m2
refused 4 "kernel 'sums_nhwc_f32': aarch64-apple-macos11 has no shared libraries: emit obj or static-lib" \
    "${one[@]}" --emit shared-lib --target apple-m1
refused 2 "--os windows and --triple x86_64-pc-windows-msvc: one of them is enough" \
    "${one[@]}" --target haswell --os windows --triple x86_64-pc-windows-msvc
refused 4 "kernel 'sums_nhwc_f32': code for x86_64-pc-windows-msvc does not run on this machine ($("$DCNGEN_BIN" targets --json |
    sed -n 's/.*"triple": "\([^"]*\)".*/\1/p' | tail -1))" verify "$here/kernels.lua" --kernel sums_nhwc_f32 --target x86-64 --os windows
echo "$checks checks"
