/* inside.h: what the files of this room share.
**
** A kind of layer says how its work comes apart, writes a task, and of a task writes runs of vectors.
** Work comes apart into groups (images, or one), each group into bands of some rows, and each
** band, where rows are few, into blocks of channels:
**
**     task = (group * bands + band) * blocks + block
**
** What a row is the kind says.  A sum over all rows of a group is made in two phases: each task writes the
** sum of its own rows to the workspace, and a second phase adds these up in the order of the bands.  All of
** this follows from shapes and the width of vectors, so threads do not show in a result.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GLUE_INSIDE_H
#define DCN_CODEGEN_GLUE_INSIDE_H

#include "codegen/glue/glue.h"
#include "codegen/kernel/gradient_out.h"

/* GLUE_SUMS: sums over rows of a layer, at most.  GLUE_CHUNK: vectors in hand at a time where each has a sum of
** its own.  GLUE_MAX_BANDS: bands of a group, at most. */
enum { GLUE_SUMS = 2, GLUE_CHUNK = 4, GLUE_MAX_BANDS = 256 };

typedef struct GlueSplit {
    int64_t groups, rows; /* rows of a group */
    int64_t least;        /* rows that a band has at least, as far as there are so many; 0: any */
    /* Bytes that a row moves, and cycles of a core with two units.  Cycles are estimates of what the emitted
    ** loops do per step; they decide nothing but how many tasks there are. */
    double bytes, cycles;
    bool blocks_allowed;          /* channels may be the work of several tasks */
    int chunk;                    /* vectors of channels that are in hand at a time */
    int nsums, sum_of[GLUE_SUMS]; /* arguments whose gradients are sums over a group */
    bool over_channels;           /* such a sum is one number, of all channels */
    /* What follows. */
    int64_t per_band, bands, blocks, block; /* rows; channels of a block */
} GlueSplit;

/* A layer, and its kernel while it is written. */
typedef struct Glue {
    const dcn_network *net;
    const net_layer *layer;
    net_shape in, out; /* of the first argument; of what it makes */
    int nargs;
    int lanes, fp_bytes;
    GlueSplit split;
    addr args;
    addr arg[NET_MAX_ARGS];
    addr made; /* the output, or its gradient */
    GradientOut grad[NET_MAX_ARGS];
    addr workspace;
} Glue;

typedef struct GlueTask {
    idx number, group, band;
    idx first, last;          /* rows of the group */
    idx channel, channel_end; /* of its block */
} GlueTask;

typedef struct GlueKind {
    void (*split)(const Glue *g, GlueSplit *s);
    void (*task)(Emit *e, const Glue *g, const GlueTask *t);
} GlueKind;

extern const GlueKind glue_join, glue_join_back; /* join.c, join_back.c */
extern const GlueKind glue_concat, glue_slice, glue_concat_back, glue_slice_back; /* copy.c */
extern const GlueKind glue_norm, glue_norm_back;                                  /* norm.c */
extern const GlueKind glue_pool, glue_pool_back;       /* pool.c, pool_back.c */
extern const GlueKind glue_resize, glue_resize_back;   /* resize.c, resize_back.c */
extern const GlueKind glue_reshape, glue_reshape_back; /* reshape.c */
extern const GlueKind glue_blend, glue_blend_back;     /* blend.c */

/* ---- layers and tasks (task.c) ---------------------------------------------------------------- */

/* Shape of an argument; a parameter is a vector of channels. */
net_shape glue_shape(const Glue *g, int i);

/* The layer with what follows from its split for vectors of so many lanes. */
Glue glue_of(const dcn_network *net, const net_layer *layer, const GlueKind *kind,
             const LaneType *type);

/* Tasks of the first phase, and of the second, which adds sums up; 0: there is none. */
int64_t glue_tasks(const GlueSplit *s);
int64_t glue_sum_tasks(const Glue *g);
/* What a task of either phase is expected to take. */
double glue_task_ns(const Glue *g);
double glue_sum_ns(const Glue *g);
int64_t glue_sum_elements(const Glue *g);

GlueTask glue_task(Emit *e, const Glue *g, idx number);

/* Where sum number i of a task begins. */
addr glue_sums(Emit *e, const Glue *g, idx task, int i);
/* The second phase: what the tasks summed. */
void glue_add_up(Emit *e, const Glue *g, idx number);

/* ---- runs of vectors (runs.c) ------------------------------------------------------------------ */

/* n vectors of channels from `channel` on, of the last of which only some lanes are live. */
typedef struct GlueChunk {
    idx channel;
    int n;
    mask last;
} GlueChunk;
typedef void (*GlueChunkBody)(Emit *e, const void *self, const GlueChunk *c);
void glue_chunks(Emit *e, const Glue *g, const GlueTask *t, GlueChunkBody body, const void *self);
mask glue_live(const GlueChunk *c, int vector);
/* Vector number i of a chunk in a map or a row whose channels begin at p. */
addr glue_lane(Emit *e, const GlueChunk *c, addr p, int i);

/* n elements copied, from.v == NULL: cleared; without masks.  They do not overlap. */
void glue_copy(Emit *e, addr to, addr from, int64_t n);

/* act(x) of the layer. */
fvec glue_finish(Emit *e, const Glue *g, fvec x);
/* How many vectors to have in hand, given that each is finished so. */
int glue_unroll(const Glue *g);
/* Cycles of an activation of a vector, or of its slope; and of a layer's. */
double glue_activation_cycles(const Glue *g);

/* ---- windows (window.c) ------------------------------------------------------------------------ */

/* The input rows or columns that an output's looks at: first, first + step, .. below last. */
typedef struct GlueWindow {
    idx first, last, start;
    int64_t step;
    idx counted; /* what a mean divides by along this axis */
    bool whole;  /* known to have all of its taps */
    cond is_whole;
} GlueWindow;

int glue_taps(const Glue *g, int axis); /* 0: their number is not fixed */
GlueWindow glue_window(Emit *e, const Glue *g, int axis, idx at);
/* What is known of a window while generating: rows first .. last - 1 are looked at, perhaps not all. */
void glue_window_rows(const Glue *g, int64_t row, int64_t *first, int64_t *last);

/* The output rows that look at input rows of band number `band`: a superset. */
typedef struct GlueReach {
    idx first, last;
} GlueReach;
GlueReach glue_reach(Emit *e, const Glue *g, const GlueTask *t);

/* Where a resized row or column (each lane its own) is between those of the input. */
typedef struct ResizeTap {
    ivec low, high;
    fvec fraction; /* of the way from low to high; .v == NULL: all of low */
} ResizeTap;
ResizeTap glue_resize_tap(Emit *e, const Glue *g, int axis, ivec at);

#endif
