/* tensors.c: the operands of one kernel, as a user has to hand them over.
**
** The order of offset channels is that of docs/SEMANTICS.md.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/tensors.h"
#include "runtime/base/text.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/network.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 200 };

static const char *role_name(dcn_role role)
{
    static const char *const names[] = {
        [DCN_IN] = "input", [DCN_WEIGHT] = "weight", [DCN_OUT] = "output"
    };
    return names[role];
}

/* A gradient is laid out as its operand is. */
static const char *layout_of(const dcn_spec *s, rt_operand which, const dcn_tensor *t)
{
    const rt_operand plain = rt_operand_is_grad(which) ? rt_operand_of_grad(which) : which;
    if (t->rank != 4)
        return "";
    if (s->network)
        return dcn_layout_name(s->network->value[net_value_at(s->network, (int)plain)].layout);
    return rt_operand_is_weight(s, which) ? "oihw" : dcn_layout_name(s->layout);
}

/* ---- channels ----------------------------------------------------------------------------- */

/* What a tap has a number for, in the order of their channels. */
static const char *tap_words(const dcn_spec *s)
{
    return rt_op_has(s->op, RT_XY_OFFSETS) ? "tap (column by column)" : "tap (row by row)";
}

/* The offsets of a convolution's tap lie side by side, or all along one axis come before the others. */
static void say_tap_offsets(const dcn_spec *s, rt_text *t)
{
    static const char *const axis[] = { "dy", "dx" };
    const bool x_first = rt_op_has(s->op, RT_XY_OFFSETS) || rt_offset_first(s);
    const char *first = axis[x_first], *second = axis[!x_first];
    if (rt_offset_planes(s))
        rt_text_add(t, "%s by group, then %s; from %d %s likewise", first, tap_words(s),
                    s->offset_groups * rt_points(s), second);
    else
        rt_text_add(t, "by group, then %s, then %s, %s", tap_words(s), first, second);
}

static void say_offset(const dcn_spec *s, rt_text *t)
{
    if (rt_op_has(s->op, RT_HAS_ROIS))
        rt_text_add(t, "dx, dy");
    else
        say_tap_offsets(s, t);
}

static void say_mask(const dcn_spec *s, rt_text *t)
{
    if (rt_op_has(s->op, RT_HAS_ROIS))
        rt_text_add(t, "one for all channels");
    else
        rt_text_add(t, "by group, then %s", tap_words(s));
}

static void say_offset_mask(const dcn_spec *s, rt_text *t)
{
    const int points = rt_points(s), groups = s->offset_groups;
    if (!rt_op_has(s->op, RT_PACKED_OFFSETS)) {
        rt_text_add(t, "offsets ");
        say_tap_offsets(s, t);
        rt_text_add(t, "; from %d masks, by group, then tap", 2 * groups * points);
        return;
    }
    rt_text_add(t, "by group: dx, dy of each %s, then %d masks; from %d unused", tap_words(s),
                points, 3 * groups * points);
}

static void say_rois(const dcn_spec *s, rt_text *t)
{
    rt_text_add(t, "%sx1, y1, x2, y2", s->roi_format == DCN_ROI_XYXY ? "" : "image, ");
}

static void say_trans(const dcn_spec *s, rt_text *t)
{
    (void)s;
    rt_text_add(t, "by class: dx, dy of every part");
}

/* What makes offsets or masks inside a module has their order along its outputs; without a weight
** for masks it makes these too. */
static void say_offset_outputs(const dcn_spec *s, rt_text *t)
{
    rt_text_add(t, "outputs: ");
    say_offset(s, t);
    if (rt_operand_at(s, RT_MASK_WEIGHT) < 0 && s->modulation != DCN_MODULATION_NONE)
        rt_text_add(t, "; from %d masks, by group, then tap", 2 * s->offset_groups * rt_points(s));
}

static void say_mask_outputs(const dcn_spec *s, rt_text *t)
{
    rt_text_add(t, "outputs: ");
    say_mask(s, t);
}

static void say_packed_outputs(const dcn_spec *s, rt_text *t)
{
    rt_text_add(t, "outputs: ");
    say_offset_mask(s, t);
}

static void say_fc_offsets(const dcn_spec *s, rt_text *t)
{
    (void)s;
    rt_text_add(t, "outputs: dx of every bin, then dy");
}

static void say_fc_inputs(const dcn_spec *s, rt_text *t)
{
    (void)s;
    rt_text_add(t, "inputs: by channel, then bin");
}

