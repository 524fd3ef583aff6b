/* problem.c: operands, sizes and layout.  The only file that knows how tensors are stored.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/problem.h"
#include "runtime/spec/op.h"

int problem_taps(const dcn_spec *s)
{
    return s->kernel[0] * s->kernel[1];
}

bool problem_is_deformed(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_DEFORMS);
}

int problem_vector(const dcn_spec *s, const dcn_target *t)
{
    return t->vector_bytes / (int)dcn_dtype_bytes(s->dtype);
}

/* floor((in + pads - (dil*(k-1)+1)) / stride) + 1; the caller has checked that it is >= 1 */
static idx out_size(Emit *e, const dcn_spec *s, int axis, idx in)
{
    int pads = s->padding[axis] + s->padding[axis + 2];
    int extent = s->dilation[axis] * (s->kernel[axis] - 1) + 1;
    idx room = x_addk(e, in, pads - extent);
    return x_addk(e, x_div(e, room, x_const(e, s->stride[axis])), 1);
}

static idx size_or(Emit *e, int64_t known, idx dynamic)
{
    return known == DCN_DYNAMIC ? dynamic : x_const(e, known);
}

Problem problem_of_sizes(Emit *e, const dcn_spec *s, const idx size[4])
{
    Problem pb = { .s = s,
                   .n = size_or(e, s->batch, size[0]),
                   .h = size_or(e, s->height, size[1]),
                   .w = size_or(e, s->width, size[2]),
                   .r = size_or(e, s->rois, size[3]) };
    const bool regions = s->pooled[0] > 0;
    pb.p = regions ? x_const(e, s->pooled[0]) : out_size(e, s, 0, pb.h);
    pb.q = regions ? x_const(e, s->pooled[1]) : out_size(e, s, 1, pb.w);
    e_name(e, pb.p.v, "out_height");
    e_name(e, pb.q.v, "out_width");
    return pb;
}

addr problem_nth(const Problem *pb, int i)
{
    return pb->operand[rt_operands_of(pb->s).which[i]];
}

static void name_operands(Problem *pb)
{
    const addr *all = pb->operand;
    pb->input = all[RT_INPUT];
    pb->weight = all[RT_WEIGHT];
    pb->bias = all[RT_BIAS];
    pb->scale = all[RT_SCALE];
    pb->shift = all[RT_SHIFT];
    pb->residual = all[RT_RESIDUAL];
    pb->offset = all[RT_OFFSET];
    pb->mask = all[RT_MASK];
    pb->offset_mask = all[RT_OFFSET_MASK];
    pb->rois = all[RT_ROIS];
    pb->trans = all[RT_TRANS];
    pb->output = all[RT_OUTPUT];
}

/* Offset and mask of a deformable convolution, which may be parts of one map. */
static void find_offsets(Emit *e, Problem *pb)
{
    const dcn_spec *s = pb->s;
    int64_t points = (int64_t)s->offset_groups * problem_taps(s);
    pb->offset_channels = 2 * points;
    pb->mask_channels = points;
    if (!s->offset_mask || !pb->offset_mask.v) /* gradients of a bias read neither */
        return;
    pb->offset_channels = pb->mask_channels = 3 * points;
    const idx zero = x_const(e, 0), first[4] = { zero, x_const(e, 2 * points), zero, zero };
    pb->offset = pb->offset_mask;
    pb->mask =
        p_at(e, pb->offset_mask, problem_at(e, pb, x_const(e, 3 * points), pb->p, pb->q, first));
}

Problem problem_load(Emit *e, const dcn_spec *s, addr args)
{
    static const char *const sizes[4] = { "batch", "height", "width", "rois" };
    const rt_operands o = rt_operands_of(s);
    idx size[4];
    for (int i = 0; i < 4; i++)
        size[i] = x_named(e, sizes[i], p_get_i64(e, p_at_word(e, args, x_const(e, o.n + i))));
    Problem pb = problem_of_sizes(e, s, size);
    for (int i = 0; i < o.n; i++)
        pb.operand[o.which[i]] = p_named(e, rt_operand_names[o.which[i]],
                                         p_get_addr(e, p_at_word(e, args, x_const(e, i))));
    name_operands(&pb);
    find_offsets(e, &pb);
    return pb;
}

idx problem_at(Emit *e, const Problem *pb, idx channels, idx rows, idx cols, const idx at[4])
{
    idx n = at[0], c = at[1], y = at[2], x = at[3];
    if (pb->s->layout == DCN_NCHW) {
        idx plane = x_add(e, x_mul(e, n, channels), c);
        return x_add(e, x_mul(e, x_add(e, x_mul(e, plane, rows), y), cols), x);
    }
    idx pixel = x_add(e, x_mul(e, x_add(e, x_mul(e, n, rows), y), cols), x);
    return x_add(e, x_mul(e, pixel, channels), c);
}

fvec problem_lanes(Emit *e, const Problem *pb, addr map, idx channels, const idx at[4], mask live)
{
    addr first = p_at(e, map, problem_at(e, pb, channels, pb->p, pb->q, at));
    if (pb->s->layout == DCN_NCHW)
        return p_load(e, first, live);
    return p_gather(e, first, i_mul(e, i_lane(e), i_splat(e, channels)), live);
}
