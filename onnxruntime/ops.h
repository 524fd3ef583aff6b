/* ops.h: the operators of models that are deformable convolutions, by their names.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_OPS_H
#define DCNGEN_ONNXRUNTIME_OPS_H

#include "onnxruntime/calls.h"

/* Of a deformable convolution, whatever order a model's operator has them in. */
typedef enum { ORT_X, ORT_W, ORT_OFFSET, ORT_BIAS, ORT_MASK, ORT_NUM_INPUTS } OrtInput;

typedef struct OrtOp {
    const char *domain, *name;
    int first_version, last_version;
    const char *constraint;    /* name of the type of all inputs; NULL: it is float */
    int input[ORT_NUM_INPUTS]; /* its place among the node's inputs; -1: none */
    int inputs, required;      /* how many there are, the first of which must be there */
    const char *stride, *padding, *dilation, *groups;
    const char *offset_groups[2]; /* of some exporters, of others; NULL: none */
    bool
        padding_by_axis; /* four numbers are of the axes: h, h, w, w; not of the sides: top, left, bottom, right */
} OrtOp;

/* The operators, those of one domain side by side. */
const OrtOp *ort_op(int i); /* NULL past the last */
const OrtOp *ort_op_find(const char *domain, const char *name);

/* An input's shape as far as it is known; rank -1: there is no such input. */
typedef struct OrtShape {
    int rank;
    int64_t dims[4]; /* -1: not known; 0 where the rank is not 1 to 4 */
} OrtShape;

/* What a node computes, with batch, height and width dynamic, from its attributes and the shapes that the model
** declares; those of the weight must be known.  A status if it is nothing that can be compiled. */
OrtStatus *ort_op_spec(const OrtOp *op, const OrtCalls *c, const OrtKernelInfo *info,
                       const OrtShape shape[ORT_NUM_INPUTS], dcn_dtype dtype, dcn_spec *s);

#endif
