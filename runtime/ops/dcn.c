/* dcn.c: the rows of dcnv3 and dcnv4.
**
** Work: 2 * 4*N*P*Q*C*K' of the samples, and 2 * N*P*Q*C*O of the projection.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/ops/ops.h"

/* ---- operands ------------------------------------------------------------------------------ */

static void add_projection(rt_operands *l)
{
    const dcn_spec *s = l->s;
    if (s->projection)
        rt_add_matrix(l, RT_WEIGHT, s->out_channels, s->in_channels);
    if (s->bias)
        rt_add_vector(l, RT_BIAS, s->out_channels);
}

static void dcnv3(rt_operands *l)
{
    const int64_t points = (int64_t)l->s->offset_groups * rt_points(l->s);
    rt_add_input(l);
    add_projection(l);
    rt_add_like_output(l, RT_OFFSET, 2 * points);
    rt_add_like_output(l, RT_MASK, points);
    rt_add_epilogue(l);
}

static void dcnv4(rt_operands *l)
{
    rt_add_input(l);
    add_projection(l);
    rt_add_like_output(l, RT_OFFSET_MASK, rt_packed_channels(l->s));
    rt_add_epilogue(l);
}

/* ---- work ---------------------------------------------------------------------------------- */

static double terms(const dcn_spec *s)
{
    return 4.0 * rt_points(s) * (s->projection ? (double)s->in_channels : 1);
}

double rt_dcn_flops(const dcn_spec *s)
{
    const double projected = s->projection ? (double)s->in_channels * (double)s->projection : 0;
    return 2 * rt_pixels(s) * (4 * (double)s->in_channels * rt_points(s) + projected);
}

/* ---- rules --------------------------------------------------------------------------------- */

int rt_check_center(const dcn_spec *s, dcn_error *err)
{
    if (!s->remove_center || rt_points(s) > 0)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'remove_center' = true leaves no tap: kernel_size = 1");
}

/* What acts on the sums of a matrix product needs one. */
static int check_projected(const dcn_spec *s, dcn_error *err)
{
    const struct {
        const char *key;
        bool on;
    } keys[] = { { "bias", s->bias },
                 { "scale_shift", s->scale_shift },
                 { "residual", s->residual } };
    for (size_t i = 0; i < 3 && !s->projection; i++) {
        if (keys[i].on)
            return dcn_fail(err, DCN_ESPEC, "'%s' = true needs a projection", keys[i].key);
    }
    return 0;
}

static const rt_rule rules[] = {
    { RT_MEMBER(offset_groups), rt_check_offset_groups },
    { RT_MEMBER(kernel), rt_check_window },
    { RT_MEMBER(remove_center), rt_check_center },
    { RT_MEMBER(projection), check_projected },
    { 0, NULL },
};

/* ---- rows ---------------------------------------------------------------------------------- */

const rt_op rt_dcn_ops[] = {
    {
        .op = DCN_OP_DCNV3,
        .name = "dcnv3",
        .traits = RT_DEFORMS | RT_XY_OFFSETS,
        .operands = dcnv3,
        .rules = rules,
        .flops = rt_dcn_flops,
        .terms = terms,
        .reference = ref_open_dcn,
        .backward = ref_back_dcn,
    },
    {
        .op = DCN_OP_DCNV4,
        .name = "dcnv4",
        .traits = RT_DEFORMS | RT_XY_OFFSETS | RT_PACKED_OFFSETS,
        .operands = dcnv4,
        .rules = rules,
        .flops = rt_dcn_flops,
        .terms = terms,
        .reference = ref_open_dcn,
        .backward = ref_back_dcn,
    },
    { .name = NULL },
};
