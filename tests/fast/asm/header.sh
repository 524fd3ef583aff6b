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
list[#list + 1] = roi_align { name = "regions", channels = 2, height = 5, width = 6, rois = dynamic,
  output_size = 2, spatial_scale = 0.5, sampling_ratio = 2 }
return list
EOF
"$DCNGEN_BIN" compile "$work/kinds.lua" -o "$work/kinds" --emit header >/dev/null
headers=("$work"/kinds/*.h)
[ ${#headers[@]} -eq 9 ] || fail "expected 9 headers, not ${headers[*]}"
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

# Shapes and bytes are constants that both languages can use.
cat >"$work/constants.c" <<'EOF'
#include "kinds/dynamic_nhwcf64.h"
#include "kinds/plain_nchwf32.h"
#include "kinds/regions.h"
#if PLAIN_NCHWF32_OUTPUT_BYTES != 4 * 4 * 3 * 4
#error "bytes of the output"
#endif
#if DYNAMIC_NHWCF64_WEIGHT_BYTES != 8 * 4 * 3 * 3 * 3 || defined DYNAMIC_NHWCF64_INPUT_BYTES
#error "bytes of what is static, and of nothing else"
#endif
#if REGIONS_INPUT_BYTES != 4 * 2 * 5 * 6 || defined REGIONS_ROIS_BYTES || defined REGIONS_OUTPUT_BYTES
#error "bytes of regions"
#endif
static float output[PLAIN_NCHWF32_OUTPUT_BYTES / sizeof(float)];
static const int64_t plain[] = PLAIN_NCHWF32_OUTPUT_SHAPE, dynamic[] = DYNAMIC_NHWCF64_OUTPUT_SHAPE;
static const int64_t rois[] = REGIONS_ROIS_SHAPE;

int main(void)
{
    const int64_t shapes[] = { plain[0], plain[1], plain[2], plain[3], dynamic[0], dynamic[3], rois[0], rois[1] };
    const int64_t want[] = { 1, 4, 3, 4, -1, 4, -1, 5 };
    regions_args args;
    args.num_rois = sizeof output / sizeof *output;
    for (int i = 0; i < 8; i++)
        if (shapes[i] != want[i])
            return 1;
    return args.num_rois != 48 || sizeof plain != sizeof dynamic;
}
EOF
for language in "gcc -std=c99 -x c" "g++ -std=c++11 -x c++"; do
    # shellcheck disable=SC2086
    $language $strict -O1 "$work/constants.c" -o "$work/constants" || fail "constants do not compile: $language"
    "$work/constants" || fail "constants are wrong: $language"
done

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
