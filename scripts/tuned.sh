#!/usr/bin/env bash
# tuned.sh: measure the layers of known networks on this machine, as records to ship or to install for all users.
#
#   scripts/tuned.sh [OPTION...] [FILE]      default: share/tuned/CPU.jsonl, CPU being what this machine is compiled for as
#
#   --threads N,...    numbers of threads to tune for; default 1 and as many as there are cores
#   --layout L,...     of the layers that have a choice; default nhwc,nchw
#   --kernel NAME      this layer only; may be repeated
#   --trials N         candidates for each kernel; default 16
#   --time S           seconds for each kernel; default 4
#   --build DIR        where the program is; default build/release, which is configured and built if it is not there
#
# Of FILE what counts for this build is kept, and only the rest is measured: kernels that it lacks, and those whose
# lowering has another revision now.  What was measured stays in DIR/tuned-work, so that the same command goes on where
# it was stopped; FILE is written after each number of threads and layout, and when it is stopped.  Quiet machine wanted.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n 's/^#   //p' "$root/scripts/tuned.sh" >&2
    exit 2
}
build=$root/build/release layouts=nhwc,nchw trials=16 seconds=4 threads='' file=''
kernels=()
while [ $# -gt 0 ]; do
    case $1 in
    --threads | --layout | --kernel | --trials | --time | --build) [ $# -ge 2 ] || usage ;;&
    --threads) threads=$2 && shift ;;
    --layout) layouts=$2 && shift ;;
    --kernel) kernels+=(--kernel "$2") && shift ;;
    --trials) trials=$2 && shift ;;
    --time) seconds=$2 && shift ;;
    --build) build=$(realpath -m "$2") && shift ;;
    -*) usage ;;
    *)
        [ -z "$file" ] || usage
        file=$(realpath -m "$1")
        ;;
    esac
    shift
done
cd "$root"

dcngen=$build/dcngen
[ -x "$dcngen" ] || {
    [ -f "$build/CMakeCache.txt" ] || cmake --preset release -B "$build" -DDCNGEN_TESTS=OFF >/dev/null
    cmake --build "$build" --target dcngen
}
unset DCNGEN_CACHE DCNGEN_TUNE DCNGEN_MAX_ISA
export DCNGEN_SYSTEM_DIR=/nonexistent # what is installed for all users is not what is measured here
cpu=$("$dcngen" targets | sed -n 's/^native: \([^ ,]*\).*/\1/p')
file=${file:-share/tuned/$cpu.jsonl}
[ -n "$threads" ] || threads=$(printf '1\n%s\n' "$(nproc)" | uniq | paste -sd,)
work=$build/tuned-work
mkdir -p "$work" "$(dirname "$file")"

# Two stores: all candidates, for which a stopped run goes on; winners alone, which say what need not be measured.
in_store() { # STORE ARGUMENT...
    DCNGEN_CACHE_DIR=$work/$1 "$dcngen" "${@:2}"
}
winners() { # STORE, which may be empty; what this host is called is nobody's business
    in_store "$1" cache export - 2>/dev/null | grep -E '"winner":1[,}]' | sed -E 's/"where":"[^",]*, /"where":"/' || true
}
keep() { # the winners of FILE and of the run, in the store of winners and in FILE
    rm -rf "$work/known"
    {
        [ ! -s "$file" ] || cat "$file"
        winners all
    } >"$work/winners"
    [ ! -s "$work/winners" ] || in_store known cache import "$work/winners" >"$work/log"
    winners known | sort >"$work/file"
    [ ! -s "$work/file" ] || { cp "$work/file" "$file.new" && mv "$file.new" "$file"; }
}
unknown() { # SPEC OPTION...: the kernels that have no winner
    in_store known show schedule "$@" |
        awk '/^[^ ]/ { name = $1; sub(/:$/, "", name); getline; if ($1 !~ /^tuned/) print name }'
}

stopped() { # STATUS
    echo "tuned.sh: stopped; the same command goes on from there" >&2
    exit "$1"
}

keep
trap 'keep && stopped 130' INT TERM
for n in ${threads//,/ }; do
    for layout in ${layouts//,/ }; do
        spec=(share/canonical.lua -D layout="$layout")
        missing=()
        names=$(DCNGEN_NUM_THREADS=$n unknown "${spec[@]}" "${kernels[@]}")
        for name in $names; do missing+=(--kernel "$name"); done
        echo "$layout, threads $n: $((${#missing[@]} / 2)) to measure"
        [ ${#missing[@]} -gt 0 ] || continue
        status=0
        in_store all tune "${spec[@]}" "${missing[@]}" --threads "$n" --trials "$trials" --time "$seconds" || status=$?
        keep
        case $status in
        0 | 124) ;; # 124: the time of some was over before their candidates were
        130 | 143) stopped $status ;;
        *) exit $status ;;
        esac
    done
done
[ -s "$file" ] || { echo "tuned.sh: nothing was found for $file" >&2 && exit 1; }
echo "$file: $(wc -l <"$file") records"
