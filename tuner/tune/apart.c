/* apart.c: what the reference says, computed where it can be stopped.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/tune/apart.h"
#include "runtime/base/base.h"
#include "tuner/tune/child.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shared; behind it room for the elements of all outputs, first where they are, then what they are. */
typedef struct SharedExpected {
    bool done;
    dcn_error err;
    rt_rng rng;
    int n, operand[RT_NUM_OPERANDS];
    int64_t count[RT_NUM_OPERANDS];
    bool measured[RT_NUM_OPERANDS]; /* whether elements have what is allowed */
    struct {
        int64_t at;
        double value, allowed;
    } element[];
} SharedExpected;

typedef struct Question {
    const Operands *o;
    SharedExpected *answer;
} Question;

static size_t answer_bytes(const Operands *o)
{
    int64_t n = 0;
    for (int i = 0; i < o->n; i++)
        n += o->tensor[i].role == DCN_OUT ? o->count[i] : 0;
    /* A sample may be larger than a small output, but no output is then sampled. */
    return sizeof(SharedExpected) + (size_t)n * sizeof *((SharedExpected *)0)->element;
}

static void answer(void *self)
{
    const Question *q = self;
    SharedExpected *a = q->answer;
    Expected x;
    int64_t at = 0;
    if (expected_open(&x, q->o, &a->rng, &a->err))
        return;
    a->n = x.n;
    for (int i = 0; i < x.n; i++) {
        a->operand[i] = x.output[i].operand;
        a->count[i] = x.output[i].n;
        a->measured[i] = x.output[i].allowed != NULL;
        for (int64_t k = 0; k < x.output[i].n; k++, at++) {
            a->element[at].at = x.output[i].at[k];
            a->element[at].value = x.output[i].value[k];
            a->element[at].allowed = a->measured[i] ? x.output[i].allowed[k] : 0;
        }
    }
    a->done = true;
}

static int take(Expected *x, const SharedExpected *a, dcn_error *err)
{
    int64_t at = 0;
    for (x->n = 0; x->n < a->n; x->n++) {
        const int i = x->n;
        ExpectedOutput *o = &x->output[i];
        const size_t n = (size_t)a->count[i] + 1;
        *o = (ExpectedOutput){ .operand = a->operand[i],
                               .n = a->count[i],
                               .at = calloc(n, sizeof *o->at),
                               .value = calloc(n, sizeof *o->value),
                               .allowed = a->measured[i] ? calloc(n, sizeof *o->value) : NULL };
        if (!o->at || !o->value || (a->measured[i] && !o->allowed)) {
            x->n++;
            return dcn_fail(err, DCN_EENV, "no memory for what is expected");
        }
        for (int64_t k = 0; k < a->count[i]; k++, at++) {
            o->at[k] = a->element[at].at;
            o->value[k] = a->element[at].value;
            if (o->allowed)
                o->allowed[k] = a->element[at].allowed;
        }
    }
    return 0;
}

static int fail(const SharedExpected *a, const ChildEnd *end, dcn_error *err)
{
    if (end->fate == CHILD_RETURNED)
        return dcn_fail(err, a->err.code, "%s", a->err.text);
    return dcn_fail(err, DCN_EENV, "the process that computes what is expected died: %s",
                    end->signal ? strsignal(end->signal) : end->last_words);
}

int apart_expect(Expected *x, const Operands *o, rt_rng *r, const volatile int *stop,
                 dcn_error *err)
{
    const size_t bytes = answer_bytes(o);
    SharedExpected *a = child_share(bytes, err);
    ChildEnd end;
    *x = (Expected){ .n = 0 };
    if (!a)
        return -1;
    a->rng = *r;
    const ChildWork w = { answer, &(Question){ o, a }, INFINITY, stop };
    int status = child_run(&w, &end, err);
    if (!status && end.fate == CHILD_STOPPED)
        status = 1;
    else if (!status)
        status = a->done ? take(x, a, err) : fail(a, &end, err);
    *r = a->rng;
    child_unshare(a, bytes);
    return status;
}
