/* maps.c: the channels of a block, of an image and of its gradient, as the regions' code reads and
** adds to them.
**
** Output o of group k reads channel o * groups + k. Without copies that is the nhwc map, from the
** block's first channel on. A copy is [group][pixel][channel of the block]; its last lanes are no
** channels and are 0.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "codegen/roi_gradient/roi_gradient.h"

idx roi_gradient_plane(Emit *e, const RoiGradientPlan *p, const Problem *pb)
{
    return x_mulk(e, x_mul(e, pb->h, pb->w), p->pixel_step);
}

static idx pixels_of(Emit *e, const RoiGradientMaps *m)
{
    return x_mul(e, m->pb.h, m->pb.w);
}

static idx map_elements(Emit *e, const RoiGradientPlan *p, const Problem *pb)
{
    return x_round_up(e, x_mulk(e, roi_gradient_plane(e, p, pb), p->groups), 64);
}

/* Bytes of a thread's workspace: the tables and what is beside them, then copies. */
idx roi_gradient_thread_bytes(Emit *e, const RoiGradientPlan *p, const Problem *pb)
{
    int maps = p->copies ? p->want.input + p->want.map : 0;
    idx copies = x_mulk(e, map_elements(e, p, pb), (int64_t)maps * p->fp_bytes);
    return x_addk(e, copies, p->scratch.bytes);
}

/* ---- where they are ------------------------------------------------------------------------ */

/* Channel k of the first output of the block, at pixel 0 of a map in the spec's layout. */
static addr channel_at(Emit *e, const RoiGradientMaps *m, addr map, idx k)
{
    const RoiGradientPlan *p = m->plan;
    idx first = x_mulk(e, roi_gradient_first_out(e, p, m->number), p->groups), zero = x_const(e, 0);
    const idx at[4] = { m->n, x_add(e, first, k), zero, zero };
    idx channels = x_const(e, p->s->in_channels);
    return p_at(e, map, problem_at(e, &m->pb, channels, m->pb.h, m->pb.w, at));
}

/* The gradient comes first, then the map. */
static addr copy_at(Emit *e, const RoiGradientMaps *m, bool of_map)
{
    bool second = of_map && m->plan->want.input;
    return second ? p_at(e, m->own, map_elements(e, m->plan, &m->pb)) : m->own;
}

addr roi_gradient_map_from(Emit *e, const RoiGradientMaps *m)
{
    if (!m->plan->want.map)
        return m->own;
    return m->plan->copies ? copy_at(e, m, true) : channel_at(e, m, m->pb.input, x_const(e, 0));
}

addr roi_gradient_map_to(Emit *e, const RoiGradientMaps *m)
{
    if (!m->plan->want.input)
        return m->own;
    return m->plan->copies ? copy_at(e, m, false) : channel_at(e, m, m->out.to, x_const(e, 0));
}

/* ---- copies -------------------------------------------------------------------------------- */

/* nchw: planes of a group; nhwc: the groups of a pixel.  Rows are what lies together in the copy. */
static Transpose part_of(Emit *e, const RoiGradientMaps *m, addr map, addr copy, idx i)
{
    const RoiGradientPlan *p = m->plan;
    idx pixels = pixels_of(e, m), plane = roi_gradient_plane(e, p, &m->pb);
    idx outputs = x_const(e, roi_gradient_outputs(p, m->shape)), groups = x_const(e, p->groups);
    Transpose t = { .rows = outputs };
    if (p->s->layout == DCN_NCHW) {
        t.from = channel_at(e, m, map, i);
        t.to = p_at(e, copy, x_mul(e, i, plane));
        t.cols = pixels;
        t.from_step = x_mul(e, pixels, groups);
        t.to_step = x_const(e, p->pixel_step);
        return t;
    }
    t.from = p_at(e, channel_at(e, m, map, x_const(e, 0)), x_mulk(e, i, p->s->in_channels));
    t.to = p_at(e, copy, x_mulk(e, i, p->pixel_step));
    t.cols = t.from_step = groups;
    t.to_step = plane;
    return t;
}

static idx parts_of(Emit *e, const RoiGradientMaps *m)
{
    return m->plan->s->layout == DCN_NCHW ? x_const(e, m->plan->groups) : pixels_of(e, m);
}

