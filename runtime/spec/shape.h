/* shape.h: sizes that follow from a spec, beside dcn_out_height and dcn_out_width.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_SHAPE_H
#define DCN_RUNTIME_SPEC_SHAPE_H

#include "runtime/spec/operands.h"

/* Rows (axis 0) or columns (axis 1) that the dilated kernel covers, dil*(k-1) + 1. */
int64_t rt_covered(const dcn_spec *s, int axis);

/* Whether padding is DCN_SAME all around. */
bool rt_is_same(const int padding[4]);

/* Rows or columns of an input of `in` with its padding. */
int64_t rt_padded(const dcn_spec *s, int axis, int64_t in);

/* Whether the stride is not 1 along both axes. */
bool rt_is_strided(const dcn_spec *s);

/* Pixels of all outputs, N*P*Q. */
double rt_pixels(const dcn_spec *s);

/* Taps that are used: K, less the centre where that is removed. */
int rt_points(const dcn_spec *s);

/* Channel of the offset along an axis, 0 y or 1 x, of tap k of offset group t of a deformable
** convolution; point = t*K + k. */
int64_t rt_offset_channel(const dcn_spec *s, int64_t point, int axis);

/* The reverse: point and axis of a channel. */
int64_t rt_offset_point(const dcn_spec *s, int64_t channel, int *axis);

/* Whether all offsets along one axis stand before all along the other, and which axis is first. */
bool rt_offset_planes(const dcn_spec *s);
int rt_offset_first(const dcn_spec *s);

/* Numbers in a row of rois: 5, or 4 where rows do not name an image. */
int rt_roi_numbers(const dcn_spec *s);

/* Channels of offset_mask of dcnv4: 3 for each tap and group, rounded up to a multiple of 8. */
int64_t rt_packed_channels(const dcn_spec *s);

/* Products in the sum that makes one element of an output, or at most of a gradient, the longest sum
** on the way counted. */
double rt_terms(const dcn_spec *s, rt_operand output);

/* Channels of the widest map between the operators of a composite one: what its offsets and masks
** are made in, or what lies between the two convolutions; 0: there is none. */
int64_t rt_inner_channels(const dcn_spec *s);

#endif
