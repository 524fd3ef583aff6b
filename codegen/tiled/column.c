/* column.c: a block of channels and taps of the im2col tile.
**
**     column[pixel][packed group][seg][tap][channel] =
**         sum over corners c of coeff[d][tap][pixel][c] * input[at + step(c)][channel]
**
** Vectors run along channels, which lie next to one another in the input or its copy.  A span of
** channels shares an offset group (see tiled_span); it is cut into vectors where it goes to one
** place in the column.  The last vector ends where its channels end and may overlap its
** neighbour, so nothing outside is read or written and no mask is needed.  Where packed groups are
** narrower than a vector, one vector samples several of them and is stored in parts, the channels
** of a packed group permuted from [weight group][channel] to [channel][weight group] on the way.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/kernel/bilinear.h"
#include "codegen/kernel/intmath.h"
#include "codegen/tiled/tile.h"

enum { UNROLL = 8 }; /* vectors of channels in one body */

typedef enum { TAP_IS_OUTSIDE, TAP_IS_CLAMPED, TAP_IS_INSIDE } TapKind;

/* A span of channels of one tap of one pixel: where it is read and written. */
typedef struct ColumnSpan {
    const TiledPlan *plan;
    const Problem *pb;
    const TiledColumnArgs *in;
    int channels;       /* of the block: of one packed group, or of several whole ones */
    int groups_per_vec; /* packed groups that one vector covers; 0: a vector stays within a group */
    bool deformed;
    int span;
    idx first; /* channel of the block that `from` points at */
    idx tap;   /* within the block */
    idx entry; /* of the sample table */
    TapKind kind;
    Corners from;
    addr to; /* the pixel's row of the column */
    fvec coeff[CORNERS];
} ColumnSpan;

static int channels_per_group(const ColumnSpan *s)
{
    return s->channels / s->plan->groups.group_block;
}

/* Element of the row of the column for channel c of the block. */
static idx element_of(Emit *e, const ColumnSpan *s, idx c)
{
    int per_group = channels_per_group(s), seg = tiled_seg(s->plan, s->channels);
    idx at = x_add(e, x_mulk(e, s->tap, seg), x_rem(e, c, x_const(e, seg)));
    if (s->plan->groups.group_block > 1) {
        idx group = x_div(e, c, x_const(e, per_group));
        at = x_add(e, at, x_mulk(e, group, s->plan->scratch.group_stride));
    }
    if (seg < per_group) {
        idx nth = x_div(e, x_rem(e, c, x_const(e, per_group)), x_const(e, seg));
        at = x_add(e, at, x_mul(e, nth, x_mulk(e, s->in->taps, seg)));
    }
    return at;
}

/* ---- one vector -------------------------------------------------------------------------- */

static fvec corner(Emit *e, const ColumnSpan *s, int i, idx at)
{
    fvec x = p_load(e, p_at(e, s->from.at[i], at), all_lanes), zero = f_const(e, 0);
    if (s->kind != TAP_IS_CLAMPED)
        return x;
    return f_select(e, f_equal(e, s->coeff[i], zero), zero, x);
}

static fvec sample_vector(Emit *e, const ColumnSpan *s, idx c)
{
    if (s->kind == TAP_IS_OUTSIDE)
        return f_const(e, 0);
    idx at = x_sub(e, c, s->first);
    if (!s->deformed)
        return p_load(e, p_at(e, s->from.at[0], at), all_lanes);
    fvec x = f_mul(e, s->coeff[0], corner(e, s, 0, at));
    for (int i = 1; i < CORNERS; i++)
        x = f_fma(e, s->coeff[i], corner(e, s, i, at), x);
    return x;
}

