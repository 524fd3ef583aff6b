/* lowering.c: one output row at a time, lanes along its columns, nothing stored in between.
**
** Weights are used as given: packing is a copy.  It needs no workspace and takes any spec; it pays
** where there are few channels (images, depthwise), for the samples are gathered one by one, but for those of
** plain convolutions that lie side by side.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "codegen/direct/direct.h"

#include <stdio.h>

enum { LANES, OC_BLOCK, NKNOBS };
_Static_assert((int)NKNOBS <= (int)MAX_KNOBS, "a schedule has room for every knob");
static const Knob *const knobs[NKNOBS] = {
    [LANES] = &(const Knob){ .name = "lanes",
                             .meaning = "output columns per vector",
                             .guess = 16,
                             CHOICES(2, 4, 8, 16) },
    [OC_BLOCK] = &(const Knob){ .name = "oc_block",
                                .meaning = "output channels that share one sample",
                                .guess = 1,
                                CHOICES(1, 2, 4, 8, DIRECT_MAX_OUTS) },
};

static const char *refuse(const dcn_spec *s, const dcn_target *t, const int *k)
{
    if (k[LANES] > problem_vector(s, t))
        return "vector is wider than the machine's registers";
    if (k[OC_BLOCK] > 1 && k[OC_BLOCK] > s->out_channels / s->groups)
        return "a weight group has fewer output channels than that";
    return NULL;
}

static void guess(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    (void)threads;
    for (int i = 0; i < NKNOBS; i++)
        k[i] = knobs[i]->guess;
    k[LANES] = problem_vector(s, t);
    for (int i = 0; i < knobs[OC_BLOCK]->nchoices; i++)
        if (knobs[OC_BLOCK]->choice[i] <= s->out_channels / s->groups &&
            knobs[OC_BLOCK]->choice[i] <= 8)
            k[OC_BLOCK] = knobs[OC_BLOCK]->choice[i];
}

static int phases(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES])
{
    out[0] = direct_phase(s, t, k[LANES], k[OC_BLOCK]);
    return 1;
}

static void explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    (void)s;
    snprintf(buf, size,
             "no workspace, weights as given\n"
             "registers: %d accumulators of %d lanes, of %d registers of %d bytes\n",
             k[OC_BLOCK], k[LANES], t->registers, t->vector_bytes);
}

static void emit(Emit *e, Kernel *kernel, const dcn_target *t, const int *k)
{
    (void)t;
    direct_emit(e, kernel, k[LANES], k[OC_BLOCK]);
}

const struct Lowering lower_direct = {
    .name = "direct",
    .summary = "lanes along output columns, samples gathered one by one, no workspace",
    .rev = 5,
    .ops = RT_OP(CONV2D) | RT_OP(DEFORM_CONV2D),
    .knobs = knobs,
    .nknobs = NKNOBS,
    .refuse = refuse,
    .guess = guess,
    .phases = phases,
    .explain = explain,
    .emit = emit,
};
