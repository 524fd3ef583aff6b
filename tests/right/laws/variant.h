/* variant.h: the ways of computing that every law must hold for.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_LAWS_VARIANT_H
#define DCN_TESTS_LAWS_VARIANT_H

#include "tests/support/case.h"

typedef struct Variant {
    dcn_dtype dtype;
    dcn_layout layout;
    const char *schedule;
} Variant;

/* Run a law for each dtype, layout and some schedules of each lowering. */
void each_variant(void (*law)(const Variant *v));

/* One schedule of each lowering, for laws that need many kernels. */
void each_lowering(void (*law)(const Variant *v));

/* Batch 2, 20 channels to 18 on 7x9, 3x3, padding 1, no bias: every schedule above is legal. */
dcn_spec variant_spec(const Variant *v, dcn_op op);

/* Compile and fill with numbers that depend on nothing but the shapes. */
void variant_open(Case *c, const Variant *v, const dcn_spec *s);

/* Rounding of a sum of some hundred terms of the order of 1. */
double variant_tolerance(const Variant *v);

/* "f32 nchw tiled mr=..." */
const char *variant_name(const Variant *v);

#endif
