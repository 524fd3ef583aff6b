/* reference.h: the operators in plain double precision, to compare compiled kernels with.
**
** Operands are handed over in the order of dcn_spec_tensors, in the layout of the spec, with
** weights unpacked; entries of outputs are not read.  Sizes are static.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_H
#define DCN_RUNTIME_REFERENCE_H

#include "runtime/spec/operands.h"

typedef struct rt_ref rt_ref;

/* s and the tensors stay with the caller and outlive the result.  What modules compute on the way
** is computed here.  NULL without memory. */
rt_ref *rt_ref_open(const dcn_spec *s, const double *const *tensor);
void rt_ref_close(rt_ref *r);

/* Element i of the output `which`, counted as it lies in its tensor. */
double rt_ref_value(const rt_ref *r, rt_operand which, int64_t i);

/* All elements of the output `which`, in the shape of its tensor.  0, or -1 without memory. */
int rt_ref_values(const rt_ref *r, rt_operand which, double *to);

/* rt_ref_values and rt_ref_value of a reference opened for it alone; NAN without memory. */
int rt_reference(const dcn_spec *s, const double *const *tensor, rt_operand which, double *to);
double rt_reference_at(const dcn_spec *s, const double *const *tensor, rt_operand which, int64_t i);

/* The output of those pixels, or bins, of which `where`, shaped as it, has an element that is not 0; others stay in
** `to` as they are.  0, or -1 without memory. */
int rt_reference_where(const dcn_spec *s, const double *const *tensor, const double *where,
                       double *to);

#endif
