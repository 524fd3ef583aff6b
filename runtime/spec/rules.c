/* rules.c: rules between members that several operators have.
**
** A rule may count on the ranges of fields and on the rules before it, so its sums cannot overflow.
** With all of them any tensor has fewer than 2^31 elements per image and all of a kernel's operands
** together fewer than 8 * 2^16 * 2^31 * 8 = 2^53 bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/row.h"

#include <inttypes.h>

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
    if (n <= INT32_MAX)
        return 0;
    return dcn_fail(
        err, DCN_ESPEC,
        "the maps between its operators would have %.0f elements per image; at most %" PRId32
        " are possible",
        n, INT32_MAX);
}

/* The elements of one image, or of all of a weight; a dynamic size counts as 1. */
static double elements_of(const dcn_tensor *t)
{
    double n = 1;
    for (int d = t->role == DCN_WEIGHT || t->rank == 1 ? 0 : 1; d < t->rank; d++)
        n *= t->dims[d] == DCN_DYNAMIC ? 1 : (double)t->dims[d];
    return n;
}

int rt_check_elements(const dcn_spec *s, dcn_error *err)
{
    const rt_operands o = rt_operands_of(s);
    for (int i = 0; i < o.n; i++) {
        const dcn_tensor *t = &o.tensor[i];
        const double elements = elements_of(t);
        if (elements > INT32_MAX)
            return dcn_fail(
                err, DCN_ESPEC,
                "tensor '%s' would have %.0f elements%s; at most %" PRId32 " are possible", t->name,
                elements, t->role == DCN_WEIGHT ? "" : " per image", INT32_MAX);
    }
    return 0;
}
