/* kernel.h: a compiled kernel in memory, whoever compiled it.
**
** The five entry points are the whole binary interface between generated code
** and its caller; the C header that is emitted beside an object says the same:
**
**     args       { void *tensor[n]; int64_t batch, height, width, rois; uint64_t accumulate; },
**                tensors as in dcn_spec_tensors, weights packed; the sizes are read only where
**                dynamic, and the last by kernels of gradients only: bit i says that tensor i is
**                added to; gradients that are NULL are not computed
**     tasks      how many tasks phase 0, 1, ... has; -1 past the last phase.  Tasks of one
**                phase may run in any order and at the same time; phases follow one another
**     run        tasks first <= i < last of one phase, as thread number `thread`
**     workspace  64-byte aligned; shared by all threads of one call
**     pack       operand `which`, counted in the order of dcn_spec_tensors, as run wants it; only
**                for operands of role DCN_WEIGHT, of which each has its own packed_bytes
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_KERNEL_H
#define DCN_RUNTIME_KERNEL_H

#include <dcngen.h>
#include <stdbool.h>

typedef struct rt_entry {
    void (*run)(const void *args, int64_t phase, int64_t first, int64_t last, void *workspace,
                int64_t thread);
    int64_t (*tasks)(const void *args, int64_t phase);
    int64_t (*workspace_bytes)(int64_t batch, int64_t height, int64_t width, int64_t rois,
                               int64_t threads);
    void (*pack)(int64_t which, const void *weight, void *packed);
    int64_t (*packed_bytes)(int64_t which);
} rt_entry;

/* Symbol = spec name + suffix, in the order of rt_entry. */
#define RT_ENTRY_SUFFIXES                                                                          \
    {                                                                                              \
        "_run", "_tasks", "_workspace_bytes", "_pack", "_packed_bytes"                             \
    }

/* What an object for several CPUs has besides. */
#define RT_VARIANT_SUFFIXES                                                                        \
    {                                                                                              \
        "_variant", "_variant_why", "_choose_variant"                                              \
    }

/* Bytes of a symbol of a kernel: its name, and the longest of these. */
enum { RT_SYMBOL_MAX = DCN_NAME_MAX + 32 };

/* Layers that run side by side in one phase, at most. */
enum { RT_PHASE_LAYERS = 4 };

/* One phase of a network's call. */
typedef struct rt_phase {
    double ns;                     /* on one thread, as estimated; 0: unknown */
    int n;                         /* layers of the network as it is compiled, whose it is */
    int layer[RT_PHASE_LAYERS];    /* -1: of none, a layout is changed */
    double share[RT_PHASE_LAYERS]; /* of the time, as estimated */
} rt_phase;

struct dcn_kernel {
    dcn_spec spec; /* holds a reference of its network */
    dcn_target target;
    dcn_choice choice;
    rt_entry entry;
    double ns_per_flop; /* of one thread, as estimated; 0: unknown */
    rt_phase *phase;    /* of a network, nphases of them, owned; else NULL */
    int nphases;
    size_t code_bytes;
    void *owner;                  /* of the machine code */
    void (*release)(void *owner); /* called by dcn_kernel_free */
};

/* dcn_execute.  all_threads: on as many as the call says, however little there is to do. */
int rt_execute(const dcn_kernel *k, const dcn_call *call, bool all_threads, dcn_error *err);

#endif
