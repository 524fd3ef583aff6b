/* core.c: as host.c, for a kernel without weights.
**
** The kernel is `core`: dcnv3, 2x5x6 with 10 channels in 2 groups, 3x3, padding 1, f32.  Offsets move every sample by
** x + 0.5, y - 0.25 and all logits of a group are alike, so the right answer is a plain loop below.
** SPDX-License-Identifier: Apache-2.0
*/
#include "core.h"

#include <math.h>
#include <stdio.h>

enum { N = 2, C = 10, G = 2, H = 5, W = 6, K = 9 };

static float input[N][H][W][C], offset[N][H][W][G][K][2], mask[N][H][W][G][K], output[N][H][W][C];
static char workspace[1 << 20] __attribute__((aligned(64)));

static double pixel(int n, int c, int y, int x)
{
    return y < 0 || y >= H || x < 0 || x >= W ? 0 : input[n][y][x][c];
}

static double want(int n, int c, int p, int q)
{
    double sum = 0;
    for (int k = 0; k < K; k++) {
        int y = p - 1 + k / 3, x = q - 1 + k % 3;
        double upper = (pixel(n, c, y - 1, x) + pixel(n, c, y - 1, x + 1)) / 2;
        double lower = (pixel(n, c, y, x) + pixel(n, c, y, x + 1)) / 2;
        sum += (upper * 0.25 + lower * 0.75) / K;
    }
    return sum;
}

static double worst(void)
{
    double most = 0;
    for (int i = 0; i < N * H * W * C; i++) {
        int n = i / (H * W * C), p = i / (W * C) % H, q = i / C % W, c = i % C;
        double d = fabs(output[n][p][q][c] - want(n, c, p, q));
        most = d <= most ? most : d;
    }
    return most;
}

int main(void)
{
    for (int i = 0; i < N * H * W * C; i++)
        (&input[0][0][0][0])[i] = (float)(i * 37 % 23 - 11) / 8;
    for (int i = 0; i < N * H * W * G * K * 2; i++)
        (&offset[0][0][0][0][0][0])[i] = i % 2 ? -0.25f : 0.5f;
    for (int i = 0; i < N * H * W * G * K; i++)
        (&mask[0][0][0][0][0])[i] = (float)(i / K % 5) * 30; /* far apart between groups */
    if (core_workspace_bytes(N, H, W, 0, 1) > (int64_t)sizeof workspace)
        return 2;
    core_args args = { .input = &input[0][0][0][0],
                       .offset = &offset[0][0][0][0][0][0],
                       .mask = &mask[0][0][0][0][0],
                       .output = &output[0][0][0][0] };
    core(&args, workspace);
    double error = worst();
    printf("largest error %g\n", error);
    return error <= 1e-4 ? 0 : 1;
}
