#!/usr/bin/env bash
# header.sh: the header compiles alone as C and as C++, and with the object makes a whole program.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$SOURCE_DIR/tests/fast/asm/lib.bash"
strict="-Wall -Wextra -Wpedantic -Wshadow -Werror"

# Every kind of header: dynamic or not, with and without the optional tensors.
cat >"$work/kinds.lua" <<'EOF'
local list = {}
for _, layout in ipairs { "nchw", "nhwc" } do
  for _, dtype in ipairs { "f32", "f64" } do
    list[#list + 1] = conv2d { name = "plain_" .. layout .. dtype, in_channels = 3, out_channels = 4,
      height = 5, width = 6, kernel_size = 3, dtype = dtype, layout = layout }
    list[#list + 1] = deform_conv2d { name = "dynamic_" .. layout .. dtype, batch = dynamic,
      in_channels = 3, out_channels = 4, height = dynamic, width = dynamic, kernel_size = 3,
      modulation = "sigmoid", bias = true, dtype = dtype, layout = layout }
  end
end
return list
EOF
"$DCNGEN_BIN" compile "$work/kinds.lua" -o "$work/kinds" --emit header >/dev/null
headers=("$work"/kinds/*.h)
[ ${#headers[@]} -eq 8 ] || fail "expected 8 headers, not ${headers[*]}"
for h in "${headers[@]}"; do
    # shellcheck disable=SC2086
    gcc -std=c99 $strict -fsyntax-only -x c "$h" || fail "$h is not C99"
    # shellcheck disable=SC2086
    g++ -std=c++11 $strict -fsyntax-only -x c++ "$h" || fail "$h is not C++11"
    # shellcheck disable=SC2086
    g++ -std=c++11 -fopenmp $strict -fsyntax-only -x c++ "$h" || fail "$h is not C++11 with OpenMP"
done
# All of them in one program.
printf '#include "%s"\n' "${headers[@]}" "${headers[@]}" >"$work/all.c"
# shellcheck disable=SC2086
gcc -std=c99 $strict -fopenmp -fsyntax-only "$work/all.c" || fail "the headers clash"

for schedule in direct tiled; do
    demo native "$schedule"
    for openmp in "" -fopenmp; do
        # shellcheck disable=SC2086
        gcc -std=c99 $strict -O1 $openmp -I"$work" "$host" "$work/demo.o" -lm -o "$work/host" ||
            fail "cannot link with the object"
        "$work/host" || fail "wrong numbers: $schedule $openmp"
    done
    gcc -std=c99 -I"$work" "$host" "$work"/libdemo.a -lm -o "$work/host" ||
        fail "cannot link with the static library"
    "$work/host" || fail "wrong numbers from the static library: $schedule"
done
echo "headers and objects are all a program needs"
