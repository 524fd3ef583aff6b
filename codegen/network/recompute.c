/* recompute.c: which values the gradients of a network keep, given how much memory there is.
**
** Where all that the walk backwards reads can be kept, it is.  Else the layers are cut into segments of about
** the same bytes, at borders over which little goes, and some segments are made again when the walk comes to
** them.  The last one never is: the walk begins with it, so its values would be needed at once.  Of the
** segments of a cut those are made again first that cost the fewest operations for a byte, and as few as
** keep to the bound.  Cuts into few and into many
** segments are tried, and the one with the fewest operations is taken.
**
** Every choice is judged by its own plan of the whole workspace, on one thread.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/network/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Segment {
    int first, last; /* layers */
    double cost;     /* operations for a byte */
} Segment;

typedef struct Chooser {
    NetProgram *p;
    int64_t bound;
    int64_t *live;    /* by layer: bytes that are kept over the border behind it */
    Segment *segment; /* in the order in which they are taken */
    int n;
    int *best; /* by layer, as NetNeeds.segment */
    double best_flops;
    int64_t least;
} Chooser;

/* ---- what there is to cut -------------------------------------------------------------------------- */

/* Bytes of what a layer makes for others. */
static int64_t bytes_of(const NetProgram *p, int layer)
{
    const int out = p->net->layer[layer].out;
    return p->needs.known[out]
               ? net_elements(p->net->value[out].shape) * (int64_t)dcn_dtype_bytes(p->net->dtype)
               : 0;
}

static int last_reader(const NetProgram *p, int layer)
{
    const int out = p->net->layer[layer].out;
    int last = layer;
    for (int i = layer + 1; i < p->net->nlayers; i++)
        for (int j = 0; j < p->net->layer[i].nargs; j++)
            if (p->net->layer[i].arg[j].value == out)
                last = i;
    return last;
}

static int64_t find_live(Chooser *c)
{
    int64_t all = 0;
    for (int i = 0; i < c->p->net->nlayers; i++) {
        const int64_t bytes = bytes_of(c->p, i);
        const int last = last_reader(c->p, i);
        all += bytes;
        for (int j = i; j < last; j++)
            c->live[j] += bytes;
    }
    return all;
}

/* ---- cuts ------------------------------------------------------------------------------------------ */

/* The last layer of a segment that begins at `first`: within the second half of its bytes, before the border
** over which least goes. */
static int end_of_segment(const Chooser *c, int first, int64_t bytes)
{
    const int n = c->p->net->nlayers;
    int64_t sum = 0, least = INT64_MAX;
    int end = first;
    for (int i = first; i < n; i++) {
        sum += bytes_of(c->p, i);
        if (sum > bytes && i > first)
            break;
        if ((2 * sum >= bytes || i == first) && c->live[i] <= least) {
            least = c->live[i];
            end = i;
        }
        if (i == n - 1)
            end = i;
    }
    return end;
}

/* With this segment alone made again. */
static double cost_of(Chooser *c, const Segment *s)
{
    NetNeeds *n = &c->p->needs;
    double flops = 0, bytes = 0;
    memset(n->segment, 0, (size_t)c->p->net->nlayers * sizeof *n->segment);
    for (int i = s->first; i <= s->last; i++)
        n->segment[i] = 1;
    needs_segments(c->p);
    for (int i = s->first; i <= s->last; i++) {
        if (n->first[i] && n->again[i])
            flops += net_layer_flops(c->p->net, &c->p->net->layer[i]);
        if (!n->kept[c->p->net->layer[i].out])
            bytes += (double)bytes_of(c->p, i);
    }
    return bytes > 0 ? flops / bytes : INFINITY;
}

static int by_cost(const void *x, const void *y)
{
    const Segment *a = x, *b = y;
    const int c = (a->cost > b->cost) - (a->cost < b->cost);
    return c ? c : a->first - b->first;
}

