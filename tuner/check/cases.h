/* cases.h: offsets, masks and regions that a kernel must get right, ordinary and adversarial.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CASES_H
#define DCN_TUNER_CASES_H

#include "runtime/base/random.h"
#include "runtime/base/tensor.h"
#include "runtime/spec/operands.h"

/* One way to fill offsets, masks and rois.  base: the coordinate of the tap with offset 0; size:
** rows or columns of the map. */
typedef struct TuneCase {
    const char *name;
    double deviation; /* of normal offsets: in pixels, or a share of the map for wide ones */
    double (*offset)(const struct TuneCase *c, rt_rng *r, double base, double size);
    double (*mask)(rt_rng *r);  /* modulation "mask" */
    double (*logit)(rt_rng *r); /* "sigmoid" and "softmax" */
    /* A row of rois for `s`; NULL: ordinary ones. */
    void (*roi)(rt_rng *r, const dcn_spec *s, double row[5]);
    bool sparse; /* of gradients: grad_output is 0 but for a few pixels or bins */
} TuneCase;

/* Values of an operand of s, shaped as *t, which may lie in another layout than s says, as a case has
** them, rounded to its dtype.  false: cases do not fill it, and nothing is written. */
bool tune_case_values(const dcn_spec *s, rt_operand which, const dcn_tensor *t, const TuneCase *c,
                      rt_rng *r, double *to);

/* The cases that s is checked with, *n of them; the first is the ordinary one. */
const TuneCase *tune_cases_of(const dcn_spec *s, int *n);

/* Regions inside the map. */
void tune_ordinary_roi(rt_rng *r, const dcn_spec *s, double row[5]);

/* Every offset drawn as in one of the cases, any: one run in place of all of them. */
extern const TuneCase tune_mixed;

/* The first case with another deviation. */
TuneCase tune_ordinary(double deviation);

#endif
