/* operands.h: random tensors for a kernel, as it takes them and as the reference does.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_OPERANDS_H
#define DCN_TUNER_OPERANDS_H

#include "runtime/exec/kernel.h"
#include "tuner/check/cases.h"

typedef struct Operands {
    const dcn_kernel *kernel; /* NULL: none yet, and no packed weights */
    dcn_spec spec;            /* with static sizes */
    int n;                    /* tensors, in calling order */
    rt_operand which[RT_NUM_OPERANDS];
    dcn_tensor tensor[RT_NUM_OPERANDS];
    int64_t count[RT_NUM_OPERANDS]; /* elements */
    double *exact[RT_NUM_OPERANDS]; /* values that the kernel's dtype holds; weight unpacked */
    void *typed[RT_NUM_OPERANDS];   /* the same as dcn_execute wants them; weight packed */
    dcn_parallel_for parallel_for;  /* for tune_run; NULL: dcn_execute's own */
    void *parallel_self;
    bool all_threads;         /* for tune_run: on all threads, however small the kernel */
    const dcn_target *target; /* of the layers of a walked network, for expected_open; borrowed */
    bool full;          /* for expected_open: all elements, however long the reference takes */
    dcn_report *layers; /* for expected_open of a walked network: of its layers; may be NULL */
    bool given;         /* for expected_compare: a user's tensors, which may lead to NaN */
} Operands;

/* Memory for all tensors of a kernel at the sizes of `bound`; k may be NULL.  Close it even after a
** failure. */
int tune_operands_open(Operands *o, const dcn_kernel *k, const dcn_spec *bound, dcn_error *err);
void tune_operands_close(Operands *o);

/* Tensors for another kernel of the same spec: all are shared with `from`, but for the weights,
** which are packed anew.  Drop it before `from` is closed, even after a failure. */
int tune_operands_share(Operands *o, const Operands *from, const dcn_kernel *k, dcn_error *err);
void tune_operands_drop(Operands *o);

/* All inputs; the weights scaled so that outputs are of the order of 1. */
int tune_fill_inputs(Operands *o, rt_rng *r, dcn_error *err);

/* typed[] from exact[]: inputs in the kernel's dtype, weights packed. */
int tune_type_inputs(Operands *o, dcn_error *err);

/* Over these, the inputs of a caller: tensor[i] as dcn_verify_options says. */
void tune_take_inputs(Operands *o, const void *const *tensor);

/* Offsets, masks and rois, where the kernel has them; in modules, the biases they are made with. */
void tune_fill_case(Operands *o, const TuneCase *c, rt_rng *r);

/* After a case was filled: of gradients, nothing that rounding would decide about is asked for. */
int tune_avoid_kinks(Operands *o, dcn_error *err);

/* Every byte of every output becomes 0xff: NaN in any format. */
void tune_poison_outputs(Operands *o);

/* Run the kernel on them; workspace may be NULL. */
int tune_run(const Operands *o, int threads, void *workspace, dcn_error *err);

#endif
