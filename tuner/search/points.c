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

static void draw_knobs(const SearchSpace *s, rt_rng *r, SearchPoint *p)
{
    for (int i = 0; i < s->dims(s->self, p->at[0]); i++)
        p->at[i + 1] = any(r, s->choices(s->self, p->at[0], i));
}

int points_draw(const SearchSpace *s, rt_rng *r, SearchPoint *out)
{
    enum { DRAWS = 40000 };
    *out = (SearchPoint){ { any(r, s->nlowerings) } };
    for (int i = 0; i < DRAWS; i++) {
        draw_knobs(s, r, out);
        if (s->legal(s->self, out))
            return 1;
    }
    return 0;
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
