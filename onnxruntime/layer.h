/* layer.h: one operator of a model: its kernels, by sizes, and its packed weights.  Nothing here knows ONNX Runtime.
**
** The first two values of a size (batch, height, width) get kernels of their own, which are the fastest; with the
** third that size becomes dynamic, and one kernel serves all further ones.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_LAYER_H
#define DCNGEN_ONNXRUNTIME_LAYER_H

#include <dcngen.h>

typedef struct OrtLayer OrtLayer;

/* spec: with batch, height and width DCN_DYNAMIC; it is checked.  threads: 0, or how many run a call.
** constant: all calls have the same weight, which is then packed once for each kernel.  NULL with err. */
OrtLayer *ort_layer_open(const dcn_spec *spec, int threads, bool constant, dcn_error *err);
void ort_layer_close(OrtLayer *l);

const dcn_spec *ort_layer_spec(const OrtLayer *l);

/* The operands of a call with these sizes into out, ORT_MAX_OPERANDS of room, and how many; -1 with err: no such call
** can be.  The sizes of the call before are remembered: to bind a spec is to check all of it, longer than a small
** kernel. */
int ort_layer_operands(OrtLayer *l, dcn_sizes sizes, dcn_tensor *out, dcn_error *err);

/* Compile, and pack, for these sizes before the first call; weight is NULL unless constant. */
int ort_layer_prepare(OrtLayer *l, dcn_sizes sizes, const void *weight, dcn_error *err);

enum { ORT_MAX_OPERANDS = 8 };

/* The operands of a call in the order of dcn_spec_tensors, and of its shapes with these sizes.  The weight may be NULL
** once a kernel for these sizes was prepared and weights are constant. */
typedef struct OrtLayerCall {
    const void *operand[ORT_MAX_OPERANDS];
    dcn_sizes sizes;
    dcn_parallel_for loop;
    void *loop_self;
} OrtLayerCall;

/* Many threads may call at once: who needs a kernel that is being compiled waits for it. */
int ort_layer_run(OrtLayer *l, const OrtLayerCall *call, dcn_error *err);

#endif
