#!/usr/bin/env bash
# test.sh: install what is missing, build in every way and pass all tests.
#
#   scripts/test.sh           everything
#   scripts/test.sh --quick   no sanitized build, and the fast tests only
#   scripts/test.sh --torch   also with PyPI's current PyTorch, several GB in build/bench/venv
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick=no
torch=no
for option in "$@"; do
    case $option in
    --quick) quick=yes ;;
    --torch) torch=yes ;;
    *)
        echo "usage: test.sh [--quick] [--torch]" >&2
        exit 2
        ;;
    esac
done

jobs=$(nproc)
passed=0
failed=0
skipped=0
broken=no
summary=()

build() { # PRESET [cmake option ...]
    printf '\n== building: %s\n' "$1"
    mkdir -p build
    cmake --preset "$@" -DDCNGEN_TESTS=ON >"build/$1.configure.log" || {
        cat "build/$1.configure.log"
        return 1
    }
    cmake --build --preset "$1" --parallel "$jobs"
    summary+=("built    $1, no warnings")
}

count() { # attribute of the root element of a JUnit file
    grep -o "$1=\"[0-9]*\"" "$2" | head -1 | tr -dc 0-9
}

# Why a test was skipped is the first line it printed.
skip_reasons() {
    awk -F'"' '/<testcase /{ name = $2 } /<skipped/{ wanted = 1 }
               wanted && /<system-out>/{ sub(/.*<system-out>/, ""); print "  skipped " name ": " $0
                                         wanted = 0 }' "$1"
}

check() { # PRESET [ctest option ...]
    printf '\n== testing: %s\n' "$1"
    local preset=$1 report=$PWD/build/$1.tests.xml
    rm -f "$report"
    ctest --preset "$@" --parallel "$jobs" --output-junit "$report" || broken=yes
    [ -s "$report" ] || {
        echo "test.sh: ctest left no report" >&2
        return 1
    }
    local all bad skip
    all=$(count tests "$report")
    bad=$(count failures "$report")
    skip=$(($(count skipped "$report") + $(count disabled "$report")))
    skip_reasons "$report"
    passed=$((passed + all - bad - skip))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    summary+=("tested   $preset: $((all - bad - skip)) passed, $bad failed, $skip skipped")
}

./scripts/deps.sh --test
if [ $torch = yes ]; then
    python3 -m venv build/bench/venv
    build/bench/venv/bin/pip install -q --no-input numpy torch torchvision pytest \
        onnx onnxruntime onnxscript openvino
fi
build release -DDCNGEN_WERROR=ON
# It only has to compile: clang's warnings are those of its front end, whatever it optimises.
build clang -DCMAKE_C_FLAGS_RELEASE="-O0 -DNDEBUG"
if [ $quick = yes ]; then
    check release -LE slow
else
    check release
    build asan
    check asan -LE source
fi

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
echo "tests: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ $broken = no ]
