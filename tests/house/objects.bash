#!/usr/bin/env bash
# objects.bash: digests of the machine code that dcngen writes, to show that a change of its sources changes none.
#
#     tests/house/objects.bash DCNGEN_PROGRAM [--quick] [--compare FILE]
#
# prints a line DIGEST NAME for each object, sorted by name, and DIGEST total; --quick prints a small part of them.
# --compare prints what differs from FILE, the output of an earlier run, instead, and exits with 1 if anything does;
# with --quick it looks at the objects of this run only. A digest is of code, constants and relocations. Places stand
# for symbols in it, so that no name counts; the order of functions does. Digests of different LLVMs do not compare.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export LC_ALL=C DCNGEN_CACHE=off DCNGEN_TUNE=off DCNGEN_NUM_THREADS=1
unset DCNGEN_MAX_ISA DCNGEN_VERBOSE DCNGEN_DUMP DCNGEN_CACHE_DIR DCNGEN_SYSTEM_DIR

# What tests/*/cross runs, without CPUs that differ in sizes of caches only: a name and options of the compiler.
every_machine=(
    x86-64-v2 x86-64-v3 skylake-avx512 znver4 generic neoverse-v1 a64fx "generic -mattr=+sve,+sve-256"
    rv64gcv "rv64gcv -mattr=+zvl512b" wasm-simd128 "x86-64-v2,x86-64-v3,x86-64-v4"
)
# For schedules one machine of each instruction set; what --quick is content with; for layers of real networks.
kinds=(x86-64-v2 x86-64-v3 x86-64-v4 generic a64fx rv64gcv wasm-simd128)
quick_kinds=(x86-64-v3 skylake-avx512 a64fx rv64gcv wasm-simd128)
large_kinds=(x86-64-v3 x86-64-v4)

# Schedules that are no guesses: LABEL; FILE -D OPTIONS; KERNELS; SCHEDULE.
schedules=(
    "tiled_blocks; workloads; A K7; tiled mr=4 nv=2 tile_h=8 tile_w=16 kc_channels=32 kc_taps=3 loop_order=0 unroll=4 prefetch=-1 grain=4"
    "tiled_small; workloads -D layout=nchw; A E; tiled mr=1 nv=1 tap_lanes=1 loop_order=1 unroll=1 prefetch=8 grain=2"
    "tiled_repack; workloads -D layout=nchw; D; tiled mr=2 nv=3 repack=1 tap_lanes=0 kc_channels=64"
    "tiled_chunk; workloads; G; tiled mr=4 nv=1 repack=1 tap_lanes=1 offset_chunk=2 prefetch=2"
    "tiled_no_repack; workloads; G; tiled mr=4 nv=2 repack=0 tap_lanes=0 offset_chunk=0 prefetch=0"
    "tiled_groups; groups; narrow; tiled mr=4 nv=1 group_pack=1"
    "tiled_no_pack; groups; narrow; tiled mr=2 nv=1 group_pack=0"
    "tiled_explicit; workloads -D op=conv2d; A E; tiled mr=4 nv=2 implicit_gemm=0"
    "tiled_implicit; workloads -D op=conv2d -D layout=nchw; A; tiled mr=4 nv=2 implicit_gemm=1 unroll=1"
    "tiled_ahead; workloads; C; tiled mr=4 nv=2 loop_order=1 unroll=4 weights_ahead=1"
    "tiled_split; workloads; A; tiled mr=4 nv=2 kc_channels=32 grain=1 oc_split=2 ic_split=4"
    "direct_one; workloads; A; direct lanes=4 oc_block=1"
    "direct_many; workloads -D layout=nchw; D; direct lanes=2 oc_block=4"
    "aggregate_plain; workloads -D op=dcnv3; H2; aggregate block=4 tile_h=2 tile_w=16 prefetch_rows=0 prefetch_blocks=0 nontemporal=0 coeff_shuffles=0 jam=1"
    "aggregate_wide; workloads -D op=dcnv4; H1v4; aggregate block=64 tile_h=4 tile_w=0 prefetch_rows=6 prefetch_blocks=4 nontemporal=1 coeff_shuffles=2 jam=4"
    "aggregate_parts; workloads -D op=dcnv3; H4; aggregate block=8 tile_h=1 tile_w=16 task_groups=8 prefetch_rows=10 prefetch_blocks=1 nontemporal=1 coeff_shuffles=4 jam=2 compact=0"
    "aggregate_compact; workloads -D op=dcnv4; H4v4; aggregate block=32 tile_h=32 tile_w=0 task_groups=1 prefetch_rows=10 prefetch_blocks=2 nontemporal=1 coeff_shuffles=4 jam=2 compact=1"
    "project; kernels; core_nhwc_f32; project mr=2 nv=1 tile_h=2 tile_w=4 loop_order=1 unroll=4 block=2 prefetch_rows=4 prefetch_blocks=0 coeff_shuffles=1 jam=4"
    "roi_rows; workloads -D op=roi_align; R; roi nv=1 bin_rows=1 table_samples=1"
    "roi_wide; workloads -D op=deform_roi_pool -D layout=nchw; R; roi nv=4 bin_rows=2 table_samples=1 repack=0"
    "roi_parts; workloads -D op=deform_roi_pool -D layout=nchw; R; roi nv=2 bin_rows=4 task_channels=32 table_samples=2 repack=1"
)

