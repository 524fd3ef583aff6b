/* regions.h: random regions, and what moves their bins, for the operators that pool regions.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_REGIONS_H
#define DCN_TUNER_REGIONS_H

#include "cases.h"
#include "operands.h"

/* Fill rois, offset, trans and mask, those that the operator has, as tune_fill_case does. */
void tune_fill_regions(Operands *o, const TuneCase *c, rt_rng *r);

#endif