/* [weight group][channel] to [channel][weight group] within every packed group of a vector. */
static fvec interleave_groups(Emit *e, const TiledGroups *g, fvec x)
{
    int from[EMIT_MAX_LANES], channels = g->in_channels / g->pack;
    for (int lane = 0; lane < e->lanes; lane++) {
        int r = lane % g->in_channels;
        from[lane] = lane - r + r % g->pack * channels + r / g->pack;
    }
    return g->pack == 1 || channels == 1 ? x : f_permute(e, x, from);
}

static void one_vector(Emit *e, const ColumnSpan *s, idx c)
{
    fvec x = sample_vector(e, s, c);
    addr to = p_at(e, s->to, element_of(e, s, c));
    if (s->groups_per_vec == 0) {
        p_store(e, to, x, all_lanes);
        return;
    }
    int n = s->plan->groups.in_channels;
    x = interleave_groups(e, &s->plan->groups, x);
    for (int i = 0; i < s->groups_per_vec; i++) {
        idx group = x_const(e, (int64_t)i * s->plan->scratch.group_stride);
        p_store_part(e, p_at(e, to, group), x, i * n, n);
    }
}

/* Channels c .. c+n-1 of the block, n >= lanes, which all go to one packed group or to whole
** ones. */
static void each_vector(Emit *e, const ColumnSpan *s, idx c, int n)
{
    int whole = n / e->lanes, looped = whole > UNROLL ? whole / UNROLL * UNROLL : 0;
    EMIT_FOR (e, v, x_const(e, 0), x_const(e, (int64_t)looped * e->lanes), UNROLL * e->lanes) {
        for (int u = 0; u < UNROLL; u++)
            one_vector(e, s, x_addk(e, x_add(e, c, v.at), u * e->lanes));
    }
    for (int v = looped; v < whole; v++)
        one_vector(e, s, x_addk(e, c, (int64_t)v * e->lanes));
    if (n % e->lanes)
        one_vector(e, s, x_addk(e, c, n - e->lanes));
}

/* The span, seg by seg unless vectors are stored in parts. */
static void each_seg(Emit *e, const ColumnSpan *s)
{
    int span = s->span, per_group = channels_per_group(s);
    int seg = s->groups_per_vec || per_group > span ? span : per_group;
    if (span / seg > UNROLL) {
        EMIT_FOR (e, g, x_const(e, 0), x_const(e, span), seg) {
            each_vector(e, s, x_add(e, s->first, g.at), seg);
        }
        return;
    }
    for (int g = 0; g < span; g += seg)
        each_vector(e, s, x_addk(e, s->first, g), seg);
}

/* ---- one pixel --------------------------------------------------------------------------- */

static void load_corners(Emit *e, idx at, ColumnSpan *s)
{
    s->from.at[0] = p_at(e, s->from.at[0], at);
    if (!s->deformed)
        return;
    s->from = corners_at(e, s->pb, s->from.at[0], x_const(e, s->plan->repack.block));
    addr coeff = p_at(e, s->in->coeff, x_mulk(e, s->entry, CORNERS));
    for (int c = 0; c < CORNERS; c++)
        s->coeff[c] = p_splat(e, p_at(e, coeff, x_const(e, c)));
}

/* The span of a tap of this kind, whose upper left pixel is at an element of the input. */
static void sample_span(Emit *e, ColumnSpan s, TapKind kind, idx at)
{
    s.kind = kind;
    if (kind != TAP_IS_OUTSIDE)
        load_corners(e, at, &s);
    each_seg(e, &s);
}

static void one_pixel(Emit *e, const ColumnSpan *s)
{
    idx at = p_get_i32(e, p_at_i32(e, s->in->at, s->entry)), outside = x_const(e, TAP_OUTSIDE);
    EMIT_IF_ELSE (e, inside, x_less(e, outside, at)) {
        if (inside.yes) {
            sample_span(e, *s, TAP_IS_INSIDE, at);
        } else if (!s->deformed) {
            sample_span(e, *s, TAP_IS_OUTSIDE, at);
        } else {
            EMIT_IF_ELSE (e, none, x_equal(e, at, outside)) {
                idx clamped = x_sub(e, x_const(e, TAP_CLAMPED), at);
                sample_span(e, *s, none.yes ? TAP_IS_OUTSIDE : TAP_IS_CLAMPED, clamped);
            }
        }
    }
}

