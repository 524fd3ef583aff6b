/* spec_check.c: whether a spec can be compiled.
**
** First every field against its range in rt_fields, then the rules between fields below, in
** order.  A rule may count on the ranges and on the rules before it, so its sums cannot overflow.
** With them any tensor has fewer than 2^31 elements per image and all of a kernel's operands
** together fewer than 8 * 2^16 * 2^31 * 8 = 2^53 bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base.h"
#include "runtime/spec_fields.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static int divides(const char *key, int64_t n, const char *of_key, int64_t of, dcn_error *err)
{
    if (of % n == 0)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %" PRId64 " does not divide %s = %" PRId64, key, n,
                    of_key, of);
}

static int check_groups(const dcn_spec *s, dcn_error *err)
{
    return divides("groups", s->groups, "in_channels", s->in_channels, err) ||
                   divides("groups", s->groups, "out_channels", s->out_channels, err)
               ? -1
               : 0;
}

static int check_offset_groups(const dcn_spec *s, dcn_error *err)
{
    return divides("offset_groups", s->offset_groups, "in_channels", s->in_channels, err);
}

static int check_scale(const dcn_spec *s, dcn_error *err)
{
    if (fabs(s->modulation_scale) < 1e-30)
        return dcn_fail(err, DCN_ESPEC, "'modulation_scale' = %g is nearer to 0 than 1e-30",
                        s->modulation_scale);
    if (s->modulation == DCN_MODULATION_NONE && s->modulation_scale != 1)
        return dcn_fail(err, DCN_ESPEC,
                        "'modulation_scale' = %g has nothing to scale: modulation is \"none\"",
                        s->modulation_scale);
    return 0;
}

static int check_axis(const dcn_spec *s, int axis, dcn_error *err)
{
    static const char *const rows[] = { "rows", "columns" }, *const height[] = { "height",
                                                                                 "width" };
    const int64_t in = axis ? s->width : s->height;
    const int64_t covered = (int64_t)s->dilation[axis] * (s->kernel[axis] - 1) + 1;
    const int64_t padded = in + s->padding[axis] + s->padding[axis + 2];
    if (in == DCN_DYNAMIC || covered <= padded)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'kernel_size' = %d with dilation = %d covers %" PRId64 " %s, but %s = %" PRId64
                    " and the padding make only %" PRId64,
                    s->kernel[axis], s->dilation[axis], covered, rows[axis], height[axis], in,
                    padded);
}

static int check_output(const dcn_spec *s, dcn_error *err)
{
    return check_axis(s, 0, err) || check_axis(s, 1, err) ? -1 : 0;
}

/* The elements of one image, or of all of a weight; a dynamic size counts as 1. */
static double elements_of(const dcn_tensor *t)
{
    double n = 1;
    for (int d = t->role == DCN_WEIGHT || t->rank == 1 ? 0 : 1; d < t->rank; d++)
        n *= t->dims[d] == DCN_DYNAMIC ? 1 : (double)t->dims[d];
    return n;
}

/* Kernels count the elements of one image in 32 bits. */
static int check_elements(const dcn_spec *s, dcn_error *err)
{
    dcn_tensor tensor[DCN_MAX_TENSORS];
    const int n = dcn_spec_tensors(s, tensor);
    for (int i = 0; i < n; i++) {
        const double elements = elements_of(&tensor[i]);
        if (elements > INT32_MAX)
            return dcn_fail(err, DCN_ESPEC,
                            "tensor '%s' would have %.0f elements%s; at most %" PRId32
                            " are possible",
                            tensor[i].name, elements,
                            tensor[i].role == DCN_WEIGHT ? "" : " per image", INT32_MAX);
    }
    return 0;
}

static const struct {
    const char *key; /* to blame */
    int (*check)(const dcn_spec *, dcn_error *);
} rules[] = {
    { "groups", check_groups },
    { "offset_groups", check_offset_groups },
    { "modulation_scale", check_scale },
    { "kernel_size", check_output },
    { NULL, check_elements },
};

/* A key of another operator must be left at its default. */
static int check_foreign(const rt_field *f, const rt_value *v, dcn_op op, dcn_error *err)
{
    const rt_value unset = rt_field_default(f);
    char value[RT_FIELD_PRINT_MAX], wanted[RT_FIELD_PRINT_MAX];
    rt_field_print(f, v, value);
    rt_field_print(f, &unset, wanted);
    if (strcmp(value, wanted) == 0)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s has no meaning for %s; leave it at %s", f->key,
                    value, dcn_op_name(op), wanted);
}

static int check_fields(const dcn_spec *s, const char **key, dcn_error *err)
{
    for (const rt_field *f = rt_fields; f->key; f++) {
        *key = f->key;
        const rt_value v = rt_field_get(f, s);
        if (rt_field_check(f, &v, err))
            return -1;
        if (!rt_field_is_of(f, s->op) && check_foreign(f, &v, s->op, err))
            return -1;
    }
    return 0;
}

int rt_spec_check(const dcn_spec *s, const char **key, dcn_error *err)
{
    *key = NULL;
    if ((unsigned)s->op > DCN_OP_DEFORM_CONV2D)
        return dcn_fail(err, DCN_ESPEC, "op = %d is not the enumerator of an operator", (int)s->op);
    if (check_fields(s, key, err))
        return -1;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        *key = rules[i].key;
        if (rules[i].check(s, err))
            return -1;
    }
    return 0;
}

int dcn_spec_check(const dcn_spec *s, dcn_error *err)
{
    const char *key;
    return rt_spec_check(s, &key, err);
}
