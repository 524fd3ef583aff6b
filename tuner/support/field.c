/* field.c: the effective receptive field: the gradient of the response by every pixel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/network.h"
#include "tuner/support/internal.h"

#include <math.h>
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
    const net_value *v = image_of(s);
    const double *by = support_image_gradient(s);
    const int64_t n = f->h * f->w * f->c;
    double *all = calloc((size_t)net_elements(v->shape) + 1, sizeof *all);
    if (!all)
        return support_no_memory(err);
    if (by)
        ref_net_from_outside(v, by, all);
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

/* ---- what goes through offsets --------------------------------------------------------------- */

/* Whether offsets follow the image and can be held. */
static bool makes_offsets(const Support *s)
{
    bool made = false;
    for (int i = 0; i < s->ndeformed; i++)
        made = made || s->deformed[i].value >= s->part->ninputs;
    return made && !s->ask->fixed;
}

static void compare(const SupportField *f, const SupportField *held, SupportSplit *to)
{
    double rest = 0;
    for (int64_t i = 0; i < f->h * f->w * f->c; i++)
        rest += fabs(f->gradient[i] - held->gradient[i]);
    to->held = held->figures.total;
    to->share = rest > 0 ? rest / (rest + to->held) : 0;
}

int support_split(const Support *s, const SupportField *f, SupportSplit *to, dcn_error *err)
{
    SupportAsk ask = *s->ask;
    SupportField held = { .h = 0 };
    Support *other = NULL;
    *to = (SupportSplit){ .made = makes_offsets(s) };
    if (!to->made)
        return 0;
    ask.fixed = true;
    int failed = support_open(&ask, &other, err);
    if (!failed) {
        support_set_image(other, s->input[s->ask->image]);
        failed = support_field(other, &held, err);
    }
    if (!failed)
        compare(f, &held, to);
    support_field_free(&held);
    support_close(other);
    return failed ? -1 : 0;
}

void support_field_free(SupportField *f)
{
    free(f->gradient);
    free(f->magnitude);
    *f = (SupportField){ .h = 0 };
}
