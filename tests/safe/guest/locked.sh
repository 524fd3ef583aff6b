#!/usr/bin/env bash
# locked.sh: where memory may not be made executable, dcngen says so and compiles to files as ever.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../../tools/cli/lib.bash"
"$CC" -std=c11 -O1 -Wall -Wextra -Werror "$SOURCE_DIR/tests/safe/guest/locked.c" -o locked
./locked /bin/true || {
    echo "this kernel has no PR_SET_MDWE"
    exit 77
}
cat >k.lua <<'END'
return deform_conv2d { name = "k", in_channels = 4, out_channels = 6, height = 5, width = 6, kernel_size = 3 }
END
program=$DCNGEN_BIN
locked_in() { # WORD...: dcngen under the lock
    DCNGEN_BIN=$here/locked call "$program" "$@"
}
why="code cannot be run in this process, whose memory may not be made executable (Permission denied)"
for verb in verify bench tune; do
    locked_in $verb k.lua
    same "$verb" "4|dcngen: kernel 'k': $why|" "$code|$err|$out"
done
locked_in doctor
same "doctor" "4|dcngen: doctor: 'kernel' does not work here|FAILED kernel $why" \
    "$code|$err|$(printf '%s\n' "$out" | grep FAILED | tr -s ' ')"
locked_in compile k.lua -o out --emit obj
same "compile" "0||yes" "$code|$err|$([ -s out/k.o ] && echo yes)"
finish
