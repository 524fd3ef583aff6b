/* expected.h: what the double-precision reference says a kernel must compute, and whether it did.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_EXPECTED_H
#define DCN_TUNER_EXPECTED_H

#include "tuner/check/operands.h"

/* Elements of one output that are compared. */
typedef struct ExpectedOutput {
    int operand; /* its place in calling order */
    int64_t n;
    int64_t *at;     /* flat index in its tensor */
    double *value;   /* of the reference */
    double *allowed; /* how far from it, by element; NULL: as expected_tolerance says */
} ExpectedOutput;

/* What is expected of every output; it depends on the operands, not on the kernel. */
typedef struct Expected {
    int n;
    ExpectedOutput output[RT_NUM_OPERANDS];
    char left_out[128]; /* why nothing is compared but that all is written; "": it is */
} Expected;

/* Choose elements and compute them from o->exact.  Close it even after a failure. */
int expected_open(Expected *x, const Operands *o, rt_rng *r, dcn_error *err);
void expected_close(Expected *x);

/* Compare the outputs, which were poisoned before the kernel ran, and add to the report, which
** calls this comparison `name`.  Whether it passed. */
bool expected_compare(const Expected *x, const Operands *o, const char *name, dcn_report *report);

/* How many elements are off by more than is allowed. */
int64_t expected_beyond(const Expected *x, const Operands *o);

/* |got - want| may be atol * max(1, max |want|) + rtol * |want|, for an output of elements of that
** type, each the sum of so many products. */
typedef struct Tolerance {
    double rtol, atol;
} Tolerance;
Tolerance expected_tolerance(dcn_dtype dtype, double terms);

#endif
