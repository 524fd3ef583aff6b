/* given.c: an image that was given in numbers, as a picture to draw over.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/colours.h"
#include "runtime/base/base.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A value of the network's input as part of the range. */
static double shown_value(const PhotoView *v, int64_t channel, double x)
{
    return (x * view_std(v, channel) + view_mean(v, channel)) / v->args->range;
}

int view_given_picture(const PhotoView *v, Photo *p, dcn_error *err)
{
    const net_shape s = v->net->value[v->image].shape;
    const double *image = v->input[v->image];
    const int64_t pixels = s.h * s.w;
    double least = HUGE_VAL, most = -HUGE_VAL;
    for (int64_t i = 0; i < pixels * s.c; i++) {
        const double x = shown_value(v, i / pixels, image[i]);
        least = fmin(least, x);
        most = fmax(most, x);
    }
    *p = (Photo){ v->h, v->w, malloc(3 * (size_t)pixels * sizeof *p->rgb) };
    if (!p->rgb)
        return dcn_fail(err, DCN_EENV, "no memory for a picture of the image");
    for (int64_t i = 0; i < 3 * pixels; i++) {
        double x = 0;
        for (int64_t c = 0; c < s.c; c++) {
            const bool is_colour = s.c != 3 || view_colour(v, c) == i % 3;
            x += is_colour ? shown_value(v, c, image[c * pixels + i / 3]) : 0;
        }
        const double share = (x / (s.c == 3 ? 1 : (double)s.c) - least) / (most - least);
        p->rgb[i] = (uint16_t)lrint(65535 * (share >= 0 && share <= 1 ? share : 0));
    }
    return 0;
}
