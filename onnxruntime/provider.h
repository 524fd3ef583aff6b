/* provider.h: the execution provider of one session.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_PROVIDER_H
#define DCNGEN_ONNXRUNTIME_PROVIDER_H

#include "onnxruntime/calls.h"

/* The table of a new provider; ort_provider_close frees it, after the session's kernels. */
OrtStatus *ort_provider_open(const OrtCalls *c, const OrtEpCalls *ep, OrtEpTable **out);
void ort_provider_close(OrtEpTable *provider);

#endif