/* Makes the segments of a cut, and leaves out those that would save no byte. */
static void cut(Chooser *c, int64_t bytes)
{
    const int n = c->p->net->nlayers;
    int kept = 0;
    c->n = 0;
    for (int first = 0; first < n; first = c->segment[c->n - 1].last + 1)
        c->segment[c->n++] = (Segment){ first, end_of_segment(c, first, bytes), 0 };
    for (int i = 0; i < c->n - 1; i++) {
        Segment s = c->segment[i];
        s.cost = cost_of(c, &s);
        if (s.cost < INFINITY)
            c->segment[kept++] = s;
    }
    c->n = kept;
    qsort(c->segment, (size_t)kept, sizeof *c->segment, by_cost);
}

/* ---- choices --------------------------------------------------------------------------------------- */

/* The steps with the first so many segments made again.  -1 without memory. */
static int write_with(Chooser *c, int taken)
{
    int *segment = c->p->needs.segment;
    memset(segment, 0, (size_t)c->p->net->nlayers * sizeof *segment);
    for (int i = 0; i < taken; i++)
        for (int j = c->segment[i].first; j <= c->segment[i].last; j++)
            segment[j] = i + 1;
    if (program_write(c->p) || steps_plan(&c->p->list))
        return -1;
    c->least = c->p->list.plan_bytes < c->least ? c->p->list.plan_bytes : c->least;
    return 0;
}

static double flops_again(const NetProgram *p)
{
    double flops = 0;
    for (int i = 0; i < p->net->nlayers; i++)
        if (p->needs.first[i] && p->needs.again[i])
            flops += net_layer_flops(p->net, &p->net->layer[i]);
    return flops;
}

static void keep_best(Chooser *c)
{
    const double flops = flops_again(c->p);
    if (c->p->list.plan_bytes > c->bound || flops >= c->best_flops)
        return;
    c->best_flops = flops;
    memcpy(c->best, c->p->needs.segment, (size_t)c->p->net->nlayers * sizeof *c->best);
}

/* Looks by halving for the fewest segments of a cut that keep to the bound. */
static int try_cut(Chooser *c, int64_t bytes)
{
    cut(c, bytes);
    int few = 0, many = c->n;
    if (write_with(c, many))
        return -1;
    if (c->p->list.plan_bytes > c->bound)
        return 0;
    keep_best(c);
    while (few + 1 < many) {
        const int middle = (few + many) / 2;
        if (write_with(c, middle))
            return -1;
        keep_best(c);
        if (c->p->list.plan_bytes > c->bound)
            few = middle;
        else
            many = middle;
    }
    return 0;
}

/* Into about parts segments: each number is half as large again as the one before. */
static int try_cuts(Chooser *c, int64_t all)
{
    int failed = 0;
    for (int parts = 2; parts <= 2 * c->p->net->nlayers && !failed; parts += (parts + 1) / 2)
        failed = try_cut(c, all / parts + 1);
    return failed;
}

static int choose(Chooser *c)
{
    NetNeeds *n = &c->p->needs;
    if (try_cuts(c, find_live(c)))
        return -1;
    if (c->best_flops == INFINITY) {
        c->p->list.plan_bytes = c->least;
        return 1;
    }
    memcpy(n->segment, c->best, (size_t)c->p->net->nlayers * sizeof *n->segment);
    return program_write(c->p) || steps_plan(&c->p->list) ? -1 : 0;
}

int program_recompute(NetProgram *p)
{
    const size_t room = (size_t)p->net->nlayers + 1;
    Chooser c = { .p = p,
                  .bound = p->net->memory,
                  .live = calloc(room, sizeof *c.live),
                  .segment = calloc(room, sizeof *c.segment),
                  .best = calloc(room, sizeof *c.best),
                  .best_flops = INFINITY,
                  .least = p->list.plan_bytes };
    const int failed = c.live && c.segment && c.best ? choose(&c) : -1;
    free(c.live);
    free(c.segment);
    free(c.best);
    return failed;
}
