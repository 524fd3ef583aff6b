/* gradient.h: kernels of gradients: which gradients are wanted, and what they are made from.
**
** A spec whose `gradient` is not 0 computes, in place of the output, the gradients of some of its
** operands: with J the derivative of the output by an operand, J^T applied to grad_output.
** Everything else that the spec says is said of the kernel that computes the output, "plain" here.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_GRADIENT_H
#define DCN_RUNTIME_SPEC_GRADIENT_H

#include "runtime/spec/operands.h"

#include <dcngen/error.h>

/* The operands of s that have a gradient: all that are read, but for rois. */
rt_operand_set rt_differentiable(const dcn_spec *s);

/* The operands whose gradients s computes; empty: it computes the output. */
rt_operand_set rt_wanted(const dcn_spec *s);

/* What must be read to compute the gradients of `wanted`, of the operands that s reads without
** gradients.  What an activation was given is not among them: it is computed again from all. */
rt_operand_set rt_gradient_reads(const dcn_spec *s, rt_operand_set wanted);

/* Whether the gradients of s, an operator, are those of its sums, perhaps scaled: neither is an
** activation or a projection between them and the output, nor is the gradient wanted of a scale or a
** residual.  Whoever compiles gradients of an operator needs to know these; all others are put
** together from them (codegen/module). */
bool rt_gradient_is_of_sums(const dcn_spec *s);

/* Whether the sums that an activation of s was given must be computed again for its gradients. */
bool rt_gradient_recomputes(const dcn_spec *s);

/* s, computing the output. */
dcn_spec rt_plain_spec(const dcn_spec *s);

/* Fails with: 'gradient' = {"maks"}: ... (did you mean "mask"?) */
int rt_no_gradient_of(const dcn_spec *s, const char *name, dcn_error *err);

/* A rule of all specs: what is asked for is there. */
int rt_check_gradient(const dcn_spec *s, dcn_error *err);

#endif
