/* custom.h: operators that are not ai.onnx's, which models may only have if somebody declares them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_CUSTOM_H
#define DCNGEN_ONNXRUNTIME_CUSTOM_H

#include "onnxruntime/calls.h"

enum { ORT_MAX_DOMAINS = 4 };

typedef struct OrtDomains {
    OrtCustomOpDomain *domain[ORT_MAX_DOMAINS];
    size_t n;
} OrtDomains;

/* Domains with their operators; free them when no session has them any more. */
OrtStatus *ort_domains_open(const OrtCalls *c, OrtDomains *d);
void ort_domains_close(const OrtCalls *c, OrtDomains *d);

/* For sessions of which nobody says when they end: domains that stay, and are the same for all sessions. */
OrtStatus *ort_domains_shared(const OrtCalls *c, OrtDomains *d);

#endif
