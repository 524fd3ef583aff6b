# library.bash: where the headers and the library of a dcngen are, for scripts that compile a C program.
#
#     dcngen=PROGRAM
#     . "$here/../library.bash"
#
# sets lib and headers, folders; png, what a compiler needs for libpng.  It ends the script, with exit code 4, where the
# program has no library beside it or in ../lib.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
bin=$(cd "$(dirname "$(readlink -f "$(command -v "$dcngen")")")" && pwd)
lib=$(find "$bin" "$bin/../lib" "$bin/../lib64" -maxdepth 2 -name libdcngen.so 2>/dev/null | head -1) || true
[ -n "$lib" ] || {
    echo "run.sh: libdcngen.so is neither beside $dcngen nor in ../lib" >&2
    exit 4
}
lib=$(cd "$(dirname "$lib")" && pwd)
headers=$bin/../include
[ -e "$headers/dcngen.h" ] || headers=$(cd "$(dirname "${BASH_SOURCE[0]}")/../include" && pwd)
read -ra png <<<"$(pkg-config --cflags --libs libpng)"
