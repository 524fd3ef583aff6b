/* reference.h: the operators in plain double precision, to compare compiled kernels with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_H
#define DCN_RUNTIME_REFERENCE_H

#include <dcngen/spec.h>

/* The whole output.  The sizes of s are static; tensor[] is in the order of dcn_spec_tensors, in
** the layout of s, with the weight unpacked as [O][C/G][kh][kw]; the entry of the output is not
** read.  output has the shape of the output tensor.  0, or -1 without memory. */
int rt_reference(const dcn_spec *s, const double *const tensor[DCN_MAX_TENSORS], double *output);

/* output[n][o][p][q] alone, whatever the layout. */
double rt_reference_at(const dcn_spec *s, const double *const tensor[DCN_MAX_TENSORS],
                       const int64_t nopq[4]);

#endif
