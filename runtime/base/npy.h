/* npy.h: numpy's .npy files of numbers.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_NPY_H
#define DCN_RUNTIME_NPY_H

#include "runtime/base/tensor.h"
#include <dcngen/error.h>

enum { RT_MAX_RANK = 32 };

typedef struct rt_array {
    rt_kind kind;
    int rank; /* 0: one number */
    int64_t dims[RT_MAX_RANK];
    int64_t count; /* product of dims */
    void *data;    /* count numbers in C order and the machine's byte order, malloc'ed */
} rt_array;

/* Versions 1 to 3, the dtypes of rt_kind in either byte order, C or Fortran order.  Anything else, a
** header that is not to the letter and data of another length than the shape says are DCN_EUSAGE
** errors that begin with the file's name.  Of more than max_count numbers none are read: data is NULL, and the
** shape tells the caller what is wrong.  The array is freed by rt_array_free. */
int rt_npy_read(const char *path, int64_t max_count, rt_array *out, dcn_error *err);

/* Reads the bytes of such a file, which messages call `name`. */
int rt_npy_parse(const char *name, const void *bytes, size_t size, rt_array *out, dcn_error *err);

/* All but the data, which may be missing: of `all` bytes of a file the `first` ones are there.  out->data
** is NULL. */
typedef struct rt_npy_bytes {
    size_t first, all;
} rt_npy_bytes;
int rt_npy_shape(const char *name, const void *bytes, rt_npy_bytes have, rt_array *out,
                 dcn_error *err);

/* Version 1.0, C order; the file appears complete or not at all.  Writes kind, rank, dims, data. */
int rt_npy_write(const char *path, const rt_array *a, dcn_error *err);

void rt_array_free(rt_array *a); /* the data, not the struct */

#endif
