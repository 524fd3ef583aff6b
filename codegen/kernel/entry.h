/* entry.h: what the lowerings share: the five entry points around a lowering's own loops.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_LOWER_H
#define DCN_CODEGEN_LOWER_H

#include "codegen/kernel/problem.h"

extern const struct Lowering lower_direct, lower_tiled, lower_aggregate, lower_project,
    lower_stages, lower_roi;

/* Estimated ns of the direct lowering, with so many lanes and output channels that share a sample. */
double direct_cost(const dcn_spec *s, int lanes, int outs, int threads);

/* Begin a function of the kernel, exported unless it is a part of another: NAME + suffix. */
void lower_entry(Emit *e, const dcn_spec *s, const char *suffix, LLVMTypeRef result, int nargs,
                 const LLVMTypeRef *args);

/* run(args, phase, first, last, workspace, thread): begin it. */
void lower_run_begin(Emit *e, const dcn_spec *s);
enum { RUN_ARGS, RUN_PHASE, RUN_FIRST, RUN_LAST, RUN_WORKSPACE, RUN_THREAD };

/* tasks(args, phase) from the number of tasks of each phase; count(e, pb, phase, self). */
typedef idx (*LowerCount)(Emit *e, const Problem *pb, int phase, const void *self);
void lower_tasks(Emit *e, const dcn_spec *s, int phases, LowerCount count, const void *self);

/* workspace_bytes = shared(sizes) + threads * thread_bytes */
typedef idx (*LowerShared)(Emit *e, const Problem *pb, const void *self);
void lower_workspace(Emit *e, const dcn_spec *s, LowerShared shared, int64_t thread_bytes,
                     const void *self);

/* packed_bytes(which) = bytes, of the one operand that is packed */
void lower_packed_bytes(Emit *e, const dcn_spec *s, int64_t bytes);

/* pack(which, from, packed): begin it. */
void lower_pack_begin(Emit *e, const dcn_spec *s);
enum { PACK_WHICH, PACK_FROM, PACK_TO };

/* Whether a tile of the next smaller choice already covers a map of `size` rows or columns; size <= 0: not known. */
struct Knob;
int lower_idle(const struct Knob *q, int value, int64_t size);

/* Split a task number into n, row, column given how many rows and columns of tasks an image has. */
void lower_split(Emit *e, idx task, idx rows, idx cols, idx out[3]);

#endif
