/* guess_threads.c: the tiles of a guess cut up, until there is work for all threads.
**
** A guess is made for one or two threads first.  Many threads want more tasks than a small map has
** such tiles: smaller tiles, or parts of tiles over output or input channels.  Each costs something
** (weights read again, columns sampled again, partial sums), so the account of balance.h chooses
** among all of them: the time of the phases on so many threads.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/balance.h"
#include "codegen/kernel/cost.h"
#include "codegen/kernel/intmath.h"
#include "codegen/tiled/tiled.h"

#include <string.h>

/* Pixels of a tile that may be shared by several tasks where the guess for few threads has smaller
** tiles, so that each of two has one: the weights of a tile pay for so many. */
enum { WHOLE_TILE = 128 };

/* Tasks for each thread beyond which parts of tiles are of no use: chosen, as is WHOLE_TILE. */
enum { ENOUGH = 4 };

/* The cheapest schedule so far. */
typedef struct Spread {
    const dcn_spec *s;
    const dcn_target *t;
    int threads;
    int k[TILED_NKNOBS];
    double ns, limit; /* its time; what others must be below */
} Spread;

static void consider(Spread *x, const int *k)
{
    if (tiled_refuse(x->s, x->t, k))
        return;
    double ns = balance_call_ns(tiled_phases, x->s, x->t, x->threads, k);
    if (ns >= x->limit)
        return;
    memcpy(x->k, k, sizeof x->k);
    x->ns = x->limit = ns;
}

/* Blocks of channels that a part over input channels can be made of: the largest, none larger than
** the guess's.  false: channels are too few. */
static bool cut_channels(const Spread *x, int ic, int *k)
{
    const Knob *q = &tiled_knobs[TILED_KC_CHANNELS];
    int64_t part = x->s->in_channels / x->s->groups / ic;
    int most = k[TILED_KC_CHANNELS], best = 0;
    for (int i = 0; i < q->nchoices; i++)
        if (q->choice[i] > best && q->choice[i] <= part && (!most || q->choice[i] <= most))
            best = q->choice[i];
    k[TILED_KC_CHANNELS] = best;
    return best > 0;
}

/* All ways to share tiles of this size; `tiles` of them cover the map. */
static void split_tiles(Spread *x, const int *guess, int64_t tiles)
{
    const Knob *ic = &tiled_knobs[TILED_IC_SPLIT], *oc = &tiled_knobs[TILED_OC_SPLIT];
    for (int i = 0; i < ic->nchoices * oc->nchoices; i++) {
        int k[TILED_NKNOBS];
        memcpy(k, guess, sizeof k);
        k[TILED_IC_SPLIT] = ic->choice[i % ic->nchoices];
        k[TILED_OC_SPLIT] = oc->choice[i / ic->nchoices];
        int parts = k[TILED_IC_SPLIT] * k[TILED_OC_SPLIT];
        if (parts == 1 || tiles * parts > (int64_t)ENOUGH * x->threads)
            continue;
        if (k[TILED_IC_SPLIT] > 1) {
            k[TILED_OFFSET_CHUNK] = 0;
            k[TILED_PREFETCH] = -1; /* it would fetch the channels of all parts */
            if (!cut_channels(x, k[TILED_IC_SPLIT], k))
                continue;
        }
        consider(x, k);
    }
}

static int64_t tiles_of(const dcn_spec *s, const int *k)
{
    int64_t images = s->batch > 0 ? s->batch : 1;
    if (s->height < 0 || s->width < 0)
        return INT64_MAX / MAX_CHOICES / MAX_CHOICES / MAX_CHOICES;
    return images * int_ceil_div(dcn_out_height(s, s->height), k[TILED_TILE_H]) *
           int_ceil_div(dcn_out_width(s, s->width), k[TILED_TILE_W]);
}

void tiled_spread(const dcn_spec *s, const dcn_target *t, int threads, int *k)
{
    const Knob *rows = &tiled_knobs[TILED_TILE_H], *cols = &tiled_knobs[TILED_TILE_W];
    const int guessed = k[TILED_TILE_H] * k[TILED_TILE_W];
    const int most = guessed > WHOLE_TILE ? guessed : WHOLE_TILE;
    Spread x = { .s = s, .t = t, .threads = threads };
    int tile[TILED_NKNOBS];
    if (tiled_refuse(s, t, k))
        return;
    memcpy(x.k, k, sizeof x.k);
    x.ns = balance_call_ns(tiled_phases, s, t, threads, k);
    x.limit = COST_WORTH_IT * x.ns;
    memcpy(tile, k, sizeof tile);
    tile[TILED_OC_SPLIT] = 1;
    for (int i = 0; i < rows->nchoices * cols->nchoices; i++) {
        tile[TILED_TILE_H] = rows->choice[i % rows->nchoices];
        tile[TILED_TILE_W] = cols->choice[i / rows->nchoices];
        if (tile[TILED_TILE_H] * tile[TILED_TILE_W] > most)
            continue;
        consider(&x, tile);
        split_tiles(&x, tile, tiles_of(s, tile));
    }
    memcpy(k, x.k, sizeof x.k);
}
