/* operands.h: the operands of a kernel, each known by a number.
**
** A kernel is called with its operands in the order of dcn_spec_tensors.  Inside, an operand is
** asked for by its rt_operand, which is the same in every kernel that has it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_OPERANDS_H
#define DCN_RUNTIME_SPEC_OPERANDS_H

#include <dcngen/spec.h>

/* Enumerator, and the name that users type.  Parameters of modules are called as upstream's
** state_dict calls them, with _ for the dots. */
#define RT_OPERAND_LIST(X)                                                                         \
    X(INPUT, input)                                                                                \
    X(WEIGHT, weight)                                                                              \
    X(BIAS, bias)                                                                                  \
    X(OFFSET, offset)                                                                              \
    X(MASK, mask)                                                                                  \
    X(OFFSET_MASK, offset_mask)                                                                    \
    X(ROIS, rois)                                                                                  \
    X(TRANS, trans)                                                                                \
    X(SCALE, scale)                                                                                \
    X(SHIFT, shift)                                                                                \
    X(RESIDUAL, residual)                                                                          \
    X(OUTPUT, output)                                                                              \
    X(OFFSET_WEIGHT, offset_weight)                                                                \
    X(OFFSET_BIAS, offset_bias)                                                                    \
    X(MASK_WEIGHT, mask_weight)                                                                    \
    X(MASK_BIAS, mask_bias)                                                                        \
    X(OFFSET_MASK_WEIGHT, offset_mask_weight)                                                      \
    X(OFFSET_MASK_BIAS, offset_mask_bias)                                                          \
    X(OFFSET_MASK_DW_WEIGHT, offset_mask_dw_weight)                                                \
    X(OFFSET_MASK_DW_BIAS, offset_mask_dw_bias)                                                    \
    X(DW_WEIGHT, dw_weight)                                                                        \
    X(DW_BIAS, dw_bias)                                                                            \
    X(PW_WEIGHT, pw_weight)                                                                        \
    X(PW_BIAS, pw_bias)                                                                            \
    X(DW_CONV_WEIGHT, dw_conv_0_weight)                                                            \
    X(DW_CONV_BIAS, dw_conv_0_bias)                                                                \
    X(DW_NORM_WEIGHT, dw_conv_1_1_weight)                                                          \
    X(DW_NORM_BIAS, dw_conv_1_1_bias)                                                              \
    X(INPUT_PROJ_WEIGHT, input_proj_weight)                                                        \
    X(INPUT_PROJ_BIAS, input_proj_bias)                                                            \
    X(VALUE_PROJ_WEIGHT, value_proj_weight)                                                        \
    X(VALUE_PROJ_BIAS, value_proj_bias)                                                            \
    X(OUTPUT_PROJ_WEIGHT, output_proj_weight)                                                      \
    X(OUTPUT_PROJ_BIAS, output_proj_bias)                                                          \
    X(CENTER_WEIGHT, center_feature_scale_proj_weight)                                             \
    X(CENTER_BIAS, center_feature_scale_proj_bias)                                                 \
    X(OFFSET_FC_0_WEIGHT, offset_fc_0_weight)                                                      \
    X(OFFSET_FC_0_BIAS, offset_fc_0_bias)                                                          \
    X(OFFSET_FC_2_WEIGHT, offset_fc_2_weight)                                                      \
    X(OFFSET_FC_2_BIAS, offset_fc_2_bias)                                                          \
    X(OFFSET_FC_4_WEIGHT, offset_fc_4_weight)                                                      \
    X(OFFSET_FC_4_BIAS, offset_fc_4_bias)                                                          \
    X(MASK_FC_0_WEIGHT, mask_fc_0_weight)                                                          \
    X(MASK_FC_0_BIAS, mask_fc_0_bias)                                                              \
    X(MASK_FC_2_WEIGHT, mask_fc_2_weight)                                                          \
    X(MASK_FC_2_BIAS, mask_fc_2_bias)

/* The operands, then the gradient of each.  No kernel has an operand twice, so RT_NUM_OPERANDS bounds
** the length of every list of them, and RT_NUM_PLAIN that of a list without gradients. */
typedef enum {
#define RT_OPERAND_ENUMERATOR(id, name) RT_##id,
#define RT_GRAD_ENUMERATOR(id, name)    RT_GRAD_##id,
    RT_OPERAND_LIST(RT_OPERAND_ENUMERATOR) RT_NUM_PLAIN,
    RT_LAST_PLAIN = RT_NUM_PLAIN - 1,
    RT_OPERAND_LIST(RT_GRAD_ENUMERATOR) RT_NUM_OPERANDS
#undef RT_OPERAND_ENUMERATOR
#undef RT_GRAD_ENUMERATOR
} rt_operand;

/* A set of operands without gradients: bit 1 << operand. */
typedef uint64_t rt_operand_set;
#define RT_SET(id) ((rt_operand_set)1 << RT_##id)
_Static_assert(RT_NUM_PLAIN <= 64, "a set of operands has 64 bits");

static inline bool rt_operand_in(rt_operand which, rt_operand_set set)
{
    return which < RT_NUM_PLAIN && (set >> which & 1);
}

/* grad_NAME of the operand NAME, and back. */
static inline rt_operand rt_grad_of(rt_operand plain)
{
    return (rt_operand)(plain + RT_NUM_PLAIN);
}

static inline bool rt_operand_is_grad(rt_operand which)
{
    return which >= RT_NUM_PLAIN;
}

static inline rt_operand rt_operand_of_grad(rt_operand grad)
{
    return (rt_operand)(grad - RT_NUM_PLAIN);
}

extern const char *const rt_operand_names[RT_NUM_OPERANDS];
extern const char *const rt_plain_operand_names[RT_NUM_PLAIN + 1]; /* ended by NULL */

/* What the operand is called in a kernel of s: as above, but in a network as the network says. */
const char *rt_operand_name(const dcn_spec *s, rt_operand which);

/* Operands in calling order: which[i] is shaped as tensor[i] says. */
typedef struct rt_operands {
    const dcn_spec *s;
    int n;
    rt_operand which[RT_NUM_OPERANDS];
    dcn_tensor tensor[RT_NUM_OPERANDS];
} rt_operands;

/* The operands of s, which outlives the result. */
rt_operands rt_operands_of(const dcn_spec *s);

/* Operands of the kernel that computes the output, whatever s computes. */
rt_operands rt_plain_operands_of(const dcn_spec *s);

/* Whether an operand is a weight, or the gradient of one: not laid out as maps are. */
bool rt_operand_is_weight(const dcn_spec *s, rt_operand which);

/* Where an operand stands in calling order; -1: s has no such operand. */
int rt_operand_at(const dcn_spec *s, rt_operand which);

#endif
