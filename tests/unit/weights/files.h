/* files.h: safetensors and npz files in memory, right and wrong ones.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_WEIGHTS_FILES_H
#define DCN_TESTS_WEIGHTS_FILES_H

#include "runtime/base/tensor_file.h"

#include <stdbool.h>

/* The bytes of a file, malloc'ed to the byte, so that a sanitizer sees who reads past the end. */
typedef struct FileBytes {
    void *bytes;
    size_t size;
} FileBytes;

/* A header and so many bytes of data: 0, 1, 2, ... */
FileBytes file_safetensors(const char *header, size_t data);

/* As archives number them. */
enum { METHOD_STORED = 0, METHOD_DEFLATED = 8 };

/* A tensor of f4 of an archive, or if `raw` is not NULL these bytes. */
typedef struct FileEntry {
    const char *name;
    int rank;
    int64_t dims[4];
    const float *data;
    const char *raw;
    size_t raw_size;
    int method;
    bool wide; /* its sizes and its place stand in an extra field */
} FileEntry;

FileBytes file_npz(const FileEntry *e, int n);

/* The file x is refused with that message, when it is opened. */
void file_refuse(FileBytes f, const char *message);
/* The file x opens. */
rt_tensor_file *file_open(FileBytes f);
/* The number of the tensor of that name. */
int file_find(const rt_tensor_file *f, const char *name);

#endif
