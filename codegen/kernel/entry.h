/* entry.h: what the lowerings share: the five entry points around a lowering's own loops.
**
** Each is begun or written for a Kernel, which then knows it (see runtime/exec/kernel.h for what they promise).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_ENTRY_H
#define DCN_CODEGEN_ENTRY_H

#include "codegen/kernel/problem.h"

extern const struct Lowering lower_direct, lower_tiled, lower_aggregate, lower_project,
    lower_stages, lower_roi, lower_gradient, lower_roi_gradient, lower_scatter, lower_network;

/* On so many threads a guess is a schedule that timing chose; on more it is altered by the account of costs. */
enum { KERNEL_FEW_THREADS = 2 };

/* Operands of role DCN_WEIGHT of one kernel, at most. */
enum { KERNEL_MAX_PACKED = 8 };

/* A kernel that is being written.  Whoever asks for it says what it computes, and whether it is a part of another, so
** that its functions are seen in its module only; the lowering fills in the rest. */
typedef struct Kernel {
    const dcn_spec *s; /* its name begins those of the functions */
    bool internal;
    LLVMValueRef run, tasks, workspace_bytes, pack, packed_bytes;
    int phases;                        /* of every call; 0: their number depends on the sizes */
    LLVMValueRef count_phases;         /* then, in a part, the function that tells */
    int64_t packed[KERNEL_MAX_PACKED]; /* bytes of each operand that is packed, in calling order */
    int64_t one_thread_bytes; /* of workspace, of one thread, where all sizes are numbers */
    /* All of the workspace is that of threads, so with memory of one any thread may be thread 0. */
    bool unshared;
    /* Bytes that a network needs whose bound of memory is less than that: it cannot be written. */
    int64_t least_bytes;
    const void *constants; /* of a network whose parameters are constants: these, packed */
    /* The phases of what is made of other kernels, where they are known; malloc'ed, whoever asks for the
    ** kernel frees it. */
    struct rt_phase *phase;
} Kernel;

typedef struct RunArgs {
    addr args;
    idx phase, first, last; /* tasks first .. last - 1 of the phase */
    addr workspace;
    idx thread;
} RunArgs;

typedef struct TasksArgs {
    addr args;
    idx phase;
} TasksArgs;

typedef struct WorkspaceArgs {
    idx batch, height, width, rois, threads;
} WorkspaceArgs;

typedef struct PhasesArgs {
    idx batch, height, width, rois;
} PhasesArgs;

typedef struct PackArgs {
    idx which; /* number of the operand */
    addr from, to;
} PackArgs;

typedef struct PackedBytesArgs {
    idx which;
} PackedBytesArgs;

/* Begin an entry point: these are its parameters.  e_fn_end or e_return ends it. */
RunArgs kernel_run_begin(Emit *e, Kernel *k);
TasksArgs kernel_tasks_begin(Emit *e, Kernel *k);
WorkspaceArgs kernel_workspace_begin(Emit *e, Kernel *k);
PackArgs kernel_pack_begin(Emit *e, Kernel *k);
PackedBytesArgs kernel_packed_bytes_begin(Emit *e, Kernel *k);

/* Call those of a kernel that is a part of the one being written. */
void kernel_call_run(Emit *e, const Kernel *k, const RunArgs *in);
idx kernel_call_tasks(Emit *e, const Kernel *k, const TasksArgs *in);
idx kernel_call_phases(Emit *e, const Kernel *k, const PhasesArgs *in);
idx kernel_call_workspace(Emit *e, const Kernel *k, const WorkspaceArgs *in);
void kernel_call_pack(Emit *e, const Kernel *k, const PackArgs *in);
idx kernel_call_packed_bytes(Emit *e, const Kernel *k, const PackedBytesArgs *in);

/* tasks(args, phase) from the number of phases, and of the tasks of each; phases NULL: there is one. */
typedef idx (*KernelPhases)(Emit *e, const Problem *pb, const void *self);
typedef idx (*KernelCount)(Emit *e, const Problem *pb, idx phase, const void *self);
void kernel_tasks(Emit *e, Kernel *k, KernelPhases phases, KernelCount count, const void *self);

/* The end of workspace_bytes: shared + threads * each. */
void kernel_workspace_end(Emit *e, Kernel *k, idx shared, idx threads, idx each);

/* workspace_bytes = shared(sizes) + threads * thread_bytes; shared NULL: nothing is shared */
typedef idx (*KernelShared)(Emit *e, const Problem *pb, const void *self);
void kernel_workspace(Emit *e, Kernel *k, KernelShared shared, int64_t thread_bytes,
                      const void *self);

/* workspace_bytes = shared(sizes) + threads * each(sizes) */
void kernel_workspace_by_size(Emit *e, Kernel *k, KernelShared shared, KernelShared each,
                              const void *self);

/* packed_bytes(which) = bytes, of the one operand that is packed */
void kernel_packed_bytes(Emit *e, Kernel *k, int64_t bytes);

/* The functions pack and packed_bytes of a kernel that packs nothing. */
void kernel_no_weights(Emit *e, Kernel *k);

/* Whether a larger value of a knob is redundant: the next smaller one already covers a map of `size` rows or
** columns; size <= 0: not known. */
struct Knob;
bool kernel_is_redundant_choice(const struct Knob *q, int value, int64_t size);

/* Sets a knob to the value, unless the schedule would be refused. */
typedef const char *(*KernelRefuse)(const dcn_spec *s, const dcn_target *t, const int *k);
void kernel_set_if_legal(KernelRefuse refuse, const dcn_spec *s, const dcn_target *t, int *k,
                         int knob, int value);

/* Split a task number into n, row, column given how many rows and columns of tasks an image has. */
void kernel_split_task(Emit *e, idx task, idx rows, idx cols, idx out[3]);

#endif
