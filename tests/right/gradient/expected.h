/* expected.h: gradients of convolutions in double precision, pixel by pixel, written from the
** formulas of docs/SEMANTICS.md and from nothing of dcngen.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_EXPECTED_GRADIENT_H
#define DCN_TESTS_EXPECTED_GRADIENT_H

#include <dcngen/spec.h>

/* All in the spec's layout; NULL: the spec has no such operand.  Gradients are added to. */
typedef struct ConvGradients {
    const double *input, *weight, *offset, *mask, *grad_output;
    double *grad_input, *grad_weight, *grad_offset, *grad_mask, *grad_bias;
} ConvGradients;

/* conv2d and deform_conv2d with border "zero", without epilogue but for a bias. */
void expected_gradients(const dcn_spec *s, const ConvGradients *g);

#endif
