/* check.c: whether a spec can be compiled.
**
** First every field against its range in rt_fields, then the rules between fields below, in
** order.  A rule may count on the ranges and on the rules before it, so its sums cannot overflow.
** With them any tensor has fewer than 2^31 elements per image and all of a kernel's operands
** together fewer than 8 * 2^16 * 2^31 * 8 = 2^53 bytes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/operands.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MEMBER(m) offsetof(dcn_spec, m)
#define KEY(s, m) key_of(s, MEMBER(m))
#define NOBODY    sizeof(dcn_spec)

/* What the operator calls a member; the member's first name where it has no key for it. */
static const char *key_of(const dcn_spec *s, size_t offset)
{
    const rt_field *f = rt_field_at(s->op, offset);
    for (const rt_field *any = rt_fields; !f; any++)
        f = any->offset == offset ? any : NULL;
    return f->key;
}

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
    return divides(KEY(s, offset_groups), s->offset_groups, KEY(s, in_channels), s->in_channels,
                   err);
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
    if (s->kernel[axis] == 0) /* has none */
        return 0;
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
    dcn_tensor tensor[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, tensor, RT_NUM_OPERANDS);
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

/* ---- what single operators ask for --------------------------------------------------------- */

static int check_center(const dcn_spec *s, dcn_error *err)
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
    for (size_t i = 0; i < 3 && rt_field_at(s->op, MEMBER(projection)) && !s->projection; i++) {
        if (keys[i].on)
            return dcn_fail(err, DCN_ESPEC, "'%s' = true needs a projection", keys[i].key);
    }
    return 0;
}

/* Offsets are made at the pixels of the input. */
static int check_module_size(const dcn_spec *s, dcn_error *err)
{
    for (int axis = 0; axis < 2 && rt_field_at(s->op, MEMBER(center_feature_scale)); axis++) {
        const int pads = s->padding[axis] + s->padding[axis + 2];
        const int wanted = s->dilation[axis] * (s->kernel[axis] - 1);
        if (pads != wanted)
            return dcn_fail(err, DCN_ESPEC,
                            "'padding' = %d + %d makes the output of %s differ in size from the "
                            "input; %d + %d does not",
                            s->padding[axis], s->padding[axis + 2], dcn_op_name(s->op), wanted / 2,
                            wanted - wanted / 2);
    }
    return 0;
}

static int check_dw_kernel(const dcn_spec *s, dcn_error *err)
{
    const int h = s->dw_kernel[0], w = s->dw_kernel[1];
    if ((h == 0 && w == 0) || (h % 2 && w % 2))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'dw_kernel_size' = {%d, %d} is not odd", h, w);
}

static int check_bin_channels(const dcn_spec *s, dcn_error *err)
{
    const int h = s->group_size[0], w = s->group_size[1];
    if (!rt_field_at(s->op, MEMBER(out_channels)) || !rt_has_rois(s->op))
        return 0;
    if (s->out_channels > 0 && s->out_channels * h * w <= s->in_channels)
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'output_dim' = %" PRId64 " for %d x %d bins needs %" PRId64
                    " channels, but channels = %" PRId64,
                    s->out_channels, h, w, (s->out_channels ? s->out_channels : 1) * h * w,
                    s->in_channels);
}

static int check_group_size(const dcn_spec *s, dcn_error *err)
{
    const int *g = s->group_size, *p = s->pooled;
    if (s->op == DCN_OP_DEFORM_PS_ROI_POOL && g[0] != g[1])
        return dcn_fail(err, DCN_ESPEC, "'group_size' = {%d, %d} is not square", g[0], g[1]);
    if (s->op != DCN_OP_PS_ROI_POOL || s->variant != DCN_ROI_TORCHVISION)
        return 0;
    if (g[0] == p[0] && g[1] == p[1])
        return 0;
    return dcn_fail(err, DCN_ESPEC,
                    "'group_size' = {%d, %d} is not output_size = {%d, %d}, as variant "
                    "\"torchvision\" has it",
                    g[0], g[1], p[0], p[1]);
}

static int check_pooled(const dcn_spec *s, dcn_error *err)
{
    if (s->op != DCN_OP_DEFORM_PS_ROI_POOL || s->pooled[0] == s->pooled[1])
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'pooled_size' = {%d, %d} is not square", s->pooled[0],
                    s->pooled[1]);
}

static int check_classes(const dcn_spec *s, dcn_error *err)
{
    if (s->op != DCN_OP_DEFORM_PS_ROI_POOL)
        return 0;
    return divides("num_classes", s->num_classes, "output_dim", s->out_channels, err);
}

