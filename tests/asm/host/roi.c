/* roi.c: a program that has nothing but the object and header of a kernel that pools regions.
**
** The kernel is `demo`: deform_roi_pool, 1x5x9x11, 4 regions, 2x3 bins of 2x2 samples, f32, nchw.  The map is
** a ramp and offsets are 0, so that a bin inside the map is the ramp in its middle; the last
** regions hold what regions must not, and must be 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "demo.h"

#include <math.h>
#include <stdio.h>

enum { C = 5, H = 9, W = 11, R = 4, PH = 2, PW = 3 };

static float input[C][H][W], offset[R][2][PH][PW], output[R][C][PH][PW];
static const float rois[R][5] = { { 0, 1, 1, 10, 8 },
                                  { 0, 3.5f, 2, 5, 7.25f },
                                  { -1, 1, 1, 10, 8 },
                                  { 0, NAN, 1, INFINITY, 1e30f } };
static char workspace[1 << 20] __attribute__((aligned(64)));

static double ramp(int c, double y, double x)
{
    return (c + 1) * y - 2 * x;
}

static double want(int r, int c, int a, int b)
{
    double h = (rois[r][4] - rois[r][2]) / PH, w = (rois[r][3] - rois[r][1]) / PW;
    return r < 2 ? ramp(c, rois[r][2] - 0.5 + h * (a + 0.5), rois[r][1] - 0.5 + w * (b + 0.5)) : 0;
}

int main(void)
{
    double most = 0;
    for (int i = 0; i < C * H * W; i++)
        (&input[0][0][0])[i] = (float)ramp(i / (H * W), i / W % H, i % W);
    if (demo_workspace_bytes(1, H, W, R, 1) > (int64_t)sizeof workspace)
        return 2;
    demo_args args = { .input = &input[0][0][0],
                       .rois = &rois[0][0],
                       .offset = &offset[0][0][0][0],
                       .output = &output[0][0][0][0] };
    demo(&args, workspace);
    for (int i = 0; i < R * C * PH * PW; i++) {
        double w = want(i / (C * PH * PW), i / (PH * PW) % C, i / PW % PH, i % PW);
        double d = fabs((double)(&output[0][0][0][0])[i] - w);
        most = d <= most ? most : d;
    }
    printf("largest error %g\n", most);
    return most < 1e-4 ? 0 : 1;
}
