/* random_seeds.h: which random networks a test goes through, and what its messages call them.
**
** RANDOM_SEED=7 repeats one of them, RANDOM_NETWORKS=1000 searches for longer.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_RANDOM_SEEDS_H
#define DCN_TESTS_RANDOM_SEEDS_H

#include "runtime/base/random.h"
#include "runtime/spec/network.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

/* A test has its networks in so many parts, which run side by side. */
enum { RANDOM_PARTS = 4 };
struct criterion_test_params random_parts(void);

/* A part of the networks, one for each seed; `most` layers at most, and at least two.  The spec is released behind
** the check. */
void random_each(int part, int networks, int most,
                 void (*check)(rt_rng *r, uint64_t seed, const dcn_spec *s, const char *what));

#endif