static Transpose reversed(const Transpose *t)
{
    return (Transpose){ .from = t->to,
                        .to = t->from,
                        .rows = t->cols,
                        .cols = t->rows,
                        .from_step = t->to_step,
                        .to_step = t->from_step };
}

/* nhwc without groups: the block's channels of every pixel, to the copy or back. */
static void move_pixels(Emit *e, const RoiGradientMaps *m, addr map, addr copy, bool back)
{
    const RoiGradientPlan *p = m->plan;
    addr first = channel_at(e, m, map, x_const(e, 0));
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), pixels_of(e, m), 1) {
        addr pixel = p_at(e, first, x_mulk(e, i.at, p->s->in_channels));
        addr own = p_at(e, copy, x_mulk(e, i.at, p->pixel_step));
        EMIT_VECTORS (e, v, x_const(e, roi_gradient_outputs(p, m->shape))) {
            fvec x = p_load(e, p_at(e, back ? own : pixel, v.at), v.live);
            p_store(e, p_at(e, back ? pixel : own, v.at), x, v.live);
        }
    }
}

static void move(Emit *e, const RoiGradientMaps *m, addr map, addr copy, bool back)
{
    if (!m->plan->scattered) {
        move_pixels(e, m, map, copy, back);
        return;
    }
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), parts_of(e, m), 1) {
        const Transpose t = part_of(e, m, map, copy, i.at), other = reversed(&t);
        call_transpose(e, m->transpose, back ? &other : &t);
    }
}

static void copy(Emit *e, const RoiGradientMaps *m, addr map, addr to)
{
    if (roi_gradient_outputs(m->plan, m->shape) < m->plan->pixel_step)
        gradient_clear(e, to, map_elements(e, m->plan, &m->pb));
    move(e, m, map, to, false);
}

void roi_gradient_open_map(Emit *e, const RoiGradientMaps *m)
{
    if (m->plan->copies)
        copy(e, m, m->pb.input, copy_at(e, m, true));
}

/* ---- the gradient ---------------------------------------------------------------------------- */

/* Some channels of every pixel. */
static void clear_channels(Emit *e, const RoiGradientMaps *m, addr first, int64_t channels)
{
    EMIT_FOR_OPAQUE (e, i, x_const(e, 0), pixels_of(e, m), 1) {
        gradient_clear(e, p_at(e, first, x_mulk(e, i.at, m->plan->s->in_channels)),
                       x_const(e, channels));
    }
}

/* Channels of the input that no bin reads stand at its end; they go with the last block. */
static void clear_rest(Emit *e, const RoiGradientMaps *m)
{
    const RoiGradientPlan *p = m->plan;
    int64_t used = (int64_t)p->bins.out_channels * p->groups, rest = p->s->in_channels - used;
    if (!rest)
        return;
    EMIT_IF (e, x_equal(e, m->number, x_const(e, p->blocks - 1))) {
        const idx zero = x_const(e, 0), at[4] = { m->n, x_const(e, used), zero, zero };
        idx channels = x_const(e, p->s->in_channels);
        addr to = p_at(e, m->out.to, problem_at(e, &m->pb, channels, m->pb.h, m->pb.w, at));
        if (p->s->layout == DCN_NCHW)
            gradient_clear(e, to, x_mulk(e, pixels_of(e, m), rest));
        else
            clear_channels(e, m, to, rest);
    }
}

void roi_gradient_open_gradient(Emit *e, const RoiGradientMaps *m)
{
    const RoiGradientPlan *p = m->plan;
    EMIT_IF_ELSE (e, add, m->out.add) {
        if (add.yes) {
            if (p->copies)
                copy(e, m, m->out.to, copy_at(e, m, false));
            continue;
        }
        if (p->copies)
            gradient_clear(e, copy_at(e, m, false), map_elements(e, p, &m->pb));
        else
            clear_channels(e, m, roi_gradient_map_to(e, m), roi_gradient_outputs(p, m->shape));
        clear_rest(e, m);
    }
}

void roi_gradient_close_gradient(Emit *e, const RoiGradientMaps *m)
{
    if (m->plan->copies)
        move(e, m, m->out.to, copy_at(e, m, false), true);
}
