/* row.h: what the rows of runtime/ops are put together from: operands, and rules between members.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_ROW_H
#define DCN_RUNTIME_SPEC_ROW_H

#include "runtime/base/base.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"

/* ---- operands: each is appended to the list, with the spec's dtype ------------------------- */

void rt_add(rt_operands *l, rt_operand which, dcn_tensor t);

/* `count` maps of `channels` planes of size[0] x size[1], in the spec's layout. */
void rt_add_map(rt_operands *l, rt_operand which, int64_t count, int64_t channels,
                const int64_t size[2]);

/* A map as large as the output: one for each image, or for each region. */
void rt_add_like_output(rt_operands *l, rt_operand which, int64_t channels);

/* What is read as it lies: n numbers. */
void rt_add_vector(rt_operands *l, rt_operand which, int64_t n);

/* What is packed: [rows][columns]; [outs][ins][kh][kw]. */
void rt_add_matrix(rt_operands *l, rt_operand which, int64_t rows, int64_t columns);
void rt_add_weight(rt_operands *l, rt_operand which, int64_t outs, int64_t ins,
                   const int kernel[2]);

void rt_add_input(rt_operands *l);
void rt_add_rois(rt_operands *l);

/* The output, after what is done to sums on their way there: scale, shift, residual. */
void rt_add_epilogue(rt_operands *l);

/* ---- rules: 0, or -1 with the key, its value and what is allowed in err --------------------- */

/* What the operator calls a member; the member's first name where it has no key for it. */
const char *rt_key_of(const dcn_spec *s, size_t member);
#define RT_KEY(s, m) rt_key_of(s, RT_MEMBER(m))

int rt_check_divides(const char *key, int64_t n, const char *of_key, int64_t of, dcn_error *err);

/* offset_groups divides the channels of the input. */
int rt_check_offset_groups(const dcn_spec *s, dcn_error *err);

/* Rules that every operator has before its own: parameters of the activation are those of one that has them
** and its bounds are in order, kernels have not too many taps, and padding is known. */
extern const rt_rule rt_common_rules[];

/* The dilated kernel fits into the padded input. */
int rt_check_window(const dcn_spec *s, dcn_error *err);

/* Kernels count the elements of one image in 32 bits: those of the maps inside, and of operands. */
int rt_check_inner(const dcn_spec *s, dcn_error *err);
int rt_check_elements(const dcn_spec *s, dcn_error *err);

#endif
