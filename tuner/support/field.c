/* field.c: the effective receptive field: the gradient of the response by every pixel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/network.h"
#include "tuner/support/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const net_value *image_of(const Support *s)
{
    return &s->ask->spec->network->value[s->ask->image];
}

static int make_room(const Support *s, SupportField *f, dcn_error *err)
{
    const net_shape z = image_of(s)->shape;
    *f = (SupportField){ .h = z.h, .w = z.w, .c = z.c };
    f->gradient = calloc((size_t)(z.h * z.w * z.c) + 1, sizeof(double));
    f->magnitude = calloc((size_t)(z.h * z.w) + 1, sizeof(double));
    support_node_pixel(s, f->at);
    return f->gradient && f->magnitude ? 0 : support_no_memory(err);
}

/* The gradient of the node's image; zeros where it has none. */
static int take_gradient(const Support *s, SupportField *f, dcn_error *err)
{
    char name[NET_NAME_MAX + 8];
    const net_value *v = image_of(s);
    const int64_t n = f->h * f->w * f->c;
    double *all = calloc((size_t)net_elements(v->shape) + 1, sizeof *all);
    if (!all)
        return support_no_memory(err);
    snprintf(name, sizeof name, "grad_%s", v->name);
    const int at = support_run_find(&s->backward, name);
    if (at >= 0)
        ref_net_from_outside(v, s->backward.at[at], all);
    memcpy(f->gradient, all + s->image * n, (size_t)n * sizeof *all);
    free(all);
    return 0;
}

/* The mean of one more. */
static void add_magnitude(SupportField *f)
{
    f->samples++;
    for (int64_t i = 0; i < f->h * f->w; i++) {
        double sum = 0;
        for (int64_t c = 0; c < f->c; c++)
            sum += fabs(f->gradient[i * f->c + c]);
        f->magnitude[i] += (sum - f->magnitude[i]) / f->samples;
    }
}

int support_field(Support *s, SupportField *f, dcn_error *err)
{
    if (!f->gradient && make_room(s, f, err))
        return -1;
    if (support_backward(s, &f->response, err) || take_gradient(s, f, err))
        return -1;
    add_magnitude(f);
    if (support_figures(f->magnitude, f->h, f->w, f->at, &f->figures))
        return support_no_memory(err);
    return 0;
}

void support_field_free(SupportField *f)
{
    free(f->gradient);
    free(f->magnitude);
    *f = (SupportField){ .h = 0 };
}
