/* points.c: points as numbers, sets of them, and moves between them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/points.h"

#include <stdlib.h>

static const uint64_t MAX_COUNT = UINT64_MAX / 2;

static uint64_t lowering_count(const SearchSpace *s, int lowering)
{
    uint64_t n = 1;
    for (int i = 0; i < s->dims(s->self, lowering); i++) {
        uint64_t choices = (uint64_t)s->choices(s->self, lowering, i);
        n = n > MAX_COUNT / choices ? MAX_COUNT : n * choices;
    }
    return n;
}

uint64_t points_count(const SearchSpace *s)
{
    uint64_t sum = 0;
    for (int i = 0; i < s->nlowerings; i++) {
        uint64_t n = lowering_count(s, i);
        sum = sum > MAX_COUNT - n ? MAX_COUNT : sum + n;
    }
    return sum;
}

uint64_t points_number(const SearchSpace *s, const SearchPoint *p)
{
    uint64_t number = 0, unit = 1;
    for (int i = 0; i < s->dims(s->self, p->at[0]); i++) {
        number += unit * (uint64_t)p->at[i + 1];
        unit *= (uint64_t)s->choices(s->self, p->at[0], i);
    }
    for (int i = 0; i < p->at[0]; i++)
        number += lowering_count(s, i);
    return number;
}

SearchPoint points_at(const SearchSpace *s, uint64_t number)
{
    SearchPoint p = { { 0 } };
    while (p.at[0] + 1 < s->nlowerings && number >= lowering_count(s, p.at[0]))
        number -= lowering_count(s, p.at[0]++);
    for (int i = 0; i < s->dims(s->self, p.at[0]); i++) {
        uint64_t choices = (uint64_t)s->choices(s->self, p.at[0], i);
        p.at[i + 1] = (int)(number % choices);
        number /= choices;
    }
    return p;
}

/* ---- sets ---------------------------------------------------------------------------------- */

/* The slot of a number, or the free one where it would go. */
static uint64_t find(const PointSet *set, uint64_t number)
{
    uint64_t at = (number * 0x9e3779b97f4a7c15u) >> 20;
    for (at &= set->room - 1; set->slot[at] && set->slot[at] != number + 1;)
        at = (at + 1) & (set->room - 1);
    return at;
}

static int grow(PointSet *set)
{
    PointSet larger = { .room = set->room ? 2 * set->room : 256, .count = set->count };
    larger.slot = calloc(larger.room, sizeof *larger.slot);
    if (!larger.slot)
        return -1;
    for (uint64_t i = 0; i < set->room; i++)
        if (set->slot[i])
            larger.slot[find(&larger, set->slot[i] - 1)] = set->slot[i];
    free(set->slot);
    *set = larger;
    return 0;
}

int points_add(PointSet *set, uint64_t number)
{
    if (2 * (set->count + 1) > set->room && grow(set))
        return -1;
    uint64_t at = find(set, number);
    if (set->slot[at])
        return 0;
    set->slot[at] = number + 1;
    set->count++;
    return 1;
}

bool points_has(const PointSet *set, uint64_t number)
{
    return set->room && set->slot[find(set, number)] != 0;
}

/* ---- moves --------------------------------------------------------------------------------- */

static int any(rt_rng *r, int n)
{
    return (int)(rt_rng_next(r) % (uint64_t)n);
}

static void draw_knob(const SearchSpace *s, rt_rng *r, SearchPoint *p, int knob)
{
    p->at[knob + 1] = any(r, s->choices(s->self, p->at[0], knob));
}

/* Any point of the lowering, until one is legal; 0 if none is. */
static int draw_blindly(const SearchSpace *s, rt_rng *r, int draws, SearchPoint *p)
{
    const int dims = s->dims(s->self, p->at[0]);
    while (draws-- > 0) {
        for (int i = 0; i < dims; i++)
            draw_knob(s, r, p, i);
        if (s->legal(s->self, p))
            return 1;
    }
    return 0;
}

/* From a legal point through legal ones, up to three knobs at a time.  A step is as likely as the one back, so that
** in the end no point is likelier than another. */
static void walk(const SearchSpace *s, rt_rng *r, SearchPoint *p)
{
    enum { STEPS = 96, KNOBS = 3 };
    const int dims = s->dims(s->self, p->at[0]);
    for (int i = 0; i < STEPS && dims; i++) {
        SearchPoint q = *p;
        for (int moved = 1 + any(r, KNOBS); moved; moved--)
            draw_knob(s, r, &q, any(r, dims));
        if (s->legal(s->self, &q))
            *p = q;
    }
}

void points_walk_from(PointWalk *w, const SearchPoint *p)
{
    w->at[p->at[0]] = *p;
    w->state[p->at[0]] = WALK_STANDS;
}

/* A small kernel has one legal point in ten thousand: drawing blindly is given up soon once there is another way. */
int points_draw(const SearchSpace *s, PointWalk *w, rt_rng *r, SearchPoint *out)
{
    enum { DRAWS = 64, FIRST_DRAWS = 400000 };
    const int lowering = any(r, s->nlowerings);
    const bool stands = w->state[lowering] == WALK_STANDS;
    *out = (SearchPoint){ { lowering } };
    if (w->state[lowering] == WALK_NOWHERE)
        return 0;
    if (!draw_blindly(s, r, stands ? DRAWS : FIRST_DRAWS, out)) {
        if (!stands) {
            w->state[lowering] = WALK_NOWHERE;
            return 0;
        }
        *out = w->at[lowering];
        walk(s, r, out);
    }
    points_walk_from(w, out);
    return 1;
}

SearchPoint points_cross(const SearchSpace *s, rt_rng *r, const SearchPoint *a,
                         const SearchPoint *b)
{
    SearchPoint child = *a;
    int dims = s->dims(s->self, a->at[0]);
    for (int i = 1; i <= dims; i++)
        child.at[i] = any(r, 2) ? a->at[i] : b->at[i];
    if (dims && any(r, 2)) {
        int i = any(r, dims);
        child.at[i + 1] = any(r, s->choices(s->self, a->at[0], i));
    }
    return child;
}
