/* test_edges.c: samples on, and the least step beside, every place where a border rule changes.
**
** One tap stands at an integer base plus its offset; all others are sent outside by NaN.  The base
** runs over the map and two pixels beyond, so each edge is met by offsets that are tiny and by
** offsets that are not.  Whether a sample is inside is asked of the offset and the integers, which
** are compared exactly; kernels and the reference must agree with that and with one another.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/reference/reference.h"
#include "tests/right/laws/variant.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

enum { H = 7, W = 9, CHANNELS = 20, BEYOND = 4, DILATION = 2 };

/* How far beside a pixel; a neighbour of 0 is one that a layer, or a denormal number, may give. */
typedef struct Nudge {
    double ulps;    /* of an offset that is not 0: this neighbour in the dtype */
    double of_zero; /* instead of an offset of 0 */
} Nudge;

static const Nudge nudges[] = {
    { 0, 0 },       { 0, -0.0 },    { 1, 1e-17 },     { -1, -1e-17 },     { 1, 1e-45 },
    { -1, -1e-45 }, { 1, FLT_MIN }, { -1, -FLT_MIN }, { 2, FLT_EPSILON }, { -2, -FLT_EPSILON / 4 },
};
enum { NNUDGES = sizeof nudges / sizeof *nudges };

/* A tap of the kernel under test, along an axis. */
typedef struct Sweep {
    const Variant *v;
    Case c;
    int tap, axis, edge; /* edge: the pixel that the offsets lead to, or one outside */
    double scale;        /* what offsets are multiplied with */
} Sweep;

static double neighbour(dcn_dtype dtype, double x, double ulps)
{
    for (double n = 0; n < fabs(ulps); n++)
        x = dtype == DCN_F32 ? (double)nextafterf((float)x, ulps > 0 ? INFINITY : -INFINITY)
                             : nextafter(x, ulps > 0 ? INFINITY : -INFINITY);
    return x;
}

/* Where the tap is without an offset; the scale is about the kernel's centre. */
static double base_of(const Sweep *w, int64_t at)
{
    return (double)(at - BEYOND + DILATION) + (w->tap - 1) * DILATION * w->scale;
}

static double offset_of(const Sweep *w, double base, int64_t which)
{
    const Nudge *n = &nudges[which % NNUDGES];
    const double whole = (w->edge - base) / w->scale;
    const double offset = whole == 0 ? n->of_zero : neighbour(w->v->dtype, whole, n->ulps);
    return w->v->dtype == DCN_F32 ? (double)(float)offset : offset;
}

/* ---- what is expected ---------------------------------------------------------------------- */

/* At `edge` but for rounding, on the side on which base + offset is: -base <= offset is exact. */
static double expected(const Sweep *w, double base, double offset)
{
    static const int fixed[2] = { 1, 1 };
    const int size = w->axis ? W : H;
    const bool clamp = w->c.o.spec.border == DCN_BORDER_CLAMP;
    int at[2] = { fixed[0], fixed[1] };
    if (w->c.o.spec.border != DCN_BORDER_ZERO && !(offset >= -base && offset < size - base))
        return 0;
    at[w->axis] = w->edge == size && clamp ? size - 1 : w->edge;
    return at[w->axis] >= 0 && at[w->axis] < size ? 1 + at[0] + 10 * at[1] : 0;
}

/* ---- operands ------------------------------------------------------------------------------- */

static const char *tensor_of(const Case *c)
{
    return c->o.spec.op == DCN_OP_DCNV4 ? "offset_mask" : "offset";
}

/* Number of the tap in the order of its operator. */
static int number_of(const Sweep *w)
{
    return w->tap * 3 + w->tap;
}

static void set_offsets(Sweep *w)
{
    const dcn_spec *s = &w->c.o.spec;
    const bool x_first = s->op != DCN_OP_DEFORM_CONV2D || s->offset_order == DCN_ORDER_XY;
    for (int64_t n = 0; n < s->batch; n++)
        for (int64_t i = 0; i < (H + BEYOND) * (W + BEYOND); i++) {
            const int64_t pq[2] = { i / (W + BEYOND), i % (W + BEYOND) };
            for (int axis = 0; axis < 2; axis++) {
                const double base = base_of(w, pq[axis]);
                const bool moves = axis == w->axis;
                const int channel = 2 * number_of(w) + (axis == (x_first ? 0 : 1));
                *case_at(&w->c, tensor_of(&w->c), n, channel, pq[0], pq[1]) =
                    moves ? offset_of(w, base, pq[1 - axis]) : (1 - base) / w->scale;
            }
        }
}

/* Pixel (y, x) of every channel is 1 + y + 10 x. */
static void set_map(Case *c)
{
    for (int64_t n = 0; n < c->o.spec.batch; n++)
        for (int64_t i = 0; i < CHANNELS * H * W; i++)
            *case_at(c, "input", n, i / (H * W), i / W % H, i % W) =
                (double)(1 + i / W % H + 10 * (i % W));
}

