/* reshape.c: all channels of a map in a row, plane after plane, and such a row as a map; gradients likewise.
**
** Of P pixels element [p][c] of the map is element c*P + p of the row.  A task is some pixels of all maps.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/glue/inside.h"
#include "codegen/kernel/intmath.h"

/* The side that is a map; the other one is a row for each image. */
static net_shape map_of(const Glue *g)
{
    return g->out.h * g->out.w == 1 ? g->in : g->out;
}

static void split(const Glue *g, GlueSplit *s)
{
    const net_shape map = map_of(g);
    s->rows = map.n * map.h * map.w;
    s->bytes = 2.0 * (double)map.c * g->fp_bytes;
    s->cycles = 2.0 * (double)map.c;
}

/* Where vectors of a pixel's channels are, and how far apart its elements are on either side. */
typedef struct ReshapeEnd {
    addr first; /* of the channels of the pixel */
    int64_t step;
} ReshapeEnd;

static ReshapeEnd in_map(Emit *e, const Glue *g, addr base, idx pixel)
{
    return (ReshapeEnd){ p_at(e, base, x_mulk(e, pixel, map_of(g).c)), 1 };
}

static ReshapeEnd in_row(Emit *e, const Glue *g, addr base, idx pixel)
{
    const net_shape map = map_of(g);
    const int64_t pixels = map.h * map.w;
    idx image = x_div(e, pixel, x_const(e, pixels)), p = x_rem(e, pixel, x_const(e, pixels));
    return (ReshapeEnd){ p_at(e, base, x_add(e, x_mulk(e, image, pixels * map.c), p)), pixels };
}

static ivec lanes_apart(Emit *e, int64_t step)
{
    return i_mul(e, i_lane(e), i_const(e, (int)step));
}

static fvec load(Emit *e, const ReshapeEnd *from, idx channel, mask live)
{
    addr at = p_at(e, from->first, x_mulk(e, channel, from->step));
    return from->step == 1 ? p_load(e, at, live)
                           : p_gather(e, at, lanes_apart(e, from->step), live);
}

static void task(Emit *e, const Glue *g, const GlueTask *t)
{
    const bool flattens = g->out.h * g->out.w == 1;
    EMIT_FOR (e, pixel, t->first, t->last, 1) {
        const ReshapeEnd map = in_map(e, g, flattens ? g->arg[0] : g->made, pixel.at);
        const ReshapeEnd row = in_row(e, g, flattens ? g->made : g->arg[0], pixel.at);
        const ReshapeEnd *from = flattens ? &map : &row, *to = flattens ? &row : &map;
        EMIT_VECTORS (e, c, x_const(e, map_of(g).c)) {
            fvec x = load(e, from, c.at, c.live);
            addr at = p_at(e, to->first, x_mulk(e, c.at, to->step));
            if (to->step == 1)
                p_store(e, at, x, c.live);
            else
                p_scatter(e, at, lanes_apart(e, to->step), x, c.live);
        }
    }
}

/* The gradient of what was made, the other way. */
static void task_back(Emit *e, const Glue *g, const GlueTask *t)
{
    const bool flattens = g->out.h * g->out.w == 1;
    const GradientOut *out = &g->grad[0];
    EMIT_IF (e, out->wanted) {
        EMIT_FOR (e, pixel, t->first, t->last, 1) {
            const ReshapeEnd map = in_map(e, g, flattens ? out->to : g->made, pixel.at);
            const ReshapeEnd row = in_row(e, g, flattens ? g->made : out->to, pixel.at);
            const ReshapeEnd *from = flattens ? &row : &map, *to = flattens ? &map : &row;
            EMIT_VECTORS (e, c, x_const(e, map_of(g).c)) {
                fvec x = load(e, from, c.at, c.live);
                gradient_store(e, out, p_at(e, to->first, x_mulk(e, c.at, to->step)),
                               x_const(e, to->step), x, c.live);
            }
        }
    }
}

const GlueKind glue_reshape = { split, task }, glue_reshape_back = { split, task_back };
