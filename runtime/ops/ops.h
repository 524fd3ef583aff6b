/* ops.h: the rows of the operators, and the counts that families share.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_OPS_H
#define DCN_RUNTIME_OPS_H

#include "runtime/reference/operators.h"
#include "runtime/spec/row.h"

/* The families; each array ends with a row without a name. */
extern const rt_op rt_conv_ops[], rt_dcn_ops[], rt_roi_ops[], rt_module_ops[], rt_network_ops[];

/* conv2d and deform_conv2d: their weight, and the bias if they have one; the weighted sum. */
void rt_add_conv_weight(rt_operands *l);
double rt_conv_terms(const dcn_spec *s);
double rt_conv_flops(const dcn_spec *s);
int rt_check_groups(const dcn_spec *s, dcn_error *err);
int rt_check_modulation_scale(const dcn_spec *s, dcn_error *err);
int rt_check_gradient_border(const dcn_spec *s, dcn_error *err);

/* dcnv3 and dcnv4: the samples, and the projection if there is one. */
double rt_dcn_flops(const dcn_spec *s);
int rt_check_center(const dcn_spec *s, dcn_error *err);

/* Rows of rois name their image, or there is only one. */
int rt_check_roi_format(const dcn_spec *s, dcn_error *err);

/* Regions with samples, an adaptive grid counted as 2 x 2 in a bin. */
double rt_sampled_flops(const dcn_spec *s);

/* The stages of the modules. */
struct rt_stages;
void rt_stages_pack(struct rt_stages *g);
void rt_stages_separable(struct rt_stages *g);
void rt_stages_dcnv3(struct rt_stages *g);
void rt_stages_dcnv4(struct rt_stages *g);
void rt_stages_roi_pack(struct rt_stages *g);

#endif