/* The output is the tap's sample alone. */
static void set_gains(Case *c)
{
    if (c->o.spec.op == DCN_OP_DEFORM_CONV2D)
        case_set(c, "weight", 1.0 / CHANNELS);
    if (c->o.spec.op == DCN_OP_DCNV3)
        case_set(c, "mask", 1);
    for (int64_t i = 0; c->o.spec.op == DCN_OP_DCNV4 && i < 9 * (H + BEYOND) * (W + BEYOND); i++)
        *case_at(c, "offset_mask", 0, 2 * 9 + i % 9, i / 9 / (W + BEYOND), i / 9 % (W + BEYOND)) =
            1;
}

static void check(Sweep *w)
{
    const dcn_spec *s = &w->c.o.spec;
    const double tolerance =
        s->dtype == DCN_F32 ? 1e-3 : 1e-4; /* the largest nudge of a value of 87 */
    Case *c = &w->c;
    double *compiled = case_values(c, "output");
    case_run(c, 1);
    double *reference = calloc((size_t)case_count(c, "output"), sizeof *reference);
    cr_assert_eq(rt_reference(s, (const double *const *)c->o.exact, RT_OUTPUT, reference), 0);
    for (int64_t n = 0, outs = s->out_channels; n < s->batch * outs; n++)
        for (int64_t i = 0; i < (H + BEYOND) * (W + BEYOND); i++) {
            const int64_t pq[2] = { i / (W + BEYOND), i % (W + BEYOND) };
            const double base = base_of(w, pq[w->axis]);
            const double offset = offset_of(w, base, pq[1 - w->axis]);
            const double want = expected(w, base, offset);
            double *at = case_at(c, "output", n / outs, n % outs, pq[0], pq[1]);
            const double got = *at, other = reference[at - compiled];
            cr_assert(
                fabs(got - want) <= tolerance && fabs(other - want) <= tolerance,
                "%s %s border %s axis %d: base %g, offset %.17g: %g, the reference %g, not %g",
                variant_name(w->v), dcn_op_name(s->op), dcn_border_name(s->border), w->axis, base,
                offset, got, other, want);
        }
    free(reference);
}

static void sweep(Sweep *w, const dcn_spec *s)
{
    variant_open(&w->c, w->v, s);
    set_map(&w->c);
    for (w->tap = 0; w->tap < 3; w->tap++)
        for (w->axis = 0; w->axis < 2; w->axis++) {
            const int size = w->axis ? W : H, edges[] = { -1, 0, 1, size - 1, size };
            case_set(&w->c, tensor_of(&w->c), NAN);
            for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
                w->edge = edges[i];
                set_offsets(w);
                set_gains(&w->c);
                check(w);
            }
        }
    case_close(&w->c);
}

static dcn_spec wide_spec(const Variant *v, dcn_op op)
{
    dcn_spec s = variant_spec(v, op);
    s.batch = 1;
    for (int i = 0; i < 4; i++)
        s.padding[i] = BEYOND;
    s.dilation[0] = s.dilation[1] = DILATION;
    return s;
}

/* ---- operators ------------------------------------------------------------------------------ */

static void convolutions(const Variant *v)
{
    for (int border = DCN_BORDER_ZERO; border <= DCN_BORDER_HYBRID; border++)
        for (int order = DCN_ORDER_YX; order <= DCN_ORDER_XY; order++) {
            Sweep w = { .v = v, .scale = 1 };
            dcn_spec s = wide_spec(v, DCN_OP_DEFORM_CONV2D);
            s.border = (dcn_border)border;
            s.offset_order = (dcn_offset_order)order;
            sweep(&w, &s);
        }
}

Test(edges, convolutions_are_exact_beside_them)
{
    each_variant(convolutions);
}

/* Scales for which every tap's place is a whole pixel. */
static void aggregates(const Variant *v)
{
    static const double scales[] = { 1, 2, 0.5 };
    static const dcn_op ops[] = { DCN_OP_DCNV3, DCN_OP_DCNV4 };
    for (int i = 0; i < 6; i++) {
        Sweep w = { .v = v, .scale = scales[i % 3] };
        dcn_spec s = wide_spec(v, ops[i / 3]);
        s.out_channels = CHANNELS;
        s.offset_groups = 1;
        s.modulation = DCN_MODULATION_MASK;
        s.offset_scale = scales[i % 3];
        sweep(&w, &s);
    }
}

Test(edges, dcnv3_and_dcnv4_are_exact_beside_them)
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++) {
        aggregates(&(Variant){ (dcn_dtype)dtype, DCN_NHWC, "aggregate" });
        aggregates(&(Variant){ (dcn_dtype)dtype, DCN_NHWC, "aggregate tile_w=0 compact=1" });
    }
}
