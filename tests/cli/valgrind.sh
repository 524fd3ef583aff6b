#!/usr/bin/env bash
# valgrind.sh: commands that end well and badly under valgrind: no bad access, nothing lost.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
if ! command -v valgrind >/dev/null || [ -n "${SANITIZED:-}" ]; then
    echo "valgrind is not installed, or the build has sanitizers"
    exit 77
fi
cat >k.lua <<'END'
return {
  deform_conv2d { name = "k", in_channels = 2, height = 3, width = 3, out_channels = 2, kernel_size = 3, padding = 1 },
  conv2d { name = "c", in_channels = 1, height = 1, width = 2, out_channels = 1, kernel_size = 1 },
}
END
npy x.npy f4 '1,1,1,2,' 1 2
npy w.npy f4 '1,1,1,1,' 3

checked() { # CODE WORD...: the exit code, and that valgrind has nothing to say
    local want=$1
    shift
    # What is only possibly lost belongs to the threads of OpenMP, which live until the end.
    valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --log-file="$here/.log" "$DCNGEN_BIN" "$@" >/dev/null 2>&1
    same "dcngen $*" "$want|" "$?|$(cat "$here/.log")"
}

c=(run k.lua --kernel c --input input=x.npy --input weight=w.npy)
checked 0 bench k.lua --time 0.01 --threads 2 --json --kernel c
checked 0 compile k.lua -o out -M --threads 2 --kernel k --emit obj,header,asm,bitcode,static-lib,shared-lib
checked 0 "${c[@]}" --output output=y.npy
checked 2 run k.lua --kernel c --input input=w.npy --output output=y.npy
checked 3 verify none.lua -D a=b
finish
