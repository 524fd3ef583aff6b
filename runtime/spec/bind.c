/* bind.c: a spec with numbers for its dynamic sizes.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/spec/fields.h"

#include <inttypes.h>

static int bind_extent(const char *key, int64_t *extent, int64_t value, dcn_error *err)
{
    if (*extent != DCN_DYNAMIC && *extent != value)
        return dcn_fail(err, DCN_EUSAGE, "'%s' = %" PRId64 ", but the kernel was made for %" PRId64,
                        key, value, *extent);
    *extent = value;
    return 0;
}

/* 0 is a legal number of images or of rois where that is dynamic: check with one of them. */
static int64_t at_least_one(int64_t given, int64_t stated)
{
    return given == 0 && stated == DCN_DYNAMIC ? 1 : given;
}

/* s with the sizes in *bound, and in *checked what there is to check of it.  All sizes of a network are numbers, and
** none is one of these. */
static int bind(const dcn_spec *s, dcn_sizes sizes, dcn_spec *bound, dcn_spec *checked,
                dcn_error *err)
{
    *bound = *checked = *s;
    if (rt_op_has(s->op, RT_IS_NETWORK))
        return 0;
    const bool regions = rt_op_has(s->op, RT_HAS_ROIS);
    if (bind_extent("batch", &bound->batch, sizes.batch, err) ||
        bind_extent("height", &bound->height, sizes.height, err) ||
        bind_extent("width", &bound->width, sizes.width, err) ||
        (regions && bind_extent("rois", &bound->rois, sizes.rois, err)))
        return -1;
    if (bound->batch == DCN_DYNAMIC || bound->height == DCN_DYNAMIC || bound->width == DCN_DYNAMIC)
        return dcn_fail(err, DCN_EUSAGE, "batch, height and width must be numbers here");
    if (bound->rois == DCN_DYNAMIC)
        return dcn_fail(err, DCN_EUSAGE, "rois must be a number here");
    *checked = *bound;
    checked->batch = at_least_one(bound->batch, s->batch);
    checked->rois = at_least_one(bound->rois, s->rois);
    return 0;
}

int dcn_spec_bind(const dcn_spec *s, dcn_sizes sizes, dcn_spec *out, dcn_error *err)
{
    dcn_spec bound, checked;
    if (bind(s, sizes, &bound, &checked, err) || dcn_spec_check(&checked, err))
        return -1;
    *out = bound;
    return 0;
}

int rt_spec_bind_checked(const dcn_spec *s, dcn_sizes sizes, dcn_spec *out, dcn_error *err)
{
    dcn_spec bound, checked;
    if (bind(s, sizes, &bound, &checked, err) || rt_spec_check_sizes(&checked, err))
        return -1;
    *out = bound;
    return 0;
}
