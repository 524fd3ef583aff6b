/* nchw.h: tensors as the files of the comparison hold them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_NCHW_H
#define DCN_BENCH_NCHW_H

#include <dcngen.h>

/* Maps are nchw in files and in the layout of s in data; weights and vectors are the same in both.
** file and data have as many elements as t. */
void bench_from_nchw(float *data, const dcn_spec *s, const dcn_tensor *t, const float *file);

/* data as a float32 .npy file */
int bench_write_nchw(const char *path, const dcn_spec *s, const dcn_tensor *t, const float *data,
                     dcn_error *err);

#endif
