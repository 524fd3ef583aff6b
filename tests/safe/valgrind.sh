#!/usr/bin/env bash
# valgrind.sh: the program, from option to machine code, without a memory error or a leak.
#
# Code is generated under valgrind by `compile` and by the first `verify`, for all kinds of file and with the store
# written; what comes after them takes that code out of the store, for generating it takes most of the time.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../tools/cli/lib.bash"
if ! command -v valgrind >/dev/null || [ -n "${SANITIZED:-}" ]; then
    echo "valgrind is not installed, or the build has sanitizers"
    exit 77
fi
cat >good.lua <<'END'
return {
  conv2d { name = "plain", in_channels = 5, out_channels = 3, height = 6, width = 7,
           kernel_size = 3, padding = 1, bias = true },
  deform_conv2d { name = "deformed", in_channels = 4, out_channels = 6, height = 5, width = 9,
                  kernel_size = { 3, 2 }, offset_groups = 2, modulation = "sigmoid",
                  activation = "gelu", dtype = "f64", layout = "nhwc" },
}
END
cat >run.lua <<'END'
return conv2d { name = "c", in_channels = 1, height = 1, width = 2, out_channels = 1, kernel_size = 1 }
END
echo 'return conv2d { in_chanels = 1 }' >bad.lua
npy x.npy f4 '1,1,1,2,' 1 2
npy w.npy f4 '1,1,1,1,' 3

clean() { # CODE WORD...: the exit code, and that valgrind has nothing to say
    local want=$1
    shift
    # What is only possibly lost belongs to the threads of OpenMP, which live until the end.
    valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --log-file="$here/.log" "$DCNGEN_BIN" "$@" >/dev/null 2>"$here/.err"
    same "dcngen $*" "$want|" "$?|$(cat "$here/.log")"
}

clean 0 version
clean 0 help
clean 0 targets
clean 0 show spec good.lua
clean 2 no-such-verb
clean 3 verify bad.lua
clean 3 verify none.lua -D a=b
clean 4 compile good.lua -o objects --target no-such-cpu
clean 0 compile good.lua -o objects -M --jobs 2 --emit obj,header,asm,bitcode,static-lib,shared-lib
export DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$here/store
clean 0 cache pin good.lua --threads 2 --schedule direct
clean 0 verify --threads 2 good.lua
clean 0 verify --threads 2 good.lua
clean 0 bench good.lua --time 0.01 --threads 2 --json --kernel plain
clean 0 cache ls --json
clean 0 cache export lines
clean 0 cache import lines
clean 0 cache verify
clean 0 cache prune --max-size 0
"$DCNGEN_BIN" cache pin run.lua --schedule direct --threads 1
run=(run run.lua --threads 1 --input weight=w.npy --output output=y.npy)
works "${run[@]}" --input input=x.npy
clean 0 "${run[@]}" --input input=x.npy
clean 2 "${run[@]}" --input input=w.npy
finish
