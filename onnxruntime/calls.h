/* calls.h: ONNX Runtime's functions under their types, and its errors.
**
** Functions are those of the ONNX Runtime that loaded this library, of which a process may hold several: so they
** hang on whoever was created by it, and nothing is linked.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_CALLS_H
#define DCNGEN_ONNXRUNTIME_CALLS_H

#include "onnxruntime/abi.h"

#include <dcngen.h>

/* Each fills in what its last arguments point to.  What is named release takes what others created. */
typedef struct OrtCalls {
    OrtStatus *(*create_status)(int code, const char *text);
    const char *(*error_message)(const OrtStatus *);
    void (*release_status)(OrtStatus *);

    OrtStatus *(*create_domain)(const char *name, OrtCustomOpDomain **);
    OrtStatus *(*domain_add)(OrtCustomOpDomain *, const OrtCustomOpTable *);
    OrtStatus *(*add_domain)(OrtSessionOptions *, OrtCustomOpDomain *);
    void (*release_domain)(OrtCustomOpDomain *);

    OrtStatus *(*tensor_data)(const OrtValue *, const void **);
    OrtStatus *(*tensor_mutable_data)(OrtValue *, void **);
    OrtStatus *(*tensor_shape)(const OrtValue *, OrtTensorInfo **); /* for release_tensor_info */
    OrtStatus *(*type_as_tensor)(const OrtTypeInfo *, const OrtTensorInfo **); /* lent; or NULL */
    OrtStatus *(*element_type)(const OrtTensorInfo *, int *);
    OrtStatus *(*rank)(const OrtTensorInfo *, size_t *);
    OrtStatus *(*dims)(const OrtTensorInfo *, int64_t *, size_t max); /* -1: not known */
    void (*release_type_info)(OrtTypeInfo *);
    void (*release_tensor_info)(OrtTensorInfo *);

    OrtStatus *(*attribute_float)(const OrtKernelInfo *, const char *name, float *);
    OrtStatus *(*attribute_int)(const OrtKernelInfo *, const char *name, int64_t *);
    OrtStatus *(*attribute_ints)(const OrtKernelInfo *, const char *name, int64_t *, size_t *n);
    OrtStatus *(*kernel_input_count)(const OrtKernelInfo *, size_t *);
    OrtStatus *(*kernel_input_type)(const OrtKernelInfo *, size_t i, OrtTypeInfo **);
    OrtStatus *(*kernel_node_name)(const OrtKernelInfo *, char *, size_t *size);
    OrtStatus *(*kernel_constant)(const OrtKernelInfo *, size_t i, int *is, const OrtValue **);
    OrtStatus *(*kernel_config)(const OrtKernelInfo *, OrtKeyValuePairs **);
    const char *(*get_value)(const OrtKeyValuePairs *, const char *key); /* NULL: none */
    void (*release_pairs)(OrtKeyValuePairs *);

    OrtStatus *(*input_count)(const OrtKernelContext *, size_t *);
    OrtStatus *(*input)(const OrtKernelContext *, size_t i, const OrtValue **);
    OrtStatus *(*output)(OrtKernelContext *, size_t i, const int64_t *dims, size_t rank,
                         OrtValue **);
    OrtStatus *(*parallel_for)(const OrtKernelContext *, void (*)(void *arg, size_t i), size_t n,
                               size_t batches, void *arg);

    int (*device_type)(const OrtHardwareDevice *);
    const OrtFunction *(*ep_api)(void);
    OrtStatus *(*graph_count)(const OrtGraph *, size_t *);
    OrtStatus *(*graph_nodes)(const OrtGraph *, const OrtNode **, size_t max);
    OrtStatus *(*node_op)(const OrtNode *, const char **);
    OrtStatus *(*node_domain)(const OrtNode *, const char **);
    OrtStatus *(*node_input_count)(const OrtNode *, size_t *);
    OrtStatus *(*node_inputs)(const OrtNode *, const OrtValueInfo **, size_t max);
    OrtStatus *(*value_type)(const OrtValueInfo *, const OrtTypeInfo **); /* lent */
} OrtCalls;

/* Makes the kernel of one node; state is what it was registered with. */
typedef OrtStatus *(*OrtCreateKernel)(void *state, const OrtKernelInfo *, OrtKernelTable **);

/* Calls that concern execution providers. */
typedef struct OrtEpCalls {
    OrtStatus *(*create_device)(void *factory, const OrtHardwareDevice *,
                                const OrtKeyValuePairs *metadata, const OrtKeyValuePairs *options,
                                OrtEpDevice **);
    OrtStatus *(*add_single_node)(OrtSupportInfo *, const OrtNode *);
    OrtStatus *(*look_up)(OrtSupportInfo *, const OrtNode *, const OrtKernelDef **); /* or NULL */
    OrtStatus *(*create_registry)(OrtKernelRegistry **);
    void (*release_registry)(OrtKernelRegistry *);
    OrtStatus *(*add_kernel)(OrtKernelRegistry *, const OrtKernelDef *, OrtCreateKernel,
                             void *state);
    OrtStatus *(*create_builder)(OrtKernelDefBuilder **);
    void (*release_builder)(OrtKernelDefBuilder *);
    OrtStatus *(*set_operator)(OrtKernelDefBuilder *, const char *);
    OrtStatus *(*set_domain)(OrtKernelDefBuilder *, const char *);
    OrtStatus *(*set_since)(OrtKernelDefBuilder *, int first, int last);
    OrtStatus *(*set_provider)(OrtKernelDefBuilder *, const char *);
    OrtStatus *(*add_constraint)(OrtKernelDefBuilder *, const char *name,
                                 const OrtDataType *const *types, size_t n);
    OrtStatus *(*build)(OrtKernelDefBuilder *, OrtKernelDef **);
    void (*release_def)(OrtKernelDef *);
    OrtStatus *(*data_type)(int element, const OrtDataType **);
} OrtEpCalls;

/* From the table of an ONNX Runtime that is at least ORT_VERSION. */
void ort_calls_read(const OrtFunction *api, OrtCalls *c);
void ort_ep_calls_read(const OrtFunction *ep_api, OrtEpCalls *c);

/* From what a library is loaded with; an older ONNX Runtime is a status with one sentence. */
OrtStatus *ort_calls_load(const OrtBase *base, OrtCalls *c);

/* A status of "dcngen: WHERE: text" for err; where may be NULL. */
OrtStatus *ort_fail(const OrtCalls *c, const char *where, const dcn_error *err);

/* Whether a call succeeded, for those of which failure is an answer; the status is released. */
bool ort_succeeded(const OrtCalls *c, OrtStatus *status);

#endif
