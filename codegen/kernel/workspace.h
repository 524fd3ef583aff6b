/* workspace.h: what lies where in the workspace, in a thread's part and in what tasks share.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_WORKSPACE_H
#define DCN_CODEGEN_WORKSPACE_H

#include "codegen/ir/emit.h"

enum {
    CACHE_LINE = 64,  /* bytes, on every machine of the table */
    PAGE_BYTES = 4096 /* what one way of an L1 usually holds: addresses a page apart share a set */
};

/* Bytes of workspace that a thread may have, chosen: many times what any L2 holds, so what is larger is no tile. */
#define KERNEL_MAX_THREAD_BYTES ((int64_t)32 << 20)

/* Buffers are laid out one after another; begin with { 0 }. */
typedef struct WorkspaceLayout {
    int64_t end;
} WorkspaceLayout;

/* Offset, in bytes, of a buffer of so many bytes; it begins on a cache line. */
int64_t workspace_add(WorkspaceLayout *w, int64_t bytes);

/* The next `bytes` of what tasks share, from *total on, which then is where the next cache line begins; without a
** workspace only they are counted. */
addr workspace_take(Emit *e, addr workspace, idx bytes, idx *total);

/* Bytes from one thread's part to the next: whole pages and an odd number of lines.  So two
** threads never share a line, and buffers at the same offset of two threads that share a cache do
** not compete for its same sets. */
int64_t workspace_thread_bytes(const WorkspaceLayout *w);

/* Elements from a row of a matrix to the next, given that a row has at least n of them and a
** cache line holds per_line: whole lines, and an odd number of them.  Rows an even number of
** lines apart would share few sets. */
int workspace_pad_stride(int n, int per_line);

#endif
