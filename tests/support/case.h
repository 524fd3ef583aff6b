/* case.h: one compiled kernel with its tensors, seen as doubles.
**
**     Case c;
**     case_open(&c, &spec, "tiled mr=1", NULL);
**     case_fill(&c, 1);                          random tensors, ordinary offsets
**     case_set(&c, "offset", 0);
**     case_run(&c, 1);                           output is case_values(&c, "output")
**     case_close(&c);
**
** What cannot fail in a right program ends the test process with a line on stderr.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_SUPPORT_CASE_H
#define DCN_TESTS_SUPPORT_CASE_H

#include "tuner/check/operands.h"

typedef struct Case {
    dcn_kernel *kernel;
    Operands o;
} Case;

/* schedule and target may be NULL; the sizes of s are static. */
void case_open(Case *c, const dcn_spec *s, const char *schedule, const dcn_target *t);
void case_close(Case *c);

/* Repeatable input, weight, bias; ordinary offsets and masks. */
void case_fill(Case *c, uint64_t seed);

int case_index(const Case *c, const char *tensor);
double *case_values(const Case *c, const char *tensor);
int64_t case_count(const Case *c, const char *tensor);
void case_set(Case *c, const char *tensor, double value);
/* Copy a tensor of the same size from another case. */
void case_copy(Case *to, const Case *from, const char *tensor);

/* Element [n][c][y][x] of a tensor of images, in the layout of the kernel. */
double *case_at(const Case *c, const char *tensor, int64_t n, int64_t ch, int64_t y, int64_t x);

/* Round the values to the kernel's dtype, pack the weight, run, and read the output back. */
void case_run(Case *c, int threads);

/* Largest |a - b| over all outputs, with NaN and infinities equal to themselves only. */
double case_distance(const Case *a, const Case *b);

/* A plain deformable convolution of batch 1, 3x3, padding 1, as a start. */
dcn_spec case_spec(dcn_op op, int64_t channels, int64_t outputs, int64_t height, int64_t width);

#endif
