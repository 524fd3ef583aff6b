/* random_spec.h: small specs over all options, and legal schedules for them, from a seed.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_RANDOM_SPEC_H
#define DCN_TESTS_RANDOM_SPEC_H

#include "runtime/base/random.h"
#include "runtime/base/tensor.h"

#include <dcngen.h>

/* Any operator but the modules.  Passes dcn_spec_check and costs at most a few 1e5 multiply-adds. */
dcn_spec random_spec(rt_rng *r);

/* Any legal schedule for this machine, of a lowering that takes the spec; of what is made of several kernels, for each
** of them. */
void random_schedule_text(rt_rng *r, const dcn_spec *s, char text[DCN_SCHEDULE_MAX]);

/* Sizes for what is dynamic. */
dcn_spec random_sizes(rt_rng *r, const dcn_spec *s);

/* An activation with parameters of its own. */
void random_activation(rt_rng *r, dcn_spec *s);

int random_below(rt_rng *r, int n);

/* One of the ints. */
#define PICK(r, ...)                                                                               \
    ((const int[]){                                                                                \
        __VA_ARGS__ }[random_below(r, (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))])

/* random_family.c: what is the operators' own, in a spec that is otherwise drawn. */
void random_core(rt_rng *r, dcn_spec *s); /* dcnv3, dcnv4 */
void random_roi(rt_rng *r, dcn_spec *s);
void random_rois(rt_rng *r, dcn_spec *s); /* how many, and what a row of them holds */

#endif
