/* main.c: one library for several CPUs; see run.sh.
**
** Says which variant this machine was given and why, then runs all that are named; each packs for itself.
** SPDX-License-Identifier: Apache-2.0
*/
#include "shift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { H = 64, W = 64, C = 8, K = 9 };

static float input[H][W][C], weight[C][1][3][3], offset[H][W][K][2], output[H][W][C];

/* Largest error inside the map: of input = x + y, the mean half a pixel to the right is x + y + 0.5. */
static double run(void)
{
    void *packed = malloc((size_t)shift_packed_bytes(SHIFT_WEIGHT));
    void *workspace =
        aligned_alloc(64, (size_t)(shift_workspace_bytes(1, H, W, 0, 1) + 63) / 64 * 64);
    shift_args args = {
        &input[0][0][0], packed, &offset[0][0][0][0], &output[0][0][0], 0, 0, 0, 0
    };
    double worst = 0;
    shift_pack(SHIFT_WEIGHT, &weight[0][0][0][0], packed);
    shift(&args, workspace);
    for (int y = 1; y < H - 1; y++)
        for (int x = 1; x < W - 2; x++)
            for (int c = 0; c < C; c++)
                worst = fmax(worst, fabs(output[y][x][c] - (x + y + 0.5)));
    free(packed);
    free(workspace);
    return worst;
}

int main(int argc, char **argv)
{
    int failed = 0;
    char why[256];
    for (int i = 0; i < H * W * C; i++) /* x + y */
        (&input[0][0][0])[i] = (float)(i / C % W + i / C / W);
    for (int i = 0; i < C * K; i++)
        (&weight[0][0][0][0])[i] = 1.0F / K;
    for (int i = 0; i < H * W * K; i++)
        (&offset[0][0][0][0])[2 * i + 1] = 0.5F;
    shift_variant_why(why, sizeof why);
    puts(why);
    for (int i = 1; i < argc; i++) {
        const int cannot = shift_choose_variant(argv[i]);
        const double error = cannot ? 0 : run();
        printf("%-12s %s\n", argv[i],
               cannot         ? "not on this machine"
               : error < 1e-3 ? "right"
                              : "wrong");
        failed |= error >= 1e-3;
    }
    return failed;
}