static const struct {
    rt_operand which;
    void (*say)(const dcn_spec *s, rt_text *t);
} orders[] = {
    { RT_OFFSET, say_offset },
    { RT_MASK, say_mask },
    { RT_OFFSET_MASK, say_offset_mask },
    { RT_ROIS, say_rois },
    { RT_TRANS, say_trans },
    { RT_OFFSET_WEIGHT, say_offset_outputs },
    { RT_OFFSET_BIAS, say_offset_outputs },
    { RT_MASK_WEIGHT, say_mask_outputs },
    { RT_MASK_BIAS, say_mask_outputs },
    { RT_OFFSET_MASK_WEIGHT, say_packed_outputs },
    { RT_OFFSET_MASK_BIAS, say_packed_outputs },
    { RT_OFFSET_FC_0_WEIGHT, say_fc_inputs },
    { RT_MASK_FC_0_WEIGHT, say_fc_inputs },
    { RT_OFFSET_FC_4_WEIGHT, say_fc_offsets },
    { RT_OFFSET_FC_4_BIAS, say_fc_offsets },
};

/* "" where the channels are those of a map. */
static const char *channels_text(const dcn_spec *s, rt_operand which, char buf[WORDS_MAX])
{
    const dcn_spec plain = rt_plain_spec(s);
    const rt_operand of = rt_operand_is_grad(which) ? rt_operand_of_grad(which) : which;
    rt_text t = rt_text_in(buf, WORDS_MAX);
    for (size_t i = 0; !s->network && i < sizeof orders / sizeof *orders; i++)
        if (orders[i].which == of)
            orders[i].say(&plain, &t);
    return buf;
}

/* ---- all operands ------------------------------------------------------------------------- */

static const char *shape_text(const dcn_tensor *t, char buf[WORDS_MAX])
{
    rt_text out = rt_text_in(buf, WORDS_MAX);
    rt_text_shape(&out, t->rank, t->dims);
    return buf;
}

/* What the vector `parameters` of a network is made of, in its order. */
static void print_parameters(const dcn_network *n)
{
    char shape[WORDS_MAX];
    size_t widest = 0;
    for (int i = 0; i < n->nparams; i++)
        widest = strlen(n->param[i].name) > widest ? strlen(n->param[i].name) : widest;
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        rt_text t = rt_text_in(shape, sizeof shape);
        rt_text_shape(&t, p->rank, p->dims);
        printf("    %-*s  from %10" PRId64 "  %s\n", (int)widest, p->name, p->at, shape);
    }
}

void tensors_print(const dcn_spec *s)
{
    const rt_operands o = rt_operands_of(s);
    char shape[WORDS_MAX], channels[WORDS_MAX];
    int widest = 0;
    for (int i = 0; i < o.n; i++) {
        const int n = (int)strlen(o.tensor[i].name);
        widest = n > widest ? n : widest;
    }
    printf("%s: %s\n", s->name, dcn_op_name(s->op));
    for (int i = 0; i < o.n; i++) {
        const dcn_tensor *t = &o.tensor[i];
        const char *layout = layout_of(s, o.which[i], t),
                   *what = channels_text(s, o.which[i], channels);
        printf("  %-*s  %-6s  %s  %-4s  %s%s%s\n", widest, t->name, role_name(t->role),
               dcn_dtype_name(t->dtype), *layout ? layout : "-", shape_text(t, shape),
               *what ? "  " : "", what);
        if (s->network && t->role == DCN_WEIGHT)
            print_parameters(s->network);
    }
}

static json_t *shape_json(const dcn_tensor *t)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->rank; i++)
        json_array_append_new(shape,
                              t->dims[i] == DCN_DYNAMIC ? json_null() : json_integer(t->dims[i]));
    return shape;
}

static json_t *parameters_json(const dcn_network *n)
{
    json_t *list = json_array();
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        json_t *shape = json_array();
        for (int d = 0; d < p->rank; d++)
            json_array_append_new(shape, json_integer((json_int_t)p->dims[d]));
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:I, s:I}", "name", p->name, "shape", shape,
                                        "at", (json_int_t)p->at, "count", (json_int_t)p->count));
    }
    return list;
}

json_t *tensors_json(const dcn_spec *s)
{
    const rt_operands o = rt_operands_of(s);
    json_t *list = json_array();
    char channels[WORDS_MAX];
    for (int i = 0; i < o.n; i++) {
        const dcn_tensor *t = &o.tensor[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "name", t->name,
                                              "role", role_name(t->role), "dtype",
                                              dcn_dtype_name(t->dtype), "layout",
                                              layout_of(s, o.which[i], t), "shape", shape_json(t),
                                              "channels", channels_text(s, o.which[i], channels)));
    }
    json_t *all =
        json_pack("{s:s, s:s, s:o}", "name", s->name, "op", dcn_op_name(s->op), "tensors", list);
    if (s->network)
        json_object_set_new(all, "parameters", parameters_json(s->network));
    return all;
}
