/* steps.h: a kernel that is made of kernels, as a list of steps, each a call of one of them with pointers to what it
** reads and writes.  Modules and networks, and the gradients of both, are such lists.
**
** A part is a kernel inside the object; several steps may call it.  A step calls a part with a list of places;
** places are in the operands of the whole kernel, in its workspace, or in an operand that is packed.
**
** Steps run one after another, all tasks of one before those of the next, but for neighbours that do not
** depend on each other (beside.c): these run at one time, the tasks of one after those of the other in the
** same phases.
**
** Where all sizes are numbers, blocks of the workspace have places that are (plan.h).  Else they share slots by when
** they are needed, and how large these are is computed by the code (slots.c).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_STEPS_H
#define DCN_CODEGEN_STEPS_H

#include "codegen/kernel/entry.h"
#include "codegen/lowering.h"
#include "codegen/steps/plan.h"

/* A set of gradients among the kernel's operands, bit 1 << number of the operand: those for which a step or
** a place is there.  It is left out of a call that wants none of them.  0: it is there in every call. */
typedef uint64_t StepWanted;

/* Sizes of a step, or of a map that lies in a block, in terms of those of the whole kernel. */
typedef enum {
    GRID_NUMBERS, /* they are numbers, and no part reads them */
    GRID_IN,      /* its own */
    GRID_OUT,     /* its output's rows and columns as rows and columns of the input */
    GRID_ROIS,    /* one image of one row, with a column for each roi */
} StepGrid;

/* Where something lies while the kernel runs. */
typedef struct StepPlace {
    enum { PLACE_NONE, PLACE_OPERAND, PLACE_BLOCK, PLACE_PIECE } in;
    int index;         /* which operand, block of the plan, piece of an operand that is packed */
    int64_t at;        /* bytes from its beginning */
    StepWanted wanted; /* a call that wants none of these gives NULL */
    bool adds;         /* what is written, to what an earlier step wrote */
} StepPlace;

/* Some elements of an operand as a step reads them, in what `pack` writes. */
typedef struct StepPiece {
    int base;            /* the operand; -1: the kernel's constants */
    int64_t from, count; /* elements of it */
    int number;          /* another one may be of the same elements, and is another piece */
    bool clears;         /* there are none: zeros */
    int part, operand;   /* whose packing it is, and of which of its operands; part -1: as it is */
    int64_t bytes, at;   /* where it is packed: steps_place_pieces */
} StepPiece;

/* The map that lies in a block, where sizes are no numbers. */
typedef struct StepMap {
    StepGrid grid;
    int64_t channels; /* GRID_ROIS: elements per roi */
    int slot;
} StepMap;

typedef struct StepPart {
    Kernel kernel;              /* its spec's name is that of the part */
    PhaseCost cost[MAX_PHASES]; /* of its phases, as estimated */
    int ncosts; /* 0: unknown; only a part that is made of others has more phases than these */
} StepPart;

typedef struct Step {
    int part;
    const char *name;
    int layer;          /* of the network that the list is of; -1: of none */
    int first_place, n; /* its argument block */
    int out;            /* which of these it writes, where it computes an output */
    StepGrid grid;
    StepWanted wanted; /* in a call that wants none of these it has no tasks */
    int time;          /* its turn; equal numbers: it runs beside the step before it */
} Step;

typedef struct StepList {
    const dcn_spec *s; /* of the whole kernel */
    StepPart *part;
    Step *step;
    StepPlace *place; /* of the steps, one after another */
    PlanBlock *block; /* in the order of the steps that write them first */
    StepMap *map;     /* of the blocks, where steps have grids */
    StepPiece *piece;
    int nparts, nsteps, nplaces, nblocks, npieces;
    int max_places; /* of one step */

    /* Results: steps_find_beside, steps_plan. */
    int ntimes;           /* as many as steps, where none runs beside another */
    PlanStep *own;        /* by time: the workspace of its steps */
    int64_t beside_bytes; /* of each thread, for all times of several steps */
    int nslots;           /* 0: blocks have places; else the size of one of them is no number */
    int64_t plan_bytes;   /* of the whole workspace, on one thread; 0: that is no number */
} StepList;

/* Room for so many of each, of which there are none yet.  -1 without memory; steps_close in any case. */
typedef struct StepBounds {
    size_t parts, steps, places, blocks, pieces;
} StepBounds;
int steps_open(StepList *l, const dcn_spec *s, const StepBounds *most);
void steps_close(StepList *l);

/* No step, place, block or piece; parts stay. */
void steps_clear(StepList *l);

/* ---- for whoever writes the steps -------------------------------------------------------------- */

/* A new last step; then its places, in the order of its argument block. */
Step *steps_add(StepList *l, int part, const char *name, int layer);
void steps_add_place(StepList *l, StepPlace place);

/* A block for elements of that dtype that the last step writes; elements -1: how many is known when the code runs
** only, from the map that the block's `map` is then set to. */
StepPlace steps_new_block(StepList *l, int64_t elements, dcn_dtype dtype);

/* An operand of the whole kernel, by its number in calling order. */
StepPlace steps_operand(int number);

/* Some elements, as the last step reads them. */
StepPlace steps_piece(StepList *l, const StepPiece *want);

/* Each step has a time of its own. */
void steps_one_by_one(StepList *l);

/* ---- when parts are emitted ---------------------------------------------------------------------- */

/* Fills part->cost of an operator. */
void steps_account(StepPart *part, const Schedule *sc, const dcn_target *t);

/* Which steps run beside others, where none is of gradients. */
void steps_find_beside(StepList *l);

/* The steps from number i on that run at its time. */
int steps_beside(const StepList *l, int i);

/* Where everything lies that the workspace has.  -1 without memory. */
int steps_plan(StepList *l);

/* Where pieces lie; bytes of all of a base. */
void steps_place_pieces(StepList *l, dcn_dtype dtype);
int64_t steps_packed_bytes(const StepList *l, int base);

/* The entry points.  They fill kernel->phases, one_thread_bytes and packed. */
void steps_emit(Emit *e, Kernel *kernel, const StepList *l);

/* Fills kernel->phase, when kernel->phases are known.  -1 without memory. */
int steps_phases(const StepList *l, Kernel *kernel);

/* ---- between the files of the room --------------------------------------------------------------- */

/* Behind the places of an argument block are four sizes. */
enum { STEP_SIZES = 4 };

/* Sizes of a step as its part is asked for them; pb: the whole kernel's. */
void steps_sizes(Emit *e, const Problem *pb, const Step *st, idx size[STEP_SIZES]);

/* Which block is in which slot; where a slot begins, and with nslots where they end. */
void steps_find_slots(StepList *l);
idx steps_slot_at(Emit *e, const Problem *pb, const StepList *l, int slot);

/* Most phases of the steps that run at the time of step number i. */
int steps_phases_beside(const StepList *l, int i);

void steps_emit_packing(Emit *e, Kernel *kernel, const StepList *l);

#endif
