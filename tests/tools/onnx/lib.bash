# lib.bash: a Python with onnx and ONNX Runtime, the package of the sources and the libraries of this build.
#
#     check FILE...         run these with pytest
#     exported PYTHON FOLDER WRITER FILE...   PYTHON's torch writes models into a new FOLDER, on which these are run
#
# The environment is made once, below the build, from PyPI.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "${BASH_SOURCE[0]}")/../python/lib.bash"

venv=$BUILD_DIR/onnx/venv
packages=('onnx>=1.19' 'onnxruntime>=1.24' 'numpy>=2' 'pytest>=8')
[ -f "$BUILD_DIR/libdcngen_onnxruntime.so" ] || skip "libdcngen_onnxruntime.so was not built"
mkdir -p "$BUILD_DIR/onnx"
exec 9>"$BUILD_DIR/onnx/lock" # tests run side by side, and one of them makes it
flock 9
if ! "$venv/bin/python" -c 'import onnx, onnxruntime, pytest' 2>/dev/null; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null || skip "$python cannot make a virtual environment (Debian: python3-venv)"
    "$venv/bin/pip" install -q --no-input --disable-pip-version-check "${packages[@]}" ||
        skip "onnx and onnxruntime cannot be installed"
fi
exec 9>&-
python=$venv/bin/python

check() {
    (cd "$SOURCE_DIR/tests/tools/onnx" && "$python" -m pytest -q -p no:cacheprovider "$@")
}

exported() {
    mkdir "$2"
    PYTHONWARNINGS=ignore "$1" "$SOURCE_DIR/tests/tools/onnx/$3" "$2" >"$2.log" 2>&1 || {
        tail -20 "$2.log"
        exit 1
    }
    EXPORTED=$2 check "${@:4}"
}
