#!/usr/bin/env bash
# run.sh: dcngen against other implementations, in one run.
#
#   bench/run.sh                         everything, about twenty minutes
#   bench/run.sh --quick                 two rounds: are the peers there, and right?
#   bench/run.sh --only A,B --threads 1  some of it; bench/compare.py --help has the rest
#   bench/run.sh --suite hosts           dcngen as users call it: numpy, PyTorch, ONNX Runtime
#
# Builds dcngen in build/bench/release, installs the peers that can be had with pip in
# build/bench/venv (DCNGEN_BENCH_INSTALL=off: takes what is there), and writes DATE.json, DATE.md
# and, of convolutions, DATE.svg (DATE-quick for --quick) to build/bench/results (--out DIR).  A
# peer that cannot be had is named as missing.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$PWD/build/bench
venv=$home/venv
peers=(numpy torch torchvision onnx onnxruntime openvino scipy-openblas32
       onednn-cpu-gomp onednn-devel-cpu-gomp)

say() {
    echo "run.sh: $*" >&2
}

install_peers() {
    [ "${DCNGEN_BENCH_INSTALL:-on}" = on ] || return 0
    if [ ! -x "$venv/bin/pip" ]; then
        python3 -m venv "$venv" || {
            say "python3 cannot make a virtual environment (Debian: python3-venv): no peers"
            return 0
        }
    fi
    local package
    for package in "${peers[@]}"; do
        "$venv/bin/pip" show -q "$package" 2>/dev/null && continue
        say "installing $package"
        "$venv/bin/pip" install -q "$package" >>"$home/pip.log" 2>&1 ||
            say "cannot install $package, see build/bench/pip.log"
    done
}

# oneDNN has no Python interface: four calls around it, compiled against what pip brought.
wrap_onednn() {
    local wrapper=$home/libplain.so
    export DCNGEN_BENCH_ONEDNN=$wrapper
    [ -f "$venv/include/oneapi/dnnl/dnnl.h" ] || return 0
    [ "$wrapper" -nt bench/onednn.c ] && return 0
    ${CC:-cc} -O2 -std=c11 -shared -fPIC -I"$venv/include" bench/onednn.c -o "$wrapper" \
        -L"$venv/lib" -ldnnl -Wl,-rpath,"$venv/lib" || say "cannot compile bench/onednn.c"
}

build() {
    if [ -n "${DCNGEN_BENCH_WORKER:-}" ]; then
        worker=$DCNGEN_BENCH_WORKER
        return
    fi
    cmake -S . -B "$home/release" -DCMAKE_BUILD_TYPE=Release -DDCNGEN_TESTS=OFF \
        >"$home/configure.log"
    cmake --build "$home/release" --parallel "$(nproc)" --target dcngen_worker \
        dcngen_shared dcngen_onnxruntime \
        >"$home/build.log" || {
        tail -20 "$home/build.log" >&2
        exit 4
    }
    worker=$home/release/bench/dcngen_worker
}

mkdir -p "$home"
install_peers
wrap_onednn
build
export DCNGEN_LIBRARY=${DCNGEN_LIBRARY:-$(dirname "$worker")/../libdcngen.so} PYTHONPATH=$PWD/python
python=$venv/bin/python
[ -x "$python" ] || python=python3
exec "$python" bench/compare.py --worker "$worker" --out "$home/results" "$@"
