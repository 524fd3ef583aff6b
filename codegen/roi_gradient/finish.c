/* finish.c: from dots to the gradients of shifts and masks, a region at a time, lanes along bins.
**
** With s the sums over channels of g times the pixels weighed (dots.c), n the number of samples that
** a bin's sum is divided by, m its modulation, and u how many pixels a shift of 1 is:
**
**     grad_shift along an axis = u m / n * s[that axis]        grad_mask = s[share] / n
**
** and times m (1 - m) for the logit of a sigmoid. What the blocks of a class have of a dot is added
** in their order; of trans, what the bins of a part have, in the order of the bins; of a mask, what
** the classes have. Where a sum is 0 so is the gradient, whatever it is multiplied with.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/call.h"
#include "codegen/roi_gradient/roi_gradient.h"

typedef struct Finish {
    const RoiGradientPlan *plan;
    RoiCtx c; /* all bins of the region are in hand */
    addr workspace;
    GradientOut shift, mask;
    RoiAxis axis[2];
} Finish;

static int all_bins(const Finish *f)
{
    return f->plan->bins.pooled_h * f->plan->bins.pooled_w;
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* The dots of a kind of the bins of class c.cls, of all its blocks; in f64. */
static fvec dots_of(Emit *e, const Finish *f, const RoiBins *b, int kind)
{
    const RoiGradientPlan *p = f->plan;
    idx part = roi_gradient_dots_at(e, p, &f->c.pb, x_const(e, 1), x_const(e, 0), x_const(e, 0));
    idx at = roi_gradient_dots_at(e, p, &f->c.pb, x_const(e, 0), f->c.r, f->c.cls);
    at = x_addk(e, x_add(e, at, x_mulk(e, b->first, p->ndots)), kind - p->first_dot);
    fvec sum = { NULL };
    EMIT_TYPE (e, roi_val_type(&p->bins)) {
        ivec lanes = i_mul(e, i_lane(e), i_const(e, p->ndots));
        var all = v_float(e, f_const(e, 0));
        EMIT_FOR (e, nth, x_const(e, 0), x_const(e, p->per_class), 1) {
            addr from = p_at(e, f->workspace, x_add(e, at, x_mul(e, nth.at, part)));
            v_set(e, all, f_add(e, v_get(e, all), p_gather(e, from, lanes, b->live)));
        }
        sum = v_get(e, all);
    }
    return f_convert(e, sum);
}

/* a * b, but 0 where b is. */
static fvec unless_zero(Emit *e, fvec a, fvec b)
{
    fvec zero = f_const(e, 0);
    return f_select(e, f_equal(e, b, zero), zero, f_mul(e, a, b));
}

static fvec shift_gradient(Emit *e, const Finish *f, const RoiBins *b, fvec scale, int axis)
{
    const dcn_spec *s = f->plan->s;
    double factor = rt_op_has(s->op, RT_BY_PART) ? s->trans_std : s->gamma;
    fvec unit = f_mul(e, f_const(e, factor), f->axis[axis].size);
    fvec sum = dots_of(e, f, b, axis ? ROI_TABLE_X : ROI_TABLE_Y);
    return unless_zero(e, f_mul(e, unit, scale), sum);
}

/* ---- storing --------------------------------------------------------------------------------- */

/* A channel of a tensor with an element for each of `plane` bins or parts, from number `at` on. */
typedef struct Stored {
    const GradientOut *out;
    idx channel, channels, at;
    int plane;
} Stored;

/* x is of the type in force. */
static void store(Emit *e, const Finish *f, const Stored *in, fvec x, mask live)
{
    const bool nhwc = f->plan->s->layout == DCN_NHWC;
    idx step = nhwc ? in->channels : x_const(e, 1);
    idx first = x_mulk(e, in->channel, nhwc ? 1 : in->plane);
    idx to = x_mul(e, f->c.r, x_mulk(e, in->channels, in->plane));
    to = x_add(e, x_add(e, to, first), x_mul(e, in->at, step));
    gradient_store(e, in->out, p_at(e, in->out->to, to), step, x, live);
}

static void store_bins(Emit *e, const Finish *f, const GradientOut *out, const int channel[2],
                       const RoiBins *b, fvec x)
{
    const Stored in = { out, x_const(e, channel[0]), x_const(e, channel[1]), b->first,
                        all_bins(f) };
    EMIT_TYPE (e, roi_val_type(&f->plan->bins)) {
        store(e, f, &in, f_convert(e, x), b->live);
    }
}

/* ---- by bins --------------------------------------------------------------------------------- */

static fvec share_of_samples(Emit *e, const Finish *f, const RoiBins *b)
{
    return f_div(e, f_const(e, 1), roi_divisor(e, &f->c, f->axis, b));
}

static fvec scale_of(Emit *e, const Finish *f, const RoiBins *b)
{
    return roi_scale(e, &f->c, f->axis, b);
}

/* Offsets are stored x first. */
static void offsets(Emit *e, Finish *f, cond has_image)
{
    EMIT_FOR (e, v, x_const(e, 0), f->c.bins, f->plan->bins.bins_per_vec) {
        RoiBins b = roi_bins(e, &f->c, f->axis, v.at);
        var g[2] = { v_float(e, f_const(e, 0)), v_float(e, f_const(e, 0)) };
        EMIT_IF (e, has_image) {
            fvec scale = scale_of(e, f, &b);
            for (int i = 0; i < 2; i++)
                v_set(e, g[i], shift_gradient(e, f, &b, scale, i));
        }
        for (int i = 0; i < 2; i++)
            store_bins(e, f, &f->shift, (const int[2]){ 1 - i, 2 }, &b, v_get(e, g[i]));
    }
}

/* dm/dx, with x the element of the mask. */
static fvec mask_slope(Emit *e, const Finish *f, const RoiBins *b)
{
    fvec one = f_const(e, 1);
    if (f->plan->s->modulation != DCN_MODULATION_SIGMOID)
        return one;
    fvec m = roi_modulation(e, &f->c, b);
    return f_mul(e, m, f_sub(e, one, m));
}

static void masks(Emit *e, Finish *f, cond has_image)
{
    EMIT_FOR (e, v, x_const(e, 0), f->c.bins, f->plan->bins.bins_per_vec) {
        var sum = v_float(e, f_const(e, 0));
        RoiBins b = { .first = v.at };
        EMIT_IF (e, has_image) {
            EMIT_FOR (e, cls, x_const(e, 0), x_const(e, f->plan->bins.classes), 1) {
                f->c.cls = cls.at;
                b = roi_bins(e, &f->c, f->axis, v.at);
                fvec s = dots_of(e, f, &b, ROI_TABLE_SHARE);
                s = unless_zero(e, share_of_samples(e, f, &b), s);
                v_set(e, sum, f_add(e, v_get(e, sum), s));
            }
        }
        b.live = m_below(e, x_sub(e, f->c.bins, v.at));
        fvec g = unless_zero(e, mask_slope(e, f, &b), v_get(e, sum));
        store_bins(e, f, &f->mask, (const int[2]){ 0, 1 }, &b, g);
    }
}

/* ---- by parts -------------------------------------------------------------------------------- */

/* Gradients of the shifts of bins, or of those of parts, along an axis. */
static addr shifts_at(Emit *e, const Finish *f, int axis)
{
    const RoiGradientPlan *p = f->plan;
    addr first = p_at_bytes(e, f->c.scratch, x_const(e, p->scratch.shift));
    return p_at(e, first, x_const(e, (int64_t)axis * (all_bins(f) + p->bins.bins_per_vec)));
}

static addr parts_at(Emit *e, const Finish *f, int axis)
{
    const int *parts = f->plan->s->part_size;
    addr first = p_at_bytes(e, f->c.scratch, x_const(e, f->plan->scratch.parts));
    return p_at(e, first, x_const(e, (int64_t)axis * parts[0] * parts[1]));
}

static void shifts_of_bins(Emit *e, Finish *f)
{
    EMIT_FOR (e, v, x_const(e, 0), f->c.bins, f->plan->bins.bins_per_vec) {
        RoiBins b = roi_bins(e, &f->c, f->axis, v.at);
        fvec scale = scale_of(e, f, &b);
        for (int i = 0; i < 2; i++) {
            fvec g = shift_gradient(e, f, &b, scale, i);
            EMIT_TYPE (e, roi_val_type(&f->plan->bins)) {
                p_store(e, p_at(e, shifts_at(e, f, i), v.at), f_convert(e, g), all_lanes);
            }
        }
    }
}

static void clear_parts(Emit *e, const Finish *f)
{
    const int *parts = f->plan->s->part_size;
    EMIT_VECTORS (e, v, x_const(e, 2 * (int64_t)parts[0] * parts[1])) {
        p_store(e, p_at(e, parts_at(e, f, 0), v.at), f_const(e, 0), v.live);
    }
}

/* The part of row or column `at` of the bins. */
static idx part_of(Emit *e, const Finish *f, int axis, idx at)
{
    const dcn_spec *s = f->plan->s;
    return x_div(e, x_mulk(e, at, s->part_size[axis]), x_const(e, s->pooled[axis]));
}

static void add_to_parts(Emit *e, const Finish *f)
{
    idx cols = x_const(e, f->plan->bins.pooled_w);
    EMIT_LANES (e, 1) {
        EMIT_FOR (e, bin, x_const(e, 0), f->c.bins, 1) {
            idx row = part_of(e, f, 0, x_div(e, bin.at, cols));
            idx col = part_of(e, f, 1, x_rem(e, bin.at, cols));
            idx part = x_add(e, x_mulk(e, row, f->plan->s->part_size[1]), col);
            for (int i = 0; i < 2; i++) {
                addr to = p_at(e, parts_at(e, f, i), part);
                fvec x = p_load(e, p_at(e, shifts_at(e, f, i), bin.at), all_lanes);
                p_store(e, to, f_add(e, p_load(e, to, all_lanes), x), all_lanes);
            }
        }
    }
}

static void store_parts(Emit *e, const Finish *f)
{
    const dcn_spec *s = f->plan->s;
    const int plane = s->part_size[0] * s->part_size[1];
    EMIT_VECTORS (e, v, x_const(e, plane)) {
        for (int i = 0; i < 2; i++) {
            idx channel = x_addk(e, x_mulk(e, f->c.cls, 2), 1 - i);
            const idx channels = x_const(e, 2 * (int64_t)s->num_classes);
            fvec x = p_load(e, p_at(e, parts_at(e, f, i), v.at), v.live);
            store(e, f, &(Stored){ &f->shift, channel, channels, v.at, plane }, x, v.live);
        }
    }
}

static void trans(Emit *e, Finish *f, cond has_image)
{
    EMIT_FOR (e, cls, x_const(e, 0), x_const(e, f->plan->bins.classes), 1) {
        f->c.cls = cls.at;
        EMIT_TYPE (e, roi_val_type(&f->plan->bins)) {
            clear_parts(e, f);
        }
        EMIT_IF (e, has_image) {
            shifts_of_bins(e, f);
            EMIT_TYPE (e, roi_val_type(&f->plan->bins)) {
                add_to_parts(e, f);
            }
        }
        EMIT_TYPE (e, roi_val_type(&f->plan->bins)) {
            store_parts(e, f);
        }
    }
}

/* ---- the function ---------------------------------------------------------------------------- */

static const Param param[] = { PARAM(RoiGradientFinishArgs, args),
                               PARAM(RoiGradientFinishArgs, workspace),
                               PARAM(RoiGradientFinishArgs, scratch),
                               PARAM(RoiGradientFinishArgs, r) };
static const Params params = PARAMS(RoiGradientFinishArgs, param);

static Finish finish_of(Emit *e, const RoiGradientPlan *p, const RoiGradientFinishArgs *in)
{
    Finish f = { .plan = p, .workspace = in->workspace };
    f.c = (RoiCtx){ .plan = &p->bins, .scratch = in->scratch, .r = in->r };
    f.c.pb = problem_load(e, p->s, in->args);
    f.c.first_bin = f.c.cls = x_const(e, 0);
    f.c.bins = x_const(e, all_bins(&f));
    bool by_part = rt_op_has(p->s->op, RT_BY_PART);
    f.shift = gradient_out(e, &f.c.pb, in->args, by_part ? RT_TRANS : RT_OFFSET);
    f.mask = gradient_out(e, &f.c.pb, in->args, RT_MASK);
    return f;
}

LLVMValueRef roi_gradient_emit_finish(Emit *e, const RoiGradientPlan *p)
{
    RoiGradientFinishArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "finish", true, e->none, &params, &in);
    Finish f = finish_of(e, p, &in);
    EMIT_TYPE (e, roi_pos_type(&p->bins)) {
        cond has_image = x_less(e, x_const(e, -1), roi_image(e, &f.c));
        for (int i = 0; i < 2; i++)
            f.axis[i] = roi_axis(e, &f.c, i);
        if (p->want.offset) {
            EMIT_IF (e, f.shift.wanted) {
                if (rt_op_has(p->s->op, RT_BY_PART))
                    trans(e, &f, has_image);
                else
                    offsets(e, &f, has_image);
            }
        }
        if (p->want.mask) {
            EMIT_IF (e, f.mask.wanted) {
                masks(e, &f, has_image);
            }
        }
    }
    e_fn_end(e);
    return fn;
}

void roi_gradient_call_finish(Emit *e, LLVMValueRef fn, const RoiGradientFinishArgs *in)
{
    e_call_with(e, fn, &params, in);
}
