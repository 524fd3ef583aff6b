/* cases.h: offsets and masks that a kernel must get right, ordinary and adversarial.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CASES_H
#define DCN_TUNER_CASES_H

#include "runtime/tensor.h"

/* One way to fill offset and mask.  base: the coordinate of the tap with offset 0; size: rows or
** columns of the map. */
typedef struct TuneCase {
    const char *name;
    double deviation; /* of normal offsets: in pixels, or a share of the map for wide ones */
    double (*offset)(const struct TuneCase *c, rt_rng *r, double base, double size);
    double (*mask)(rt_rng *r);  /* modulation "mask" */
    double (*logit)(rt_rng *r); /* "sigmoid" and "softmax" */
} TuneCase;

/* The first is the ordinary one. */
extern const TuneCase tune_cases[];
extern const int tune_ncases;

/* Every offset drawn as in one of the cases, any: one run in place of all of them. */
extern const TuneCase tune_mixed;

/* The first case with another deviation. */
TuneCase tune_ordinary(double deviation);

#endif
