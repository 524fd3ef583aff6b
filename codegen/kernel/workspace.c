/* workspace.c: offsets of buffers, and distances that spread over the sets of a cache.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/workspace.h"
#include "codegen/kernel/intmath.h"

/* Lines by which the parts of threads are skewed against whole pages: odd, and more than the
** adjacent lines that hardware prefetchers fetch together. */
enum { SKEW_LINES = 5 };

int64_t workspace_add(WorkspaceLayout *w, int64_t bytes)
{
    int64_t at = w->end;
    w->end = int_round_up(at + bytes, CACHE_LINE);
    return at;
}

addr workspace_take(Emit *e, addr workspace, idx bytes, idx *total)
{
    addr at = workspace;
    if (at.v)
        at = p_at_bytes(e, workspace, *total);
    *total = x_add(e, *total, x_round_up(e, bytes, CACHE_LINE));
    return at;
}

int64_t workspace_thread_bytes(const WorkspaceLayout *w)
{
    return int_round_up(w->end, PAGE_BYTES) + SKEW_LINES * CACHE_LINE;
}

int workspace_pad_stride(int n, int per_line)
{
    return (int)(int_ceil_div(n, per_line) | 1) * per_line;
}
