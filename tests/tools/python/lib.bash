# lib.bash: Debian's Python with the package of the sources and the library of this build.
#
#     needs MODULE...       skip the test where one cannot be imported
#     check FILE...         run these with pytest
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
: "${SOURCE_DIR:?is the source tree}" "${BUILD_DIR:?is the build}"
unset DCNGEN_NUM_THREADS DCNGEN_MAX_ISA DCNGEN_VERBOSE DCNGEN_DUMP DCNGEN_TUNE DCNGEN_CACHE_DIR
export DCNGEN_CACHE=off DCNGEN_SYSTEM_DIR=/nonexistent DCNGEN_LIBRARY=$BUILD_DIR/libdcngen.so
export PYTHONPATH=$SOURCE_DIR/python PYTHONDONTWRITEBYTECODE=1
python=${DCNGEN_TEST_PYTHON:-/usr/bin/python3} # another `python3` in PATH has not Debian's modules

skip() {
    echo "skipped: $*"
    exit 77
}
[ -z "${SANITIZED:-}" ] || skip "Python is not sanitized, so it cannot load this library"
command -v "$python" >/dev/null || skip "there is no $python"

needs() {
    local module
    for module in "$@"; do
        "$python" -c "import $module" 2>/dev/null || skip "$python has no $module (scripts/deps.sh --test)"
    done
}

check() {
    (cd "$SOURCE_DIR/tests/tools/python" && "$python" -m pytest -q -p no:cacheprovider "$@")
}
