/* explain.c: what a tiled schedule means, in a few lines.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/tiled/tiled.h"

#include <stdio.h>

static long long kib(int64_t elements, const TiledPlan *p)
{
    return (long long)elements * p->fp_bytes / 1024;
}

static void add_parts(const TiledPlan *p, char *buf, size_t size)
{
    const TiledParts *a = &p->parts;
    const char *sums = tiled_sums_parts(p) ? ", whose partial sums a last phase adds up" : "";
    if (tiled_parts(p) > 1)
        snprintf(buf, size, "tasks of a tile: %d over output x %d over input channels%s\n",
                 a->oc_parts, a->ic_parts, sums);
}

void tiled_explain(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size)
{
    TiledPlan p = tiled_plan(s, t, k);
    const TiledShape *tile = &p.tile;
    int64_t kc = (int64_t)p.groups.channel_block * p.groups.tap_block;
    int n = snprintf(
        buf, size,
        "registers: %d sums, %d weights, 1 broadcast, of %d\n"
        "column tile%s: %d pixels x %lld deep = %lld KiB (L2 %lld KiB)\n"
        "panel of the column: %lld KiB, block of weights: %lld KiB (L1 %lld KiB)\n"
        "weights: %lld KiB packed, read once per tile of %d x %d pixels\n"
        "workspace: %lld KiB per thread%s\n",
        tile->mr * tile->nv, tile->nv, t->registers,
        tile->implicit_gemm ? ", of which only what needs the map's border is filled" : "",
        tile->pixels, (long long)kc, kib((int64_t)tile->pixels * p.scratch.column_stride, &p),
        (long long)t->l2_bytes / 1024, kib((int64_t)tile->mr * p.scratch.column_stride, &p),
        kib(kc * tile->nr, &p), (long long)t->l1_bytes / 1024, kib(p.packed_elements, &p), tile->th,
        tile->tw, (long long)p.scratch.bytes / 1024,
        tiled_repacks(&p) ? ", and copies of one block of images, or two" : "");
    if (n > 0 && (size_t)n < size)
        add_parts(&p, buf + n, size - (size_t)n);
}
