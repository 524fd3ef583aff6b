/* loop.h: tasks on ONNX Runtime's threads.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_LOOP_H
#define DCNGEN_ONNXRUNTIME_LOOP_H

#include "onnxruntime/calls.h"

/* The threads are those of the session that calls. */
typedef struct OrtLoop {
    const OrtCalls *calls;
    const OrtKernelContext *context;
} OrtLoop;

/* A dcn_parallel_for; self is an OrtLoop. */
void ort_loop_run(void *self, int64_t n, int threads,
                  void (*body)(void *arg, int64_t i, int thread), void *arg);

#endif
