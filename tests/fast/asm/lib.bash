# lib.bash: the kernel that header.sh and aarch64.sh hand to the program in host/.
# SPDX-License-Identifier: Apache-2.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2034 # for the scripts
host=$SOURCE_DIR/tests/fast/asm/host/host.c

fail() {
    echo "$*"
    exit 1
}

# demo TARGET SCHEDULE: object and header in $work
demo() {
    cat >"$work/demo.lua" <<'EOF'
return deform_conv2d {
  name = "demo", batch = 2, in_channels = 3, out_channels = 4, height = 5, width = 6,
  kernel_size = 3, padding = 1, modulation = "mask", bias = true, activation = "relu",
}
EOF
    "$DCNGEN_BIN" compile "$work/demo.lua" -o "$work" --emit obj,header,static-lib --target "$1" \
        --schedule "$2" >"$work/log" 2>&1 || fail "cannot compile for $1: $(cat "$work/log")"
}