/* ---- the block --------------------------------------------------------------------------- */

/* A span of channels from c, for all pixels of one tap. */
static void one_tap(Emit *e, ColumnSpan *s, idx c)
{
    const TiledPlan *p = s->plan;
    idx channel = x_add(e, s->in->channel, c), d = x_const(e, 0);
    if (s->deformed)
        d = x_div(e, channel, x_const(e, p->groups.offset_channels));
    idx k = x_add(e, x_mulk(e, d, p->groups.taps), x_add(e, s->in->tap, s->tap));
    idx entries = x_mulk(e, k, p->table.tap_entries);
    /* Entries of a deformable convolution lead into the block of their offset group. */
    idx within = s->deformed ? x_rem(e, channel, x_const(e, p->repack.block))
                             : repack_channel(e, &p->repack, s->pb, channel);
    s->from.at[0] = p_at(e, s->in->input, within);
    s->first = c;
    EMIT_FOR (e, pixel, x_const(e, 0), s->in->pixels, 1) {
        s->to = p_at(e, s->in->column, x_mulk(e, pixel.at, p->scratch.column_stride));
        s->entry = x_add(e, entries, x_mulk(e, pixel.at, p->table.pixel_entries));
        one_pixel(e, s);
    }
}

/* Lanes of the vectors of a column, and how many packed groups each covers. */
static int choose_lanes(const TiledPlan *p, int span, int per_group, int *groups_per_vec)
{
    int lanes = int_gcd(span, p->lanes); /* a power of two, as p->lanes is one */
    int cuts = p->groups.pack > 1 || p->groups.group_block > 1;
    *groups_per_vec = cuts && lanes >= per_group && lanes % per_group == 0 ? lanes / per_group : 0;
    return *groups_per_vec ? lanes
                           : int_power_of_two(span < per_group ? span : per_group, p->lanes);
}

static const Param param[] = { PARAM(TiledColumnArgs, args),   PARAM(TiledColumnArgs, input),
                               PARAM(TiledColumnArgs, at),     PARAM(TiledColumnArgs, coeff),
                               PARAM(TiledColumnArgs, column), PARAM(TiledColumnArgs, channel),
                               PARAM(TiledColumnArgs, tap),    PARAM(TiledColumnArgs, taps),
                               PARAM(TiledColumnArgs, pixels) };
static const Params params = PARAMS(TiledColumnArgs, param);

LLVMValueRef tiled_begin_column(Emit *e, const char *name, TiledColumnArgs *in)
{
    return e_fn_begin_with(e, name, 1, e->none, &params, in);
}

void tiled_call_column(Emit *e, LLVMValueRef fn, const TiledColumnArgs *in)
{
    e_call_with(e, fn, &params, in);
}

LLVMValueRef tiled_emit_column(Emit *e, const TiledPlan *p, const char *name, int channels)
{
    TiledColumnArgs in;
    LLVMValueRef fn = tiled_begin_column(e, name, &in);
    Problem pb = tiled_problem(e, p, in.args);
    ColumnSpan s = { .plan = p, .pb = &pb, .in = &in, .channels = channels };
    s.deformed = problem_is_deformed(p->s);
    s.span = tiled_span(p, channels);
    e_fn_lanes(e, choose_lanes(p, s.span, channels_per_group(&s), &s.groups_per_vec));
    EMIT_FOR (e, c, x_const(e, 0), x_const(e, channels), s.span) {
        EMIT_FOR (e, tap, x_const(e, 0), in.taps, 1) {
            s.tap = tap.at;
            one_tap(e, &s, c.at);
        }
    }
    e_fn_end(e);
    return fn;
}
