# lib.bash: what the tests of sweeps share, over that of the command line.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../../tools/cli/lib.bash"

# As there; that another sweep of this machine had the cores for a while is none of the test's business.
call() {
    "$DCNGEN_BIN" "$@" >"$here/.out" 2>"$here/.err"
    code=$?
    out=$(cat "$here/.out") err=$(sed '/^dcngen: note: waiting for cores:/d' "$here/.err")
}

# One kernel that is tuned in a second, one that reads no offsets.
tiny() {
    cat >tiny.lua <<'LUA'
local shape = { batch = 1, in_channels = 8, height = 6, width = 6, out_channels = 8, kernel_size = 3, padding = 1 }
local function named(name)
  shape.name = name
  return shape
end
return { deform_conv2d(named "a"), conv2d(named "b") }
LUA
}

# What the table of `sweep status` or `collect` in $out says: count TARGET STATE
count() {
    awk -v target="$1" -v state="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == state) column = i }
        $1 == target { print $column; exit }' <<<"$out"
}

# ids TARGET: of the items of plan.jsonl for it
ids() {
    sed -nE 's/.*"id":"([0-9a-f]{16})".*"target":"'"$1"'".*/\1/p' plan.jsonl
}
