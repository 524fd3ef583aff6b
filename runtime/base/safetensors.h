/* safetensors.h: writing safetensors files; tensor_file.h reads them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SAFETENSORS_H
#define DCN_RUNTIME_SAFETENSORS_H

#include "runtime/base/tensor.h"

#include <dcngen/error.h>

/* A tensor to be written; all is borrowed. */
typedef struct rt_named_tensor {
    const char *name; /* UTF-8 */
    rt_kind kind;
    int rank;
    const int64_t *dims;
    const void *data;
} rt_named_tensor;

/* Writes n tensors of different names in this order; the file appears complete or not at all. */
int rt_safetensors_write(const char *path, const rt_named_tensor *t, int n, dcn_error *err);

#endif
