/* lowering.h: ways to compute a Spec, and the choices each leaves open.
**
** A Lowering declares its knobs in a table; a Schedule is one lowering with one
** value for each of its knobs.  Its text form is `tiled mr=6 nv=4 ...`.
**
**     refuse   NULL if the schedule is legal for this spec and target, else why not
**     guess    a good schedule without measuring; always legal if any is
**     cost     estimated ns of one call, to order and prune by; NULL: unknown
**     emit     append the kernel to a module; cannot fail on a legal schedule
**
** `rev` is bumped when the emitted code changes; it is part of every cache key.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_LOWERING_H
#define DCN_CODEGEN_LOWERING_H

#include <dcngen.h>

enum { MAX_KNOBS = 16, MAX_CHOICES = 16 };

/* One choice that a lowering leaves open.  Lowerings may share a row. */
typedef struct Knob {
    const char *name, *meaning;
    int guess; /* one of the choices: what a guess begins with, before it looks at spec and target */
    int nchoices;
    int choice[MAX_CHOICES];
} Knob;

/* The choices of a row: { .name = "unroll", .meaning = "...", .guess = 2, CHOICES(1, 2, 4) } */
#define CHOICES(...)                                                                               \
    .nchoices = (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), .choice = { __VA_ARGS__ }

struct Emit;
struct Kernel;

typedef struct Lowering {
    const char *name, *summary;
    int rev;
    unsigned ops; /* operators it can compile, bit 1 << op; only for these is the rest called */
    const Knob *const *knobs;
    int nknobs;
    const char *(*refuse)(const dcn_spec *s, const dcn_target *t, const int *k);
    void (*guess)(const dcn_spec *s, const dcn_target *t, int *k);
    double (*cost)(const dcn_spec *s, const dcn_target *t, const int *k, int threads);
    /* A few lines on what this schedule means: working sets, registers. */
    void (*explain)(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size);
    /* The kernel that is asked for, see kernel/entry.h. */
    void (*emit)(struct Emit *e, struct Kernel *kernel, const dcn_target *t, const int *k);
} Lowering;

typedef struct Schedule {
    const Lowering *lowering;
    int k[MAX_KNOBS];
} Schedule;

/* All lowerings, ended by NULL. */
extern const Lowering *const cg_lowerings[];

/* Whether it can compile the operator of the spec at all. */
int sched_takes(const Lowering *how, const dcn_spec *s);

/* The best guess over all lowerings; -1 with the reasons if every one refuses. */
int sched_guess(const dcn_spec *s, const dcn_target *t, Schedule *out, dcn_error *err);

/* Text to schedule.  A lowering name alone, or with some knobs, is completed by its guess; knobs
** alone narrow the best guess.  -1 with a message for an unknown name, a value outside the
** space (the allowed ones are listed) or a refused combination (with the reason). */
int sched_parse(const char *text, const dcn_spec *s, const dcn_target *t, Schedule *out,
                dcn_error *err);

/* Every knob written; parsing it gives the same schedule.  Returns the length, as snprintf does. */
int sched_print(const Schedule *sc, char *buf, size_t size);

/* Walk the legal schedules of sc->lowering in order; 0 when there are no more. */
int sched_first(Schedule *sc, const dcn_spec *s, const dcn_target *t);
int sched_next(Schedule *sc, const dcn_spec *s, const dcn_target *t);

/* What the knob of that name means, in a few words; "" if that lowering has none of the name. */
const char *sched_knob_meaning(const char *lowering, const char *knob);

#endif
