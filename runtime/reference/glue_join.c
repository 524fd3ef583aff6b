/* glue_join.c: elements of an output that are made of one element of each argument.
**
**     add   a + b      mul   a * b * scale      concat, slice, activation, reshape   an element of an argument
**     blend a*(1 - s) + b*s, s = sigmoid(c)
**
** A gradient of 0 adds nothing, whatever it would be multiplied with.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/glue_kinds.h"
#include "runtime/reference/internal.h"

/* Where the element of argument i is that an element of the output is made of. */
static int64_t of_arg(const RefGlue *r, int i, const int64_t at[4])
{
    return ref_glue_at(ref_glue_shape(r, i), at);
}

/* ---- add and mul ----------------------------------------------------------------------------- */

static double add_value(const RefGlue *r, const int64_t at[4])
{
    return ref_glue_get(r, 0, of_arg(r, 0, at)) + ref_glue_get(r, 1, of_arg(r, 1, at));
}

static void add_back(const RefGlue *r, const int64_t at[4], double e)
{
    for (int i = 0; i < 2; i++)
        ref_glue_add(r, i, of_arg(r, i, at), e);
}

const RefGlueKind ref_glue_add_kind = { add_value, add_back };

static double mul_value(const RefGlue *r, const int64_t at[4])
{
    double product = r->layer->scale;
    for (int i = 0; i < r->layer->nargs; i++)
        product *= ref_glue_get(r, i, of_arg(r, i, at));
    return product;
}

static void mul_back(const RefGlue *r, const int64_t at[4], double e)
{
    const int n = r->layer->nargs;
    for (int i = 0; i < n; i++) {
        const double other = n == 1 ? 1 : ref_glue_get(r, 1 - i, of_arg(r, 1 - i, at));
        ref_glue_add(r, i, of_arg(r, i, at), e * r->layer->scale * other);
    }
}

const RefGlueKind ref_glue_mul = { mul_value, mul_back };

/* ---- copies ---------------------------------------------------------------------------------- */

/* The argument that holds this channel of a concat, and where in it. */
static int concat_from(const RefGlue *r, const int64_t at[4], int64_t *where)
{
    int64_t own[4] = { at[0], at[1], at[2], at[3] };
    int i = 0;
    while (own[3] >= ref_glue_shape(r, i).c)
        own[3] -= ref_glue_shape(r, i++).c;
    *where = of_arg(r, i, own);
    return i;
}

static double concat_value(const RefGlue *r, const int64_t at[4])
{
    int64_t where;
    const int i = concat_from(r, at, &where);
    return ref_glue_get(r, i, where);
}

static void concat_back(const RefGlue *r, const int64_t at[4], double e)
{
    int64_t where;
    const int i = concat_from(r, at, &where);
    ref_glue_add(r, i, where, e);
}

const RefGlueKind ref_glue_concat = { concat_value, concat_back };

static int64_t slice_from(const RefGlue *r, const int64_t at[4])
{
    const int64_t own[4] = { at[0], at[1], at[2], at[3] + r->layer->from };
    return of_arg(r, 0, own);
}

static double slice_value(const RefGlue *r, const int64_t at[4])
{
    return ref_glue_get(r, 0, slice_from(r, at));
}

static void slice_back(const RefGlue *r, const int64_t at[4], double e)
{
    ref_glue_add(r, 0, slice_from(r, at), e);
}

const RefGlueKind ref_glue_slice = { slice_value, slice_back };

static double activation_value(const RefGlue *r, const int64_t at[4])
{
    return ref_glue_get(r, 0, of_arg(r, 0, at));
}

static void activation_back(const RefGlue *r, const int64_t at[4], double e)
{
    ref_glue_add(r, 0, of_arg(r, 0, at), e);
}

const RefGlueKind ref_glue_activation = { activation_value, activation_back };

/* Elements of an image in the order of [c][h][w]. */
static int64_t reshape_from(const RefGlue *r, const int64_t at[4])
{
    const net_shape s = ref_glue_shape(r, 0);
    const int64_t nth = (at[3] * r->out.h + at[1]) * r->out.w + at[2], pixels = s.h * s.w;
    return at[0] * pixels * s.c + nth % pixels * s.c + nth / pixels;
}

static double reshape_value(const RefGlue *r, const int64_t at[4])
{
    return ref_glue_get(r, 0, reshape_from(r, at));
}

static void reshape_back(const RefGlue *r, const int64_t at[4], double e)
{
    ref_glue_add(r, 0, reshape_from(r, at), e);
}

const RefGlueKind ref_glue_reshape = { reshape_value, reshape_back };

/* ---- blends ---------------------------------------------------------------------------------- */

/* Where the share of an element's group is. */
static int64_t share_at(const RefGlue *r, const int64_t at[4])
{
    const net_shape s = ref_glue_shape(r, 2);
    const int64_t group[4] = { at[0], at[1], at[2], at[3] / (r->out.c / s.c) };
    return ref_glue_at(s, group);
}

static double share_of(const RefGlue *r, const int64_t at[4])
{
    return ref_activate(rt_plain_activation(DCN_ACT_SIGMOID), ref_glue_get(r, 2, share_at(r, at)));
}

static double blend_value(const RefGlue *r, const int64_t at[4])
{
    const int64_t where = ref_glue_at(r->out, at);
    const double s = share_of(r, at);
    return ref_glue_get(r, 0, where) * (1 - s) + ref_glue_get(r, 1, where) * s;
}

static void blend_back(const RefGlue *r, const int64_t at[4], double e)
{
    const int64_t where = ref_glue_at(r->out, at);
    const double s = share_of(r, at), d = ref_glue_get(r, 1, where) - ref_glue_get(r, 0, where);
    ref_glue_add(r, 0, where, e * (1 - s));
    ref_glue_add(r, 1, where, e * s);
    ref_glue_add(r, 2, share_at(r, at), e * d * s * (1 - s));
}

const RefGlueKind ref_glue_blend = { blend_value, blend_back };
