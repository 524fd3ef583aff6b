/* golden_params.c: the parameters of a golden case as a spec.
**
** The words of the sources (kernel, pad, has_mask) become keys of the spec language here and nowhere
** else; a word that is a key is read as one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/golden_params.h"
#include "runtime/spec/fields.h"

#include <string.h>

enum { AS_IS = -1 };

static const struct {
    const char *name;
    dcn_op op;
    int modulation; /* AS_IS: by has_mask */
    dcn_roi_mode mode;
} ops[] = {
    { "conv2d", DCN_OP_CONV2D, AS_IS, 0 },
    { "depthwise_conv2d", DCN_OP_CONV2D, AS_IS, 0 },
    { "pointwise_conv2d", DCN_OP_CONV2D, AS_IS, 0 },
    { "separable_conv2d", DCN_OP_SEPARABLE_CONV2D, AS_IS, 0 },
    { "deform_conv2d", DCN_OP_DEFORM_CONV2D, AS_IS, 0 },
    { "modulated_deform_conv2d", DCN_OP_DEFORM_CONV2D, DCN_MODULATION_MASK, 0 },
    { "deform_conv2d_pack", DCN_OP_DEFORM_CONV2D_PACK, AS_IS, 0 },
    { "modulated_deform_conv2d_pack", DCN_OP_DEFORM_CONV2D_PACK, DCN_MODULATION_SIGMOID, 0 },
    { "dcnv3", DCN_OP_DCNV3, DCN_MODULATION_MASK, 0 },
    { "dcnv4", DCN_OP_DCNV4, AS_IS, 0 },
    { "dcnv3_module", DCN_OP_DCNV3_MODULE, AS_IS, 0 },
    { "dcnv4_module", DCN_OP_DCNV4_MODULE, AS_IS, 0 },
    { "roi_pool_max", DCN_OP_ROI_POOL, AS_IS, DCN_ROI_MAX },
    { "roi_avg_pool", DCN_OP_ROI_POOL, AS_IS, DCN_ROI_AVERAGE },
    { "ps_roi_pool", DCN_OP_PS_ROI_POOL, AS_IS, 0 },
    { "roi_align", DCN_OP_ROI_ALIGN, AS_IS, 0 },
    { "roi_align_max", DCN_OP_ROI_ALIGN, AS_IS, DCN_ROI_MAX },
    { "ps_roi_align", DCN_OP_PS_ROI_ALIGN, AS_IS, 0 },
    { "deform_roi_pool", DCN_OP_DEFORM_ROI_POOL, AS_IS, 0 },
    { "modulated_deform_roi_pool", DCN_OP_DEFORM_ROI_POOL, DCN_MODULATION_MASK, 0 },
    { "modulated_deform_roi_pool_pack", DCN_OP_DEFORM_ROI_POOL_PACK, DCN_MODULATION_MASK, 0 },
    { "deform_ps_roi_pool", DCN_OP_DEFORM_PS_ROI_POOL, AS_IS, 0 },
    { "modulated_deform_ps_roi_pool", DCN_OP_DEFORM_PS_ROI_POOL, DCN_MODULATION_MASK, 0 },
};

static const char *key_of(const char *word)
{
    static const struct {
        const char *word, *key;
    } words[] = { { "kernel", "kernel_size" },
                  { "pad", "padding" },
                  { "group", "groups" },
                  { "has_bias", "bias" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcmp(words[i].word, word))
            return words[i].key;
    }
    return word;
}

static int64_t integer(const json_t *v)
{
    return json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);
}

/* One number is for all elements, {h, w} for both axes. */
static void take_integers(const json_t *v, int count, int64_t *n)
{
    const size_t given = json_array_size(v);
    for (int i = 0; i < count; i++)
        n[i] = given ? json_integer_value(json_array_get(v, (size_t)i % given)) : integer(v);
}

static int take_choice(const rt_field *f, const json_t *v, int64_t *n)
{
    for (*n = 0; f->choices[*n]; ++*n) {
        if (json_string_value(v) && !strcmp(json_string_value(v), f->choices[*n]))
            return 0;
    }
    return -1;
}

static int take(const char *word, const json_t *v, dcn_spec *s)
{
    const rt_field *f = rt_field_find(key_of(word), s->op);
    if (!f || json_is_null(v) || !strcmp(word, "layout") || !strcmp(word, "roi_format"))
        return 0;
    rt_value value = rt_field_get(f, s);
    if (f->type == RT_FIELD_NUMBER)
        value.x = json_number_value(v);
    else if (f->type == RT_FIELD_CHOICE && take_choice(f, v, &value.n[0]))
        return -1;
    else if (f->type != RT_FIELD_CHOICE)
        take_integers(v, rt_field_count(f), value.n);
    rt_field_set(f, &value, s);
    return 0;
}

int golden_params(const json_t *root, dcn_spec *s)
{
    const json_t *params = json_object_get(root, "params"), *v;
    const char *name = json_string_value(json_object_get(root, "op")), *word;
    size_t i = 0;
    while (i < sizeof ops / sizeof *ops && (!name || strcmp(name, ops[i].name)))
        i++;
    if (i == sizeof ops / sizeof *ops)
        return -1;
    dcn_spec_init(s, ops[i].op);
    json_object_foreach((json_t *)(uintptr_t)params, word, v)
    {
        if (take(word, v, s))
            return -1;
    }
    s->mode = ops[i].mode;
    if (ops[i].modulation != AS_IS)
        s->modulation = (dcn_modulation)ops[i].modulation;
    if (json_is_true(json_object_get(params, "softmax")))
        s->modulation = DCN_MODULATION_SOFTMAX;
    return 0;
}
