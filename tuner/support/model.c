/* model.c: a node of a network that somebody else runs: what that one says is kept here.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/support/model.h"
#include "tuner/support/internal.h"

#include <stdlib.h>
#include <string.h>

static int64_t elements_of(const Support *s, int i)
{
    return net_elements(s->part->value[s->deformed[i].value].shape);
}

int support_model_open(Support *s, dcn_error *err)
{
    SupportTold *t = &s->told;
    t->f = calloc((size_t)support_node_shape(s).c + 1, sizeof *t->f);
    t->seed = calloc((size_t)support_node_shape(s).c + 1, sizeof *t->seed);
    t->image = calloc((size_t)net_elements(support_image_shape(s)) + 1, sizeof *t->image);
    bool made = t->f && t->seed && t->image;
    for (int i = 0; i < s->ndeformed; i++) {
        t->places[i] = calloc((size_t)elements_of(s, i) + 1, sizeof(double));
        t->gradient[i] = calloc((size_t)elements_of(s, i) + 1, sizeof(double));
        made = made && t->places[i] && t->gradient[i];
    }
    return made ? 0 : support_no_memory(err);
}

void support_model_close(Support *s)
{
    SupportTold *t = &s->told;
    for (int i = 0; i < s->ndeformed; i++) {
        free(t->places[i]);
        free(t->gradient[i]);
    }
    free(t->f);
    free(t->seed);
    free(t->image);
}

/* The number of deformed layer i in the sketch, whose first layers may be left out. */
static int number_of(const Support *s, int i)
{
    return s->omitted + i;
}

static int take_places(Support *s, bool gradient, dcn_error *err)
{
    const SupportModel *m = s->ask->model;
    for (int i = 0; i < s->ndeformed; i++)
        if (m->places(m->self, number_of(s, i), gradient,
                      gradient ? s->told.gradient[i] : s->told.places[i], err))
            return -1;
    return 0;
}

int support_model_forward(Support *s, bool keep, const double **f, dcn_error *err)
{
    const SupportModel *m = s->ask->model;
    *f = s->told.f;
    if (m->forward(m->self, s, s->input[s->ask->image], keep, s->told.f, err))
        return -1;
    return keep ? take_places(s, false, err) : 0;
}

int support_model_backward(Support *s, double *response, dcn_error *err)
{
    const SupportModel *m = s->ask->model;
    const double *f;
    if (support_model_forward(s, true, &f, err))
        return -1;
    *response = support_respond_with(s, f, s->told.seed);
    if (m->backward(m->self, s->told.seed, s->told.image, err))
        return -1;
    return take_places(s, true, err);
}

int support_model_held(Support *s, double *response, dcn_error *err)
{
    const SupportModel *m = s->ask->model;
    if (m->held(m->self, s->input[s->ask->image], s->told.f, err))
        return -1;
    *response = support_respond_with(s, s->told.f, NULL);
    return 0;
}

int support_model_probe(Support *s, int i, const double *places, double *response, dcn_error *err)
{
    const SupportModel *m = s->ask->model;
    if (m->probe(m->self, number_of(s, i), places, s->told.f, err))
        return -1;
    *response = support_respond_with(s, s->told.f, NULL);
    return 0;
}
