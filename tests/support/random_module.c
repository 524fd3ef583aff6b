/* random_module.c: small specs of layers over all their options.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/random_module.h"

#include "tests/support/random_spec.h"

#include <stdio.h>
#include <string.h>

static void random_finish(rt_rng *r, dcn_spec *s)
{
    s->bias = random_below(r, 2);
    s->scale_shift = random_below(r, 3) == 0;
    s->residual = random_below(r, 3) == 0;
}

static void random_window(rt_rng *r, dcn_spec *s)
{
    for (int axis = 0; axis < 2; axis++) {
        s->kernel[axis] = PICK(r, 1, 2, 3, 3, 4);
        s->stride[axis] = PICK(r, 1, 1, 2);
        s->dilation[axis] = PICK(r, 1, 1, 2);
        s->padding[axis] = random_below(r, 3);
        s->padding[axis + 2] = random_below(r, 3);
    }
}

static void random_pack(rt_rng *r, dcn_spec *s)
{
    s->offset_groups = PICK(r, 1, 1, 2, 3);
    s->groups = PICK(r, 1, 1, 2);
    s->in_channels = (int64_t)s->offset_groups * s->groups * PICK(r, 1, 2, 5, 8, 17);
    s->out_channels = s->groups * PICK(r, 1, 3, 8, 17, 33);
    s->modulation = (dcn_modulation)random_below(r, 4);
    s->modulation_scale = s->modulation && random_below(r, 2) ? 2 : 1;
    s->offset_order = (dcn_offset_order)random_below(r, 4);
    random_window(r, s);
    random_finish(r, s);
}

static void random_separable(rt_rng *r, dcn_spec *s)
{
    s->in_channels = PICK(r, 1, 3, 8, 16, 17, 33);
    s->depth_multiplier = PICK(r, 1, 1, 2, 3);
    s->out_channels = PICK(r, 1, 4, 16, 19, 33);
    random_window(r, s);
    random_finish(r, s);
}

static void random_layer(rt_rng *r, dcn_spec *s)
{
    s->layout = DCN_NHWC;
    s->offset_groups = PICK(r, 1, 2, 3, 4);
    s->in_channels = s->offset_groups * PICK(r, 1, 3, 8, 16, 17);
    s->kernel[0] = PICK(r, 1, 3, 3, 5);
    s->kernel[1] = PICK(r, 3, 3, 2);
    s->remove_center = s->kernel[0] > 1 && random_below(r, 3) == 0;
    s->offset_scale = random_below(r, 2) ? 1 : 1.5;
    s->center_feature_scale = random_below(r, 2);
    for (int axis = 0; axis < 2; axis++) {
        s->dilation[axis] = PICK(r, 1, 1, 2);
        s->stride[axis] = PICK(r, 1, 1, 2, 3);
        int pads = s->dilation[axis] * (s->kernel[axis] - 1);
        s->padding[axis] = pads / 2;
        s->padding[axis + 2] = pads - pads / 2;
    }
    s->dw_kernel[0] = s->dw_kernel[1] = PICK(r, 0, 1, 3, 5);
}

static void random_dcnv3_module(rt_rng *r, dcn_spec *s)
{
    random_layer(r, s);
    s->norm = random_below(r, 3) ? DCN_NORM_LAYER : DCN_NORM_NONE;
    s->branch_activation = (dcn_activation)random_below(r, 4);
}

static void random_dcnv4_module(rt_rng *r, dcn_spec *s)
{
    random_layer(r, s);
    s->without_pointwise = random_below(r, 3) == 0;
    s->output_bias = random_below(r, 2);
}

static void random_roi_pack(rt_rng *r, dcn_spec *s)
{
    s->in_channels = PICK(r, 1, 2, 5, 16, 17);
    random_rois(r, s);
    s->pooled[0] = PICK(r, 1, 2, 3);
    s->pooled[1] = PICK(r, 1, 2, 4);
    s->sampling_ratio = PICK(r, 0, 1, 2);
    s->spatial_scale = 0.5;
    s->fc_channels = PICK(r, 1, 6, 16, 33);
    s->modulation = (dcn_modulation)random_below(r, 3);
}

static dcn_spec any_module(rt_rng *r, dcn_op op)
{
    static void (*const fill[DCN_NUM_OPS])(rt_rng *, dcn_spec *) = {
        [DCN_OP_DEFORM_CONV2D_PACK] = random_pack,
        [DCN_OP_SEPARABLE_CONV2D] = random_separable,
        [DCN_OP_DCNV3_MODULE] = random_dcnv3_module,
        [DCN_OP_DCNV4_MODULE] = random_dcnv4_module,
        [DCN_OP_DEFORM_ROI_POOL_PACK] = random_roi_pack,
    };
    dcn_spec s;
    dcn_spec_init(&s, op);
    snprintf(s.name, sizeof s.name, "module_%d", random_below(r, 1000));
    s.dtype = (dcn_dtype)random_below(r, 2);
    s.layout = (dcn_layout)random_below(r, 2); /* modules of DCNv3 and DCNv4 change it again */
    random_activation(r, &s);
    s.batch = PICK(r, 1, 1, 2, 3);
    s.height = PICK(r, 1, 3, 5, 8, 13);
    s.width = PICK(r, 1, 2, 4, 7, 9, 17, 20);
    fill[op](r, &s);
    dcn_spec_complete(&s);
    return s;
}

dcn_spec random_module(rt_rng *r, dcn_op op)
{
    for (;;) {
        dcn_spec s = any_module(r, op);
        bool possible = !dcn_spec_check(&s, NULL);
        int64_t *const sizes[] = { &s.batch, &s.height, &s.width, &s.rois };
        for (int i = s.roi_format == DCN_ROI_XYXY; i < 3 + (s.rois > 0); i++)
            *sizes[i] = random_below(r, 4) ? *sizes[i] : DCN_DYNAMIC;
        if (possible)
            return s;
    }
}
