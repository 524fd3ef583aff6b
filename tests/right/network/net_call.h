/* net_call.h: a network's kernel with operands that nobody chose, and what they should give.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_NET_CALL_H
#define DCN_TESTS_NET_CALL_H

#include "runtime/base/random.h"
#include "runtime/spec/network.h"
#include "tests/support/guarded.h"

#include <dcngen.h>

typedef struct NetCall {
    const dcn_kernel *kernel;
    rt_operands o;
    int64_t count[RT_NUM_OPERANDS];
    double
        *exact[RT_NUM_OPERANDS];  /* inputs that the dtype holds; of outputs what they should be */
    void *typed[RT_NUM_OPERANDS]; /* inputs, plain; of outputs those of the first run */
    bool has_run;
} NetCall;

void net_call_open(NetCall *c, const dcn_kernel *k, uint64_t seed);
void net_call_close(NetCall *c);

/* Values for a vector of parameters, by the shapes of the tensors in it. */
void net_fill_parameters(rt_rng *r, const dcn_network *n, double *to);

/* The network of s with random values as constants in place of its parameters: *with, which the result borrows, and
** *values, which the caller frees. */
dcn_spec net_with_constants(rt_rng *r, const dcn_spec *s, dcn_network *with, void **values);

/* On so many threads, operands between guards; the first run's outputs are kept, and every later one's
** must have the same bits. */
void net_call_run(NetCall *c, int threads, Guard side, const char *what);

/* Which gradients a call does not want, and which it adds to, by operand. */
typedef struct NetWant {
    uint64_t skip, add;
} NetWant;

/* A call that wants some gradients only; those that are added to hold what the first run gave, and others
** are what that gave. */
void net_call_wanted(const NetCall *c, const NetWant *want, const char *what);

/* The outputs of the first run against the reference. */
void net_call_check(NetCall *c, const char *what);

#endif
