/* tensor_format.h: what a format of tensor_file.h has to say.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_TENSOR_FORMAT_H
#define DCN_RUNTIME_TENSOR_FORMAT_H

#include "runtime/base/npy.h"

#include <stdbool.h>

/* `state` is what open made.  name: of the file, for messages; it and bytes live longer than the state. */
typedef struct TensorFormat {
    bool (*is)(const void *bytes, size_t size); /* whether a file that begins so is one of it */
    int (*open)(const char *name, const void *bytes, size_t size, void **state, dcn_error *err);
    int (*count)(const void *state);
    const char *(*tensor_name)(const void *state, int i);
    int (*shape)(const void *state, int i, rt_array *out, dcn_error *err);
    int (*get)(const void *state, int i, rt_array *out, dcn_error *err);
    void (*close)(void *state);
} TensorFormat;

extern const TensorFormat rt_safetensors, rt_npz;

#endif
