/* node.h: one node of a model, for execution providers and for custom operators.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_NODE_H
#define DCNGEN_ONNXRUNTIME_NODE_H

#include "onnxruntime/ops.h"

/* The name of the execution provider, and what entries of a session's configuration begin with. */
#define ORT_PROVIDER      "DcngenExecutionProvider"
#define ORT_CONFIG_PREFIX "ep.dcngenexecutionprovider."

typedef struct OrtNodeState OrtNodeState;

/* Attributes are read; kernels are compiled and weights packed as far as the model tells sizes and holds weights. */
OrtStatus *ort_node_open(const OrtCalls *c, const OrtOp *op, const OrtKernelInfo *info,
                         OrtNodeState **out);
void ort_node_close(OrtNodeState *n);

/* Compute its output; many threads may do so at once.  Loops run on ONNX Runtime's threads. */
OrtStatus *ort_node_run(OrtNodeState *n, OrtKernelContext *context);

/* Whether what the model holds of input i is not read any more. */
bool ort_node_done_with(const OrtNodeState *n, int i);

/* The shape that is declared, with rank -1 where info is NULL, and the type of elements; both if they are not NULL. */
void ort_declared(const OrtCalls *c, const OrtTypeInfo *info, OrtShape *shape, int *element);

#endif
