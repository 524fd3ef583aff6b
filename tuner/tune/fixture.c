/* fixture.c: all that checking and timing a kernel needs and that does not depend on its schedule.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/fixture.h"
#include "tuner/tune/apart.h"

#include <stdlib.h>

/* The reference has been asked; what is kept is copied by every fork. */
static void drop_exact(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        if (o->tensor[i].role == DCN_WEIGHT)
            continue;
        free(o->exact[i]);
        o->exact[i] = NULL;
    }
}

static int open_case(Fixture *r, const FixtureFor *f, rt_rng *rng, dcn_error *err)
{
    int i = r->ncases++;
    FixtureCase *c = &r->at[i];
    if (tune_operands_open(&c->operands, NULL, f->bound, err) ||
        tune_fill_inputs(&c->operands, rng, err))
        return -1;
    c->operands.target = f->target;
    if (i == 0 && tune_offsets_fill(f->offsets, &c->operands, rng, err))
        return -1;
    if (i > 0)
        tune_fill_case(&c->operands, &tune_mixed, rng);
    c->name = i ? tune_mixed.name : f->offsets->name;
    if (tune_avoid_kinks(&c->operands, err) ||
        apart_expect(&c->expected, &c->operands, rng, f->stop, err) < 0)
        return -1;
    drop_exact(&c->operands);
    return 0;
}

int fixture_open(Fixture *r, const FixtureFor *f, dcn_error *err)
{
    rt_rng rng = rt_rng_seed(f->seed);
    *r = (Fixture){
        .spec = f->spec, .bound = *f->bound, .target = f->target, .threads = f->threads
    };
    int known;
    tune_cases_of(f->bound, &known);
    const int cases = known > 1 ? FIXTURE_CASES : 1; /* one case has nothing to mix */
    for (int i = 0; i < cases && !(f->stop && *f->stop); i++)
        if (open_case(r, f, &rng, err))
            return -1;
    return 0;
}

void fixture_close(Fixture *r)
{
    for (int i = 0; i < r->ncases; i++) {
        expected_close(&r->at[i].expected);
        tune_operands_close(&r->at[i].operands);
    }
    r->ncases = 0;
}
