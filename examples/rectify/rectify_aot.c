/* rectify_aot.c: straightens a picture with a kernel that was compiled ahead of time.
**
**     dcngen compile rectify.lua -o out
**     cc -Iout rectify_aot.c png_io.c out/rectify.o -lpng
**
** rectify.h and rectify.o are all that is needed of dcngen.
** SPDX-License-Identifier: Apache-2.0
*/
#include "lens.h"
#include "png_io.h"
#include "rectify.h"

#include <stdio.h>
#include <stdlib.h>

enum { H = 468, W = 640 }; /* as in rectify.lua */

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: rectify_aot BEFORE.png AFTER.png\n");
        return 2;
    }
    Picture before = read_picture(argv[1]), after = new_picture(H, W);
    if (before.h != H || before.w != W) {
        fprintf(stderr, "%s: not %d pixels wide and %d high\n", argv[1], W, H);
        return 1;
    }
    float *offset = new_buffer(9 * 2 * H * W * sizeof *offset);
    void *packed = new_buffer(rectify_packed_bytes(RECTIFY_WEIGHT));
    void *workspace = new_buffer(rectify_workspace_bytes(1, H, W, 0, 1));

    lens_offsets(H, W, offset);
    rectify_pack(RECTIFY_WEIGHT, lens_filter, packed);
    rectify_args args = { .batch = 1, .height = H, .width = W };
    args.input = before.plane;
    args.weight = packed;
    args.offset = offset;
    args.output = after.plane;
    rectify(&args, workspace);
    write_picture(&after, argv[2]);

    free(before.plane);
    free(after.plane);
    free(offset);
    free(packed);
    free(workspace);
    return 0;
}
