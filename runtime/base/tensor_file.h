/* tensor_file.h: files of tensors that are known by name: safetensors, and numpy's .npz.
**
** Such a file is untrusted.  It is opened by what it holds, not by what it is called; no tensor takes memory
** before whoever asks for it has seen its shape.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_TENSOR_FILE_H
#define DCN_RUNTIME_TENSOR_FILE_H

#include "runtime/base/npy.h"

typedef struct rt_tensor_file rt_tensor_file;

/* What is wrong with the file is DCN_EUSAGE and begins with its name, here and below.  count: of the numbers that
** are wanted; of a file that has far more, or is of another format, not all is read. */
int rt_tensor_file_open(const char *path, int64_t count, rt_tensor_file **out, dcn_error *err);

/* The bytes of such a file, which messages call `name`; both are borrowed as long as it is open. */
int rt_tensor_file_parse(const char *name, const void *bytes, size_t size, rt_tensor_file **out,
                         dcn_error *err);
void rt_tensor_file_close(rt_tensor_file *f); /* NULL is allowed */

int rt_tensor_file_count(const rt_tensor_file *f);
const char *rt_tensor_file_name(const rt_tensor_file *f, int i); /* of tensor i, borrowed */

/* All of tensor i but its data: out->data is NULL. */
int rt_tensor_file_shape(const rt_tensor_file *f, int i, rt_array *out, dcn_error *err);

/* Tensor i, which takes as many bytes as its shape says; freed by rt_array_free. */
int rt_tensor_file_get(const rt_tensor_file *f, int i, rt_array *out, dcn_error *err);

#endif
