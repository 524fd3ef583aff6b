#!/usr/bin/env bash
# style.sh: types and style of the Python sources; files are short.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
needs numpy torch pytest
long=$(find "$SOURCE_DIR/python" "$SOURCE_DIR/examples" -name '*.py' -exec awk 'END { if (NR > 400) print FILENAME }' {} \;)
[ -z "$long" ] || { echo "more than 400 lines: $long" && exit 1; }
exec bash "$SOURCE_DIR/scripts/python.sh" "$BUILD_DIR/python"