static int check_offset_mask(const dcn_spec *s, dcn_error *err)
{
    if (!s->offset_mask || s->modulation != DCN_MODULATION_NONE)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'offset_mask' = true has no mask: modulation is \"none\"");
}

/* What is made inside is counted in 32 bits, too. */
static int check_inner(const dcn_spec *s, dcn_error *err)
{
    const bool separable = s->op == DCN_OP_SEPARABLE_CONV2D;
    const int64_t between = separable ? s->in_channels * s->depth_multiplier : rt_inner_channels(s);
    const int64_t h = dcn_out_height(s, s->height), w = dcn_out_width(s, s->width);
    const double n = (double)between * (double)(h > 0 ? h : 1) * (double)(w > 0 ? w : 1);
    if (n <= INT32_MAX)
        return 0;
    return dcn_fail(
        err, DCN_ESPEC,
        "the maps between its operators would have %.0f elements per image; at most %" PRId32
        " are possible",
        n, INT32_MAX);
}

static const struct {
    size_t blame; /* offset of a member */
    int (*check)(const dcn_spec *, dcn_error *);
} rules[] = {
    { MEMBER(groups), check_groups },
    { MEMBER(offset_groups), check_offset_groups },
    { MEMBER(modulation_scale), check_scale },
    { MEMBER(offset_mask), check_offset_mask },
    { MEMBER(kernel), check_output },
    { MEMBER(remove_center), check_center },
    { MEMBER(projection), check_projected },
    { MEMBER(padding), check_module_size },
    { MEMBER(dw_kernel), check_dw_kernel },
    { MEMBER(pooled), check_pooled },
    { MEMBER(group_size), check_group_size },
    { MEMBER(out_channels), check_bin_channels },
    { MEMBER(num_classes), check_classes },
    { NOBODY, check_inner },
    { NOBODY, check_elements },
};

/* ---- fields -------------------------------------------------------------------------------- */

static bool same_value(const rt_field *f, const rt_value *a, const rt_value *b)
{
    if (rt_field_count(f) == 0)
        return strcmp(a->text, b->text) == 0;
    return f->type == RT_FIELD_NUMBER ? a->x == b->x : memcmp(a->n, b->n, sizeof a->n) == 0;
}

/* What op has no key for must be as dcn_spec_init and dcn_spec_complete make it. */
static int check_foreign(const rt_field *f, const dcn_spec *s, const dcn_spec *made, dcn_error *err)
{
    const rt_value v = rt_field_get(f, s), want = rt_field_get(f, made);
    char value[RT_FIELD_PRINT_MAX], wanted[RT_FIELD_PRINT_MAX];
    if (same_value(f, &v, &want))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s has no meaning for %s; leave it at %s", f->key,
                    rt_field_print(f, &v, value), dcn_op_name(s->op),
                    rt_field_print(f, &want, wanted));
}

static int check_own(const rt_field *f, const dcn_spec *s, const dcn_spec *made, dcn_error *err)
{
    const rt_value v = rt_field_get(f, s), want = rt_field_get(f, made);
    char value[RT_FIELD_PRINT_MAX], wanted[RT_FIELD_PRINT_MAX];
    if (rt_field_check(f, &v, err))
        return -1;
    if (same_value(f, &v, &want))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s stands for %s; call dcn_spec_complete", f->key,
                    rt_field_print(f, &v, value), rt_field_print(f, &want, wanted));
}

/* A spec with the operator's own members as in s and all others as they are made. */
static void make(const dcn_spec *s, dcn_spec *made)
{
    dcn_spec_init(made, s->op);
    for (const rt_field *f = rt_fields; f->key; f++) {
        const rt_value v = rt_field_get(f, s);
        if (rt_field_is_of(f, s->op))
            rt_field_set(f, &v, made);
    }
    dcn_spec_complete(made);
}

static int check_fields(const dcn_spec *s, const char **key, dcn_error *err)
{
    dcn_spec made;
    make(s, &made);
    for (const rt_field *f = rt_fields; f->key; f++) {
        *key = f->key;
        const bool own = rt_field_is_of(f, s->op);
        if (own && check_own(f, s, &made, err))
            return -1;
        if (!own && !rt_field_at(s->op, f->offset) && f->type != RT_FIELD_NOT_YET &&
            check_foreign(f, s, &made, err))
            return -1;
    }
    return 0;
}

int rt_spec_check(const dcn_spec *s, const char **key, dcn_error *err)
{
    *key = NULL;
    if ((unsigned)s->op >= DCN_NUM_OPS)
        return dcn_fail(err, DCN_ESPEC, "op = %d is not the enumerator of an operator", (int)s->op);
    if (check_fields(s, key, err))
        return -1;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        *key = rules[i].blame == NOBODY ? NULL : key_of(s, rules[i].blame);
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
