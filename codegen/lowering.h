/* lowering.h: ways to compute a Spec, and the choices each leaves open.
**
** A Lowering declares its knobs in a table; a Schedule is one lowering with one value for each of
** its knobs.  Its text form is `tiled mr=6 nv=4 ...`.
**
**     refuse   NULL if the schedule is legal for this spec and target, else why not
**     guess    a good schedule without measuring; always legal if any is
**     phases   what each phase of a call is expected to take, to order and prune by; NULL: unknown
**     emit     append the kernel to a module; cannot fail on a legal schedule
**
** A composite lowering has no knobs but parts: operators with specs of their own, each with a
** schedule of its own.  Its text form is `stages offset={tiled mr=6 ...} core={aggregate ...}`.
**
**     parts       names and specs of the parts
**     emit_parts  append the kernel, given a schedule for each part
**
** `rev` is bumped when the emitted code changes; it is part of every cache key.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_LOWERING_H
#define DCN_CODEGEN_LOWERING_H

#include "runtime/spec/op.h"

#include <dcngen.h>

/* MAX_LOWERINGS: of all kinds; no spec has more to choose from.  MAX_PHASES: of one lowering, no
** composite.  MAX_TASK_KINDS: sizes that tasks of a phase have; tiles of a map have four at most, those
** inside, at its right edge, at its lower one and at both. */
enum { MAX_KNOBS = 20, MAX_CHOICES = 16, MAX_LOWERINGS = 12, MAX_PHASES = 4, MAX_TASK_KINDS = 4 };

/* One choice that a lowering leaves open.  Lowerings may share a row. */
typedef struct Knob {
    const char *name, *meaning;
    int guess; /* one of the choices: what a guess begins with, before it looks at spec and target */
    bool for_threads; /* of no use to one thread: there it stays as `guess` */
    int nchoices;
    int choice[MAX_CHOICES];
} Knob;

/* The choices of a row: { .name = "unroll", .meaning = "...", .guess = 2, CHOICES(1, 2, 4) } */
#define CHOICES(...)                                                                               \
    .nchoices = (int)(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int)), .choice = { __VA_ARGS__ }

/* One operator that a composite is made of. */
typedef struct LoweringPart {
    char name[DCN_NAME_MAX]; /* in schedules */
    dcn_spec spec;           /* as a user would write it for a kernel of its own */
    int times;               /* how often it runs in a call */
} LoweringPart;

/* Tasks of one size. */
typedef struct TaskCost {
    double tasks, ns;
} TaskCost;

/* The tasks of a phase, which may run at the same time, and what one of them takes on average.
** Where they differ, as tiles at the edges of a map do, kind[] says how many there are of each
** size; else nkinds is 0.  in_turns: the sizes are mixed, as tiles of a map are row by row; else those of one kind
** come after those of the kind before. */
typedef struct PhaseCost {
    double tasks, ns;
    bool in_turns;
    int nkinds;
    TaskCost kind[MAX_TASK_KINDS];
} PhaseCost;

struct Emit;
struct Kernel;
struct SchedPart;

typedef struct Lowering {
    const char *name, *summary;
    int rev;
    /* Operators it can compile, and operators whose gradients it can; only for these is the rest
    ** called. */
    rt_op_set ops, gradient_ops;
    bool (*takes)(const dcn_spec *s); /* whether it can this spec of theirs; NULL: all */
    const Knob *const *knobs;
    int nknobs;
    const char *(*refuse)(const dcn_spec *s, const dcn_target *t, const int *k);
    /* threads: how many will run it; 0: unknown. */
    void (*guess)(const dcn_spec *s, const dcn_target *t, int threads, int *k);
    /* How many phases, and each of them in the order of the kernel's. */
    int (*phases)(const dcn_spec *s, const dcn_target *t, const int *k, PhaseCost out[MAX_PHASES]);
    /* A few lines on what this schedule means: working sets, registers. */
    void (*explain)(const dcn_spec *s, const dcn_target *t, const int *k, char *buf, size_t size);
    /* The kernel that is asked for, see kernel/entry.h. */
    void (*emit)(struct Emit *e, struct Kernel *kernel, const dcn_target *t, const int *k);

    /* What a composite has instead of all from `knobs` on.  parts: how many there are, in *out, which is
    ** malloc'ed; -1 without memory.  emit_parts: -1 without memory; the module is then of no
    ** use. */
    int (*parts)(const dcn_spec *s, LoweringPart **out);
    int (*emit_parts)(struct Emit *e, struct Kernel *kernel, const dcn_target *t,
                      const struct SchedPart *part);
    /* Whether there may be more parts than a text has room for: a schedule is printed with those parts only
    ** that somebody gave it; the others are as known, else guessed, when the text is read again. */
    bool is_brief;
} Lowering;

