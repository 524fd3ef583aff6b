/* expected.h: what the double-precision reference says a kernel must compute, and whether it did.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_WANTED_H
#define DCN_TUNER_WANTED_H

#include "tuner/check/operands.h"

/* Elements of the output that are compared; they depend on the operands, not on the kernel. */
typedef struct Wanted {
    int64_t n;
    int64_t *at;   /* flat index in the output tensor */
    double *value; /* of the reference */
} Wanted;

/* Choose elements and compute them from o->exact.  Close it even after a failure. */
int wanted_open(Wanted *w, const Operands *o, rt_rng *r, dcn_error *err);
void wanted_close(Wanted *w);

/* Compare the output, which was poisoned before the kernel ran, and add to the report, which calls this
** comparison `name`.  Whether it passed. */
bool wanted_compare(const Wanted *w, const Operands *o, const char *name, dcn_report *report);

#endif
