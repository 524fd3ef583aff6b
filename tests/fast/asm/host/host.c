/* host.c: a program that has nothing but a kernel's object and header.
**
** The kernel is `demo`: deform_conv2d, 2x3x5x6 to 4 channels, 3x3, padding 1, mask, bias, relu, f32,
** nchw.  Offsets move every sample by (1, -1) and masks are 2, so the right answer is a plain
** loop below.  Prints the largest error and returns 1 when it is too large.
** SPDX-License-Identifier: Apache-2.0
*/
#include "demo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 2, C = 3, H = 5, W = 6, O = 4, K = 9 };

static float input[N][C][H][W], weight[O][C][3][3], bias[O], offset[N][2 * K][H][W];
static float mask[N][K][H][W], output[N][O][H][W];
static char workspace[1 << 20] __attribute__((aligned(64)));

static void fill(float *v, int n, int seed)
{
    for (int i = 0; i < n; i++)
        v[i] = (float)((i * 37 + seed) % 23 - 11) / 8;
}

static float pixel(int n, int c, int y, int x)
{
    return y < 0 || y >= H || x < 0 || x >= W ? 0 : input[n][c][y][x];
}

static float want(int n, int o, int p, int q)
{
    float sum = bias[o];
    for (int c = 0; c < C; c++)
        for (int k = 0; k < K; k++)
            sum +=
                2 * weight[o][c][k / 3][k % 3] * pixel(n, c, p - 1 + k / 3 + 1, q - 1 + k % 3 - 1);
    return sum > 0 ? sum : 0;
}

static double worst(void)
{
    double most = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < O; o++)
            for (int i = 0; i < H * W; i++) {
                double d = fabs((double)output[n][o][i / W][i % W] - want(n, o, i / W, i % W));
                most = d <= most ? most : d;
            }
    return most;
}

int main(void)
{
    fill(&input[0][0][0][0], N * C * H * W, 1);
    fill(&weight[0][0][0][0], O * C * K, 5);
    fill(bias, O, 9);
    for (int i = 0; i < N * 2 * K * H * W; i++)
        (&offset[0][0][0][0])[i] = i / (H * W) % 2 ? -1 : 1;
    for (int i = 0; i < N * K * H * W; i++)
        (&mask[0][0][0][0])[i] = 2;
    if (demo_workspace_bytes(N, H, W, 0, 2) > (int64_t)sizeof workspace)
        return 2;
    void *packed = malloc((size_t)demo_packed_bytes(DEMO_WEIGHT));
    if (!packed)
        return 3;
    demo_pack(DEMO_WEIGHT, &weight[0][0][0][0], packed);
    demo_args args = { .input = &input[0][0][0][0],
                       .weight = packed,
                       .bias = bias,
                       .offset = &offset[0][0][0][0],
                       .mask = &mask[0][0][0][0],
                       .output = &output[0][0][0][0] };
#ifdef _OPENMP
    demo_parallel(&args, workspace, 2);
#else
    demo(&args, workspace);
#endif
    double error = worst();
    printf("largest error %g\n", error);
    free(packed);
    return error <= 1e-4 ? 0 : 1;
}
