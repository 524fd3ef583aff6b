/* lane_sums.c: several horizontal sums at once: each step adds halves of two vectors.
**
** A vector with m sums under way has m blocks of lanes.  Two of them become one with 2m blocks of half
** as many lanes: the lower halves of all blocks, plus the upper ones.  Halves change places in parts of
** 16 bytes, or within one, which shuffles without an index register do on x86.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/scatter/scatter.h"

enum { PART_BYTES = 16 };

/* A vector: which sum each of its blocks is of. */
typedef struct LaneSums {
    fvec x;
    int of[EMIT_MAX_LANES];
} LaneSums;

/* Lanes of a and b, as one list, that are the lower (upper: `half`) halves of their blocks of `width`
** lanes; of[lane] says whose sum a lane of the result is part of. */
static void halves(const Emit *e, const LaneSums *const ab[2], int width, int half, int *from,
                   int *of)
{
    const int part = PART_BYTES / e->fp_bytes, h = width / 2;
    const int run = h >= part || e->lanes < part ? e->lanes : part;
    int n = 0;
    for (int first = 0; first < e->lanes; first += run)
        for (int which = 0; which < 2; which++)
            for (int lane = first; lane < first + run; lane++)
                if (lane % width / h == half) {
                    from[n] = lane + which * e->lanes;
                    of[n++] = ab[which]->of[lane];
                }
}

static LaneSums add_halves(Emit *e, const LaneSums *a, const LaneSums *b, int width)
{
    int lower[EMIT_MAX_LANES], upper[EMIT_MAX_LANES];
    const LaneSums *const ab[2] = { a, b };
    LaneSums both;
    halves(e, ab, width, 0, lower, both.of);
    halves(e, ab, width, 1, upper, both.of);
    both.x = f_add(e, f_shuffle(e, a->x, b->x, lower), f_shuffle(e, a->x, b->x, upper));
    return both;
}

/* All of them in one vector; an odd one is added to itself. */
static LaneSums add_all(Emit *e, LaneSums *s, int n)
{
    for (int width = e->lanes; width > 1; width /= 2) {
        for (int i = 0; i < n; i += 2)
            s[i / 2] = add_halves(e, &s[i], &s[i + 1 < n ? i + 1 : i], width);
        n = (n + 1) / 2;
    }
    return s[0];
}

/* Lane i of the result is the sum of x[i]. */
fvec scatter_lane_sums(Emit *e, const fvec *x, int n)
{
    LaneSums s[EMIT_MAX_LANES];
    int from[EMIT_MAX_LANES] = { 0 };
    for (int i = 0; i < n; i++) {
        s[i].x = x[i];
        for (int lane = 0; lane < e->lanes; lane++)
            s[i].of[lane] = i;
    }
    LaneSums all = add_all(e, s, n);
    for (int lane = e->lanes - 1; lane >= 0; lane--)
        from[all.of[lane]] = lane;
    return f_permute(e, all.x, from);
}
