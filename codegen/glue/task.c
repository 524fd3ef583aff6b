/* task.c: how the work of a layer comes apart, and sums over rows of several tasks.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"

#include <math.h>

/* What a task should take: long against handing it out, short against a call.  A choice, of the size of
** BALANCE_PHASE_NS (codegen/balance.h). */
enum { TASK_NS = 5000 };

net_shape glue_shape(const Glue *g, int i)
{
    const net_arg *a = &g->layer->arg[i];
    if (a->value >= 0)
        return g->net->value[a->value].shape;
    return (net_shape){ 1, 1, 1, g->net->param[a->param].count };
}

static double row_ns(const GlueSplit *s)
{
    return s->bytes / COST_NEAR_BYTES_PER_NS + s->cycles / COST_CYCLES_PER_NS;
}

static void divide(const Glue *g, GlueSplit *s)
{
    const double all = (double)s->groups * (double)s->rows * row_ns(s);
    const double most = s->nsums ? GRADIENT_MAX_SUMMING_TASKS : GLUE_MAX_BANDS;
    const int64_t wanted = (int64_t)fmax(1, fmin(all / TASK_NS, most));
    const int64_t chunk = (int64_t)s->chunk * g->lanes;
    int64_t bands = int_min(s->rows, int_ceil_div(wanted, s->groups));
    s->per_band = int_ceil_div(s->rows, bands > 0 ? bands : 1);
    if (s->per_band < s->least)
        s->per_band = int_min(s->least, s->rows);
    s->bands = int_ceil_div(s->rows, s->per_band);
    s->block = g->in.c;
    s->blocks = 1;
    if (s->blocks_allowed && s->groups * s->bands < wanted) {
        const int64_t blocks = int_ceil_div(wanted, s->groups * s->bands);
        s->block = int_round_up(int_ceil_div(g->in.c, blocks), chunk);
        s->blocks = int_ceil_div(g->in.c, s->block);
    }
}

Glue glue_of(const dcn_network *net, const net_layer *layer, const GlueKind *kind,
             const LaneType *type)
{
    Glue g = { .net = net, .layer = layer, .nargs = layer->nargs };
    g.lanes = type->lanes;
    g.fp_bytes = type->fp_bytes;
    g.in = glue_shape(&g, 0);
    g.out = net->value[layer->out].shape;
    g.split = (GlueSplit){ .groups = 1, .chunk = GLUE_CHUNK };
    kind->split(&g, &g.split);
    divide(&g, &g.split);
    return g;
}

double glue_task_ns(const Glue *g)
{
    const GlueSplit *s = &g->split;
    return (double)s->groups * (double)s->rows * row_ns(s) / (double)glue_tasks(s);
}

double glue_sum_ns(const Glue *g)
{
    const double sets = (double)g->split.nsums * (double)g->split.bands;
    const double channels = g->split.over_channels ? (double)g->in.c : g->lanes;
    return sets * channels * g->fp_bytes / COST_NEAR_BYTES_PER_NS;
}

int64_t glue_tasks(const GlueSplit *s)
{
    return s->groups * s->bands * s->blocks;
}

GlueTask glue_task(Emit *e, const Glue *g, idx number)
{
    const GlueSplit *s = &g->split;
    idx blocks = x_const(e, s->blocks), bands = x_const(e, s->bands), one = x_const(e, 0);
    idx line = x_div(e, number, blocks), block = s->blocks > 1 ? x_rem(e, number, blocks) : one;
    GlueTask t = { .number = number, .band = s->bands > 1 ? x_rem(e, line, bands) : one };
    t.group = s->groups > 1 ? x_div(e, line, bands) : one;
    t.first = x_mulk(e, t.band, s->per_band);
    t.last = x_addk(e, t.first, s->per_band);
    if (s->per_band * s->bands != s->rows)
        t.last = x_min(e, t.last, x_const(e, s->rows));
    t.channel = x_mulk(e, block, s->block);
    t.channel_end = x_addk(e, t.channel, s->block);
    if (s->block * s->blocks != g->in.c)
        t.channel_end = x_min(e, t.channel_end, x_const(e, g->in.c));
    return t;
}

/* ---- sums ------------------------------------------------------------------------------------- */

int64_t glue_sum_elements(const Glue *g)
{
    return glue_tasks(&g->split) * g->split.nsums * g->in.c;
}

int64_t glue_sum_tasks(const Glue *g)
{
    const int64_t vectors = g->split.over_channels ? 1 : int_ceil_div(g->in.c, g->lanes);
    return g->split.nsums ? g->split.groups * vectors : 0;
}

addr glue_sums(Emit *e, const Glue *g, idx task, int i)
{
    idx set = x_addk(e, x_mulk(e, task, g->split.nsums), i);
    return p_at(e, g->workspace, x_mulk(e, set, g->in.c));
}

/* What the tasks of a group summed of some channels, in their order. */
static fvec all_bands(Emit *e, const Glue *g, idx group, int i, const VecLoop *c)
{
    var sum = v_float(e, f_const(e, 0));
    EMIT_FOR (e, band, x_const(e, 0), x_const(e, g->split.bands), 1) {
        idx task = x_add(e, x_mulk(e, group, g->split.bands), band.at);
        fvec x = p_load(e, p_at(e, glue_sums(e, g, task, i), c->at), c->live);
        v_set(e, sum, f_add(e, v_get(e, sum), x));
    }
    return v_get(e, sum);
}

static void add_up_channels(Emit *e, const Glue *g, idx group, int i)
{
    const GradientOut *out = &g->grad[g->split.sum_of[i]];
    var sum = v_float(e, f_const(e, 0));
    EMIT_VECTORS (e, c, x_const(e, g->in.c)) {
        v_set(e, sum, f_add(e, v_get(e, sum), all_bands(e, g, group, i, &c)));
    }
    gradient_store(e, out, p_at(e, out->to, group), x_const(e, 1), f_hadd(e, v_get(e, sum)),
                   m_first(e, 1));
}

static void add_up_vector(Emit *e, const Glue *g, idx number, int i)
{
    const GradientOut *out = &g->grad[g->split.sum_of[i]];
    idx vectors = x_const(e, int_ceil_div(g->in.c, e->lanes));
    idx group = x_div(e, number, vectors), first = x_mulk(e, x_rem(e, number, vectors), e->lanes);
    VecLoop c = { .at = first };
    if (g->in.c % e->lanes)
        c.live = m_below(e, x_sub(e, x_const(e, g->in.c), first));
    idx at = x_add(e, x_mulk(e, group, g->in.c), first);
    gradient_store(e, out, p_at(e, out->to, at), x_const(e, 1), all_bands(e, g, group, i, &c),
                   c.live);
}

void glue_add_up(Emit *e, const Glue *g, idx number)
{
    for (int i = 0; i < g->split.nsums; i++) {
        EMIT_IF (e, g->grad[g->split.sum_of[i]].wanted) {
            if (g->split.over_channels)
                add_up_channels(e, g, number, i);
            else
                add_up_vector(e, g, number, i);
        }
    }
}