/* A plain value.  A composite's parts are one block of memory that belongs to whoever made the
** schedule with sched_guess, sched_parse or sched_copy; a copy by assignment borrows it. */
typedef struct Schedule {
    const Lowering *lowering;
    int k[MAX_KNOBS];
    struct SchedPart *part; /* in the order of lowering->parts; NULL: it has knobs */
    int nparts;
} Schedule;

typedef struct SchedPart {
    char name[DCN_NAME_MAX];
    Schedule sched;
    bool given; /* by a text, in place of what is known or guessed */
} SchedPart;

/* Somebody who may know a better schedule than a guess, as from measuring; codegen asks for parts
** of composites.  ask: 1 and *out, which the caller frees; 0: nothing is known, *out is as it
** was. */
typedef struct SchedKnown {
    int (*ask)(void *self, const dcn_spec *s, const dcn_target *t, Schedule *out);
    void *self;
} SchedKnown;

/* What a schedule is wanted for; pointers are borrowed. */
typedef struct SchedFor {
    const dcn_spec *s;
    const dcn_target *t;
    int threads;             /* how many will run it; 0: unknown */
    const SchedKnown *known; /* NULL: nothing is */
} SchedFor;

/* All lowerings, ended by NULL. */
extern const Lowering *const cg_lowerings[];

/* Whether a lowering can compile the operator of the spec, or its gradients where it asks for these, at
** all. */
int sched_takes(const Lowering *lowering, const dcn_spec *s);

/* The best guess over all lowerings; -1 with the reasons if every one refuses.  The parts of a
** composite are those that are known, else guessed.  Freed by sched_free, as that of
** sched_parse. */
int sched_guess(const SchedFor *f, Schedule *out, dcn_error *err);

/* Text to schedule.  A lowering name alone, or with some knobs, is completed by its guess; knobs
** alone narrow the best guess.  Parts of a composite that are not named, and what their text leaves
** open, are as known, else guessed.  -1 with a message for an unknown name, a value outside the
** space (the allowed ones are listed) or a refused combination (with the reason); it begins with
** the stage. */
int sched_parse(const char *text, const SchedFor *f, Schedule *out, dcn_error *err);

/* Every knob written; parsing it gives the same schedule, but see Lowering.is_brief.  Returns the length, as snprintf
** does. */
int sched_print(const Schedule *sc, char *buf, size_t size);

/* The text that a composite's schedule text has for the part of that name, as it was written: 1 and
** *out, DCN_SCHEDULE_MAX bytes; 0: none. */
int sched_part_text(const char *text, const char *name, char *out);

/* The first of the parts up to number i that is the same kernel, under whatever name: perhaps i
** itself. */
int sched_part_like(const LoweringPart *part, int i);

void sched_free(Schedule *sc);                      /* it may be none: lowering NULL */
int sched_copy(const Schedule *from, Schedule *to); /* with parts of its own; -1 without memory */
bool sched_equal(const Schedule *a, const Schedule *b);

/* The revision of the code that a schedule's text stands for, as sched_print writes it: that of its
** lowering, and of those of a composite's parts as one number; those of all lowerings, where parts are
** not written.  -1: there is no such lowering. */
int sched_rev(const char *lowering, const char *text);

/* How many times as fast on f->threads threads, by the account of balance.h, as on one thread what
** is guessed for one: f->threads * balance * (that time / the time of sc on one thread).  0:
** unknown. */
double sched_speedup(const Schedule *sc, const SchedFor *f);

/* Append the kernel that is asked for to a module.  -1 without memory; the module is then of no
** use. */
int sched_emit(const Schedule *sc, struct Emit *e, struct Kernel *kernel, const dcn_target *t);

/* Walk the legal schedules of sc->lowering, no composite, in order; 0 when there are no more. */
int sched_first(Schedule *sc, const dcn_spec *s, const dcn_target *t);
int sched_next(Schedule *sc, const dcn_spec *s, const dcn_target *t);

/* What the knob of that name means, in a few words; "" if that lowering has none of the name. */
const char *sched_knob_meaning(const char *lowering, const char *knob);

/* The number of a value among a knob's choices; -1: it is none of them. */
int sched_choice(const Knob *q, int value);

#endif
