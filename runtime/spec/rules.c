/* rules.c: rules between members that several operators have.
**
** A rule may count on the ranges of fields and on the rules before it, so its sums cannot overflow.
** With all of them any tensor has fewer than 2^31 elements per image and 2^47 in all, as 2^16 of the
** largest images have, and all of a kernel's operands together fewer than 8 * 2^47 * 8 = 2^53 bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/activation.h"
#include "runtime/spec/row.h"

#include <inttypes.h>

static const double MOST_ELEMENTS = 0x1p47;

const char *rt_key_of(const dcn_spec *s, size_t member)
{
    const rt_field *f = rt_field_at(s->op, member);
    for (const rt_field *any = rt_fields; !f; any++)
        f = any->offset == member ? any : NULL;
    return f->key;
}

int rt_check_divides(const char *key, int64_t n, const char *of_key, int64_t of, dcn_error *err)
{
    if (of % n == 0)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %" PRId64 " does not divide %s = %" PRId64, key, n,
                    of_key, of);
}

int rt_check_offset_groups(const dcn_spec *s, dcn_error *err)
{
    return rt_check_divides(RT_KEY(s, offset_groups), s->offset_groups, RT_KEY(s, in_channels),
                            s->in_channels, err);
}

/* ---- the activation ------------------------------------------------------------------------ */

/* A parameter of another activation than the spec's is left at its default. */
static int check_used(const dcn_spec *s, dcn_activation by, const char *key, const double value[2],
                      dcn_error *err)
{
    if (s->activation == by || value[0] == value[1])
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %g has no meaning: activation is \"%s\", not \"%s\"",
                    key, value[0], dcn_activation_name(s->activation), dcn_activation_name(by));
}

static int check_slope(const dcn_spec *s, dcn_error *err)
{
    return check_used(s, DCN_ACT_LEAKY_RELU, "activation_slope",
                      (const double[2]){ s->activation_slope, RT_DEFAULT_SLOPE }, err);
}

static int check_min(const dcn_spec *s, dcn_error *err)
{
    if (s->activation == DCN_ACT_CLIP && s->activation_min > s->activation_max)
        return dcn_fail(err, DCN_ESPEC, "'activation_min' = %g is above activation_max = %g",
                        s->activation_min, s->activation_max);
    return check_used(s, DCN_ACT_CLIP, "activation_min",
                      (const double[2]){ s->activation_min, RT_DEFAULT_MIN }, err);
}

static int check_max(const dcn_spec *s, dcn_error *err)
{
    return check_used(s, DCN_ACT_CLIP, "activation_max",
                      (const double[2]){ s->activation_max, RT_DEFAULT_MAX }, err);
}

/* ---- sizes --------------------------------------------------------------------------------- */

/* Tables of samples have an entry for each tap, so a kernel may be long, but not long and broad. */
enum { MAX_KERNEL_TAPS = 4096 };

static int check_taps(const dcn_spec *s, dcn_error *err)
{
    const int taps = s->kernel[0] * s->kernel[1];
    if (taps <= MAX_KERNEL_TAPS)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'kernel_size' = {%d, %d} makes %d taps; at most %d are possible", s->kernel[0],
                    s->kernel[1], taps, MAX_KERNEL_TAPS);
}

/* dcn_spec_complete has put numbers in the place of what it could. */
static int check_padding(const dcn_spec *s, dcn_error *err)
{
    if (!rt_is_same(s->padding))
        return 0;
    const int axis = s->height == DCN_DYNAMIC && s->stride[0] > 1 ? 0 : 1;
    static const char *const size[] = { "height", "width" };
    return dcn_fail(
        err, DCN_ESPEC,
        "'padding' = \"same\" hangs on %s, which is dynamic, because stride = %d is not 1; "
        "write {top, left, bottom, right}",
        size[axis], s->stride[axis]);
}

const rt_rule rt_common_rules[] = {
    { RT_MEMBER(activation_slope), check_slope }, { RT_MEMBER(activation_min), check_min },
    { RT_MEMBER(activation_max), check_max },     { RT_MEMBER(kernel), check_taps },
    { RT_MEMBER(padding), check_padding },        { 0, NULL },
};

static int check_axis(const dcn_spec *s, int axis, dcn_error *err)
{
    static const char *const rows[] = { "rows", "columns" }, *const height[] = { "height",
                                                                                 "width" };
    const int64_t in = axis ? s->width : s->height;
    const int64_t covered = rt_covered(s, axis);
    const int64_t padded = rt_padded(s, axis, in);
    if (in == DCN_DYNAMIC || covered <= padded)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'kernel_size' = %d with dilation = %d covers %" PRId64 " %s, but %s = %" PRId64
                    " and the padding make only %" PRId64,
                    s->kernel[axis], s->dilation[axis], covered, rows[axis], height[axis], in,
                    padded);
}

int rt_check_window(const dcn_spec *s, dcn_error *err)
{
    return check_axis(s, 0, err) || check_axis(s, 1, err) ? -1 : 0;
}

int rt_check_inner(const dcn_spec *s, dcn_error *err)
{
    const int64_t h = dcn_out_height(s, s->height), w = dcn_out_width(s, s->width);
    const double n =
        (double)rt_inner_channels(s) * (double)(h > 0 ? h : 1) * (double)(w > 0 ? w : 1);
    const double all = n * (double)(s->batch > 0 ? s->batch : 1);
    if (n > INT32_MAX)
        return dcn_fail(
            err, DCN_ESPEC,
            "the maps between its operators would have %.0f elements per image; at most %" PRId32
            " are possible",
            n, INT32_MAX);
    if (all <= MOST_ELEMENTS)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "the maps between its operators would have %.0f elements; at most %.0f are "
                    "possible",
                    all, MOST_ELEMENTS);
}

/* The elements of one image, with first_dim 0 of all of them; of a weight always all.  A dynamic size
** counts as 1. */
static double elements_of(const dcn_tensor *t, int first_dim)
{
    double n = 1;
    for (int d = t->role == DCN_WEIGHT || t->rank == 1 ? 0 : first_dim; d < t->rank; d++)
        n *= t->dims[d] == DCN_DYNAMIC ? 1 : (double)t->dims[d];
    return n;
}

static int check_tensor(const dcn_tensor *t, dcn_error *err)
{
    const double each = elements_of(t, 1), all = elements_of(t, 0);
    if (each > INT32_MAX)
        return dcn_fail(err, DCN_ESPEC,
                        "tensor '%s' would have %.0f elements%s; at most %" PRId32 " are possible",
                        t->name, each, t->role == DCN_WEIGHT ? "" : " per image", INT32_MAX);
    if (all > MOST_ELEMENTS)
        return dcn_fail(err, DCN_ESPEC,
                        "tensor '%s' would have %.0f elements; at most %.0f are possible", t->name,
                        all, MOST_ELEMENTS);
    return 0;
}

int rt_check_elements(const dcn_spec *s, dcn_error *err)
{
    const rt_operands o = rt_operands_of(s);
    for (int i = 0; i < o.n; i++)
        if (check_tensor(&o.tensor[i], err))
            return -1;
    return 0;
}
