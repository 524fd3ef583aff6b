/* layers.c: the deformable layers on the way to a node, with all places where they sample.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/support/internal.h"
#include "tuner/support/positions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One layer while it is filled. */
typedef struct Filling {
    SupportLayer *l;
    const dcn_spec *s;
    int64_t channels;                /* of the value that says where */
    const double *offset, *gradient; /* of it, [n][p][q][channels]; the latter may be NULL */
    const double *rois;              /* rows; NULL: on images */
} Filling;

/* ---- places ---------------------------------------------------------------------------------- */

static void fill_axis(const Filling *f, int64_t pixel, const SupportPosition *at, int64_t e,
                      int axis)
{
    SupportLayer *l = f->l;
    const SupportAxis a = support_axis(f->s, at, axis);
    const int64_t from = pixel * f->channels + a.channel;
    l->offset[2 * e + axis] = a.factor * f->offset[from];
    l->position[2 * e + axis] = a.plain + l->offset[2 * e + axis];
    if (l->gradient && f->gradient)
        l->gradient[2 * e + axis] = a.factor != 0 ? f->gradient[from] / a.factor : 0;
    if (l->size)
        l->size[2 * e + axis] = a.size;
}

static void fill_pixel(const Filling *f, int64_t pixel)
{
    SupportLayer *l = f->l;
    SupportPosition at = { .p = pixel / l->q % l->p, .q = pixel % l->q };
    if (f->rois)
        at.roi = f->rois + pixel / (l->p * l->q) * rt_roi_numbers(f->s);
    for (int64_t i = 0; i < l->groups * l->taps; i++) {
        const int64_t e = pixel * l->groups * l->taps + i;
        at.group = i / l->taps;
        at.tap = i % l->taps;
        fill_axis(f, pixel, &at, e, 0);
        fill_axis(f, pixel, &at, e, 1);
        if (l->gradient)
            l->strength[e] = hypot(l->gradient[2 * e], l->gradient[2 * e + 1]);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_asked(const Support *s, const char *name)
{
    const dcn_network *n = s->ask->spec->network;
    for (int i = 0; i < n->nlayers; i++)
        if (strcmp(n->layer[i].name, name) == 0)
            return true;
    return false;
}

/* A layer's own name, or of a part of a module that of the module. */
static void name_layer(const Support *s, const char *name, char to[NET_NAME_MAX])
{
    snprintf(to, NET_NAME_MAX, "%s", name);
    char *dot = strrchr(to, '.');
    if (dot && !is_asked(s, to))
        *dot = 0;
}

/* ---- one layer ------------------------------------------------------------------------------- */

static void describe(const Support *s, const SupportDeformed *d, SupportLayer *l)
{
    const net_shape map = s->part->value[d->input].shape, where = s->part->value[d->value].shape;
    const net_shape image = support_image_shape(s);
    name_layer(s, s->part->layer[d->layer].name, l->name);
    l->op = d->spec->op;
    l->regions = d->rois >= 0;
    l->n = where.n;
    l->p = where.h;
    l->q = where.w;
    l->in_h = map.h;
    l->in_w = map.w;
    l->scale[0] = (double)image.h / (double)map.h;
    l->scale[1] = (double)image.w / (double)map.w;
    support_grid(d->spec, l);
}

/* Whether there was memory for all that is wanted. */
static bool make_room(SupportLayer *l, bool gradient)
{
    const size_t n = (size_t)(l->n * l->p * l->q * l->groups * l->taps) + 1;
    l->position = calloc(n, 2 * sizeof(double));
    l->offset = calloc(n, 2 * sizeof(double));
    l->size = l->regions ? calloc(n, 2 * sizeof(double)) : NULL;
    l->gradient = gradient ? calloc(n, 2 * sizeof(double)) : NULL;
    l->strength = gradient ? calloc(n, sizeof(double)) : NULL;
    return l->position && l->offset && (l->size || !l->regions) &&
           ((l->gradient && l->strength) || !gradient);
}

/* Number i of those of s. */
static int fill(const Support *s, int i, bool gradient, SupportLayer *l, dcn_error *err)
{
    const SupportDeformed *d = &s->deformed[i];
    describe(s, d, l);
    if (d->rois >= s->part->ninputs)
        return dcn_fail(err, DCN_EUSAGE, "the regions of '%s' are made by layers, not an input",
                        l->name);
    double *offset = support_offsets_of(s, i), *by = gradient ? support_gradient_of(s, i) : NULL;
    double *rois = l->regions ? support_input_of(s, d->rois) : NULL;
    const bool made = make_room(l, gradient) && offset && (rois || !l->regions);
    const Filling f = { l, d->spec, s->part->value[d->value].shape.c, offset, by, rois };
    for (int64_t pixel = 0; made && pixel < l->n * l->p * l->q; pixel++)
        fill_pixel(&f, pixel);
    free(offset);
    free(by);
    free(rois);
    return made ? 0 : support_no_memory(err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int fill_all(const Support *s, bool gradient, SupportLayers *l, dcn_error *err)
{
    *l = (SupportLayers){ .omitted = s->omitted };
    l->layer = calloc((size_t)s->ndeformed + 1, sizeof *l->layer);
    if (!l->layer)
        return support_no_memory(err);
    for (int i = 0; i < s->ndeformed; i++) {
        l->n++;
        if (fill(s, i, gradient, &l->layer[i], err)) {
            support_layers_free(l);
            return -1;
        }
    }
    return 0;
}

int support_positions(Support *s, SupportLayers *l, dcn_error *err)
{
    *l = (SupportLayers){ .n = 0 };
    if (support_locate(s, err))
        return -1;
    return fill_all(s, false, l, err);
}

int support_sampling(Support *s, SupportLayers *l, dcn_error *err)
{
    double response;
    *l = (SupportLayers){ .n = 0 };
    if (support_backward(s, &response, err))
        return -1;
    return fill_all(s, true, l, err);
}

void support_layers_free(SupportLayers *l)
{
    for (int i = 0; i < l->n; i++) {
        SupportLayer *of = &l->layer[i];
        free(of->position);
        free(of->offset);
        free(of->size);
        free(of->gradient);
        free(of->strength);
    }
    free(l->layer);
    *l = (SupportLayers){ .n = 0 };
}

void support_to_image(const SupportLayer *l, const double position[2], double image[2])
{
    for (int a = 0; a < 2; a++)
        image[a] = (position[a] + 0.5) * l->scale[a] - 0.5;
}
