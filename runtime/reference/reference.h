/* reference.h: the operators in plain double precision, to compare compiled kernels with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_H
#define DCN_RUNTIME_REFERENCE_H

#include "runtime/spec/operands.h"
#include <dcngen/spec.h>

typedef struct rt_ref rt_ref;

/* The sizes of s are static; tensor[] is in the order of dcn_spec_tensors, in the layout of s, with
** weights unpacked; the entry of the output is not read.  s and tensor stay with the caller and
** outlive the result.  What modules compute on the way is computed here.  NULL without memory. */
rt_ref *rt_ref_open(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS]);
void rt_ref_close(rt_ref *r);

/* output[n][o][p][q], whatever the layout; n counts rois where there are any, p and q their bins. */
double rt_ref_at(const rt_ref *r, const int64_t nopq[4]);

/* The whole output, in the shape of the output tensor.  0, or -1 without memory. */
int rt_reference(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS], double *output);

/* One element alone; NAN without memory. */
double rt_reference_at(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS],
                       const int64_t nopq[4]);

#endif
