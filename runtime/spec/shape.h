/* shape.h: sizes that follow from a spec, beside dcn_out_height and dcn_out_width.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_SHAPE_H
#define DCN_RUNTIME_SPEC_SHAPE_H

#include "runtime/spec/operands.h"

/* Rows (axis 0) or columns (axis 1) that the dilated kernel covers, dil*(k-1) + 1. */
int64_t rt_covered(const dcn_spec *s, int axis);

/* Rows or columns of an input of `in` with its padding. */
int64_t rt_padded(const dcn_spec *s, int axis, int64_t in);

/* Pixels of all outputs, N*P*Q. */
double rt_pixels(const dcn_spec *s);

/* Taps that are used: K, less the centre where that is removed. */
int rt_points(const dcn_spec *s);

/* Channels of offset_mask of dcnv4: 3 for each tap and group, rounded up to a multiple of 8. */
int64_t rt_packed_channels(const dcn_spec *s);

/* Products in the sum that makes one element of an output, or at most of a gradient, the longest sum
** on the way counted. */
double rt_terms(const dcn_spec *s, rt_operand output);

/* Channels of the widest map between the operators of a composite one: what its offsets and masks
** are made in, or what lies between the two convolutions; 0: there is none. */
int64_t rt_inner_channels(const dcn_spec *s);

#endif
