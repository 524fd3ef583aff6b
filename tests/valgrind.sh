#!/usr/bin/env bash
# valgrind.sh: the program, from option to machine code, without a memory error or a leak.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

if [ -n "${SANITIZED:-}" ]; then
    echo "valgrind cannot run a sanitized program"
    exit 77
fi
if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed"
    exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/good.lua" <<'END'
return {
  conv2d { name = "plain", in_channels = 5, out_channels = 3, height = 6, width = 7,
           kernel_size = 3, padding = 1, bias = true },
  deform_conv2d { name = "deformed", in_channels = 4, out_channels = 6, height = 5, width = 9,
                  kernel_size = { 3, 2 }, offset_groups = 2, modulation = "sigmoid",
                  activation = "gelu", dtype = "f64", layout = "nhwc" },
}
END
echo 'return conv2d { in_chanels = 1 }' >"$dir/bad.lua"

clean() { # EXIT-CODE ARGUMENT...
    local wanted=$1 status=0
    shift
    valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99 \
        "$DCNGEN_BIN" "$@" >"$dir/out" 2>"$dir/err" || status=$?
    if [ $status -ne "$wanted" ]; then
        echo "dcngen $*: exit $status, expected $wanted"
        cat "$dir/out" "$dir/err"
        exit 1
    fi
    echo "ok: dcngen ${*//$dir\//}"
}

clean 0 version
clean 0 help
clean 0 targets
clean 0 show spec "$dir/good.lua"
clean 0 compile "$dir/good.lua" -o "$dir/objects" --emit obj,header,asm
clean 0 verify --threads 2 "$dir/good.lua"
export DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$dir/store
clean 0 cache pin "$dir/good.lua" --kernel plain --schedule direct
clean 0 verify "$dir/good.lua" --kernel plain
clean 0 verify "$dir/good.lua" --kernel plain
clean 0 cache ls --json
clean 0 cache export "$dir/lines"
clean 0 cache import "$dir/lines"
clean 0 cache verify
clean 0 cache prune --max-size 0
clean 2 no-such-verb
clean 3 verify "$dir/bad.lua"
clean 4 compile "$dir/good.lua" -o "$dir/objects" --target no-such-cpu
