# lib.bash: what the tests of libraries for several CPUs share.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2034 # for the scripts
hosts=$SOURCE_DIR/tests/fast/asm/host
checks=0

fail() {
    echo "$*"
    exit 1
}

skip() {
    echo "$*"
    exit 77
}

same() { # WHAT EXPECTED GOT
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1
  expected: $2
  got:      $3"
}

# demo TARGETS WORD...: all artefacts of the kernel of host.c in $work
demo() {
    cat >"$work/demo.lua" <<'END'
return deform_conv2d {
  name = "demo", batch = 2, in_channels = 3, out_channels = 4, height = 5, width = 6,
  kernel_size = 3, padding = 1, modulation = "mask", bias = true, activation = "relu",
}
END
    "$DCNGEN_BIN" compile "$work/demo.lua" -o "$work" --target "$1" --emit obj,header,asm,static-lib \
        "${@:2}" >"$work/log" 2>&1 || fail "cannot compile for $1: $(cat "$work/log")"
}
