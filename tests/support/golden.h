/* golden.h: golden cases: their specs, their tensors, and comparing with them.
**
** A case is a folder with case.json and one .npy file per tensor, in double precision;
** see tests/golden/README.md.  Everything here can also be had in f32 and in nhwc.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_GOLDEN_H
#define DCN_TESTS_GOLDEN_H

#include "runtime/base/npy.h"
#include "runtime/spec/operands.h"

typedef struct Golden {
    dcn_spec spec; /* in the layout of the files; the batch is dynamic where the case's is 0 */
    int64_t batch;
    double rtol, atol;                /* in f64 */
    int n, output;                    /* tensors; the wanted output among them */
    bool weight[RT_NUM_OPERANDS];     /* has no layout */
    rt_array tensor[RT_NUM_OPERANDS]; /* in the order of dcn_spec_tensors */
} Golden;

/* dir: the folder of the case.  Close it even after a failure. */
int golden_open(const char *dir, Golden *g, dcn_error *err);
void golden_close(Golden *g);

/* The kernel of all gradients that the case has, its operands and what these must be; `output` is not
** one.  0; 1: the case has none; -1 with err.  Close it if 0 or -1. */
int golden_open_gradient(const char *dir, Golden *g, dcn_error *err);

/* Whether the operator can be had in that layout. */
bool golden_has_layout(const Golden *g, dcn_layout layout);
dcn_spec golden_spec(const Golden *g, dcn_dtype dtype, dcn_layout layout);

/* Tensor i in another type and layout; dims (may be NULL) receives its shape, freed by free(). */
void *golden_tensor(const Golden *g, int i, dcn_dtype dtype, dcn_layout layout, int64_t *dims);

/* How many elements of an output of that type and layout are wrong; the first is told in `what`.
** Wrong is more than atol + rtol * |want|: in f32, 5e-5 * max(1, max |want|) and 2e-4, unless the
** case itself is less precise. */
int64_t golden_compare(const Golden *g, const void *output, dcn_dtype dtype, dcn_layout layout,
                       char what[256]);

/* Compares any tensor of the case, by its number. */
int64_t golden_compare_tensor(const Golden *g, int at_operand, const void *output, dcn_dtype dtype,
                              dcn_layout layout, char what[256]);

/* The cases of tests/golden and those that its literal.txt names, sorted by name. */
typedef struct GoldenName {
    char name[64];
    char dir[512]; /* "": a literal case, and the folder that holds those is not on this machine */
} GoldenName;

/* source_dir: root of the project.  Literal cases are looked for in DCNGEN_SHARED_GOLDEN, else
** beside the project.  Returns how many; fills at most `most` of `out`. */
int golden_list(const char *source_dir, GoldenName *out, int most);

#endif
