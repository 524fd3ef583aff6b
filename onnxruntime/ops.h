/* ops.h: the operators of models that dcngen has kernels for, by their names.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_OPS_H
#define DCNGEN_ONNXRUNTIME_OPS_H

#include "onnxruntime/calls.h"

/* Operands that are read, whatever order a model's operator has them in. */
typedef enum { ORT_X, ORT_W, ORT_OFFSET, ORT_BIAS, ORT_MASK, ORT_NUM_INPUTS } OrtInput;

/* An input's shape as far as it is known; rank -1: there is no such input. */
typedef struct OrtShape {
    int rank;
    int64_t dims[4]; /* -1: not known; 0 where the rank is not 1 to 4 */
} OrtShape;

typedef struct OrtOp OrtOp;

/* What is read of a node to make its spec. */
typedef struct OrtNodeInfo {
    const OrtOp *op;
    const OrtCalls *calls;
    const OrtKernelInfo *info;
    OrtShape shape[ORT_NUM_INPUTS]; /* as the model declares them */
} OrtNodeInfo;

struct OrtOp {
    const char *domain, *name;
    int first_version, last_version;
    const char *constraint;    /* name of the type of all inputs; NULL: it is float */
    int input[ORT_NUM_INPUTS]; /* its place among the node's inputs; -1: none */
    int inputs, required;      /* how many there are, the first of which must be there */
    dcn_op computes;
    int (*fill)(const OrtNodeInfo *n, dcn_spec *s, dcn_error *err); /* from attributes and shapes */
    /* Names of attributes, of a deformable convolution; one of two for the last. */
    const char *stride, *padding, *dilation, *groups, *offset_groups[2];
    bool padding_by_axis; /* four numbers are h, h, w, w; else top, left, bottom, right */
};

/* The operators, those of one domain side by side; at most ORT_MAX_OPS. */
enum { ORT_MAX_OPS = 8 };
const OrtOp *ort_op(int i); /* NULL past the last */
const OrtOp *ort_op_find(const char *domain, const char *name);

/* What a node computes, with batch, height and width dynamic.  A status if it is nothing that can be compiled, as where
** the model does not tell the shape of a weight. */
OrtStatus *ort_op_spec(const OrtNodeInfo *n, dcn_dtype dtype, dcn_spec *s);

/* The name of an operand in specs. */
const char *ort_input_name(OrtInput i);

#endif