fail() {
    echo "objects.bash: $*" >&2
    exit 1
}

program=${1:?which program? tests/house/objects.bash DCNGEN_PROGRAM [--quick] [--compare FILE]}
shift
quick="" before=""
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --compare)
        before=${2:?--compare: which file?}
        [ -r "$before" ] || fail "$before: cannot be read"
        shift
        ;;
    *) fail "$1: expected --quick or --compare FILE" ;;
    esac
    shift
done
for tool in "$program" llvm-objdump-19; do
    command -v "$tool" >/dev/null || fail "$tool: not found"
done

here=$(cd "$(dirname "$0")" && pwd)
root=${SOURCE_DIR:-${here%%/tests*}}
[ -e "$root/bench/workloads.lua" ] || fail "$root: no source tree of dcngen"
cross=$(find "$root/tests" -path '*/cross/kernels.lua')
[ -n "$cross" ] || fail "$root/tests: no cross/kernels.lua"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/groups.lua" <<'LUA'
return deform_conv2d {
  name = "narrow", in_channels = 64, out_channels = 64, height = 20, width = 30, kernel_size = 3, padding = 1,
  groups = 32, modulation = "mask",
}
LUA

# source_of NAME: the spec file that is called so
source_of() {
    case $1 in
    workloads) echo "$root/bench/workloads.lua" ;;
    kernels) echo "$cross" ;;
    groups) echo "$work/groups.lua" ;;
    *) echo "$root/examples/$1.lua" ;;
    esac
}

# objects MACHINE FILE [OPTIONS...]: their objects, in a folder of $work/o that is called after all of these
objects() {
    local machine=$1 name=$2 label=${label:-guess}
    shift 2
    local at="$name/$label/$machine${defines:+/$defines}"
    at=$work/o/${at// /_}
    # shellcheck disable=SC2086
    "$program" compile "$(source_of "$name")" --target ${machine} ${defines:-} "$@" --jobs 2 --emit obj \
        -o "$at" >"$work/log" 2>&1 || fail "${at#"$work/o/"}: $(cat "$work/log")"
}

scheduled() {
    local row label spec kernels schedule name defines kernel machine options
    for row in "${schedules[@]}"; do
        IFS=';' read -r label spec kernels schedule <<<"$row"
        read -r name defines <<<"$spec"
        options=()
        for kernel in $kernels; do
            options+=(--kernel "$kernel")
        done
        for machine in "$@"; do
            objects "$machine" "$name" --schedule "$schedule" "${options[@]}"
        done
    done
}

# guessed MACHINE: what is guessed for layers of real networks and for all examples
guessed() {
    local machine=$1 defines op layout
    for op in deform_conv2d conv2d deform_roi_pool roi_align; do
        for layout in nchw nhwc; do
            defines="-D op=$op -D layout=$layout" objects "$machine" workloads
        done
    done
    for op in dcnv3 dcnv4; do
        defines="-D op=$op" objects "$machine" workloads
        defines="-D op=$op -D dtype=f64" objects "$machine" internimage_t
    done
    for layout in nchw nhwc; do
        defines="-D dtype=f64 -D layout=$layout" objects "$machine" resnet50_dcnv2
    done
    for example in "$root"/examples/*.lua "$root"/examples/*/*.lua; do
        example=${example#"$root/examples/"}
        objects "$machine" "${example%.lua}"
    done
}

# Sections and relocations of objects, names replaced by places, in FILE.txt for each FILE.
cat >"$work/places.awk" <<'AWK'
/:\tfile format / {
    if (out) close(out)
    out = $0
    sub(/:\tfile format .*/, ".txt", out)
    split("", place)
    part = ""
    print "format " $NF >out
    next
}
/^SYMBOL TABLE:/ { part = "symbols"; next }
/^RELOCATION RECORDS FOR / { part = "relocations"; print $4 >out; next }
/^Contents of section / {
    section = $4
    # What names things, and what says no more than the target.
    named = section ~ /^(\.strtab|\.shstrtab|\.symtab|\.rela?\..*|\.note\..*|\.riscv\.attributes|\.llvm_addrsig)/
    named = named || section ~ /^(linking|reloc\..*|target_features|producers|name):/
    part = named ? "" : "bytes"
    if (part) print section >out
    next
}
part == "symbols" && split($0, half, "\t") == 2 {
    n = split(half[1], word, " ")
    if (word[n] != "*UND*" && word[n] != "*ABS*") place[$NF] = word[n] "@" word[1]
    next
}
part == "relocations" && NF == 3 && $1 != "OFFSET" {
    at = match($3, /[-+](0x)?[0-9a-f]+$/)
    symbol = at ? substr($3, 1, at - 1) : $3
    print $1, $2, symbol in place ? place[symbol] : symbol, at ? substr($3, at) : "" >out
    next
}
part == "bytes" && NF { print >out }
AWK
# digests: a line for each object in $work/o
digests() {
    cd "$work/o"
    # shellcheck disable=SC2016
    find . -name '*.o' -printf '%P\0' | sort -z |
        xargs -0 -P 2 -n 40 sh -c 'script=$1 && shift && llvm-objdump-19 -s -r -t "$@" | awk -f "$script"' - \
            "$work/places.awk"
    [ "$(find . -name '*.o' | wc -l)" = "$(find . -name '*.txt' | wc -l)" ] || fail "an object was not read"
    find . -name '*.txt' -printf '%P\0' | sort -z | xargs -0 sha256sum |
        sed -E 's/^(.{16})[^ ]* +(.*)\.o\.txt$/\1 \2/' | sort -k 2
}

if [ -n "$quick" ]; then
    for machine in "${quick_kinds[@]}"; do
        objects "$machine" kernels
    done
    scheduled x86-64-v3
else
    for machine in "${every_machine[@]}"; do
        objects "$machine" kernels
    done
    scheduled "${kinds[@]}"
    for machine in "${large_kinds[@]}"; do
        guessed "$machine"
    done
fi
digests >"$work/now"
echo "$(sha256sum <"$work/now" | cut -c 1-16) total" >>"$work/now"
if [ -z "$before" ]; then
    cat "$work/now"
    exit
fi
awk -v quick="$quick" '
    FNR == NR { before[$2] = $1; next }
    $2 == "total" { next }
    { n++; seen[$2] = 1 }
    !($2 in before) { print "new:     " $2; bad = 1; next }
    before[$2] != $1 { print "differs: " $2; bad = 1 }
    END {
        if (!quick) for (name in before) if (name != "total" && !(name in seen)) { print "missing: " name; bad = 1 }
        if (!bad) print n " objects are the same"
        exit bad
    }' "$before" "$work/now"
