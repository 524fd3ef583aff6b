/* repack.c: rows of the input to channels side by side.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/repack.h"
#include "codegen/ir/call.h"
#include "codegen/ir/transpose.h"

idx repack_block_elements(Emit *e, const Repack *r, const Problem *pb)
{
    return x_mulk(e, x_mul(e, pb->h, pb->w), r->block);
}

idx repack_channel(Emit *e, const Repack *r, const Problem *pb, idx c)
{
    if (r->block == r->s->in_channels)
        return c;
    idx block = x_const(e, r->block), elements = repack_block_elements(e, r, pb);
    return x_add(e, x_mul(e, x_div(e, c, block), elements), x_rem(e, c, block));
}

addr repack_image(Emit *e, const Repack *r, const Problem *pb, addr map, idx n)
{
    idx image = x_mulk(e, x_mul(e, pb->h, pb->w), r->s->in_channels);
    return p_at(e, map, x_mul(e, n, image));
}

/* Elements of the copy of an image, and of what is read after it. */
static idx copy_elements(Emit *e, const Repack *r, const Problem *pb)
{
    return x_addk(e, x_mulk(e, x_mul(e, pb->h, pb->w), r->s->in_channels), r->beyond);
}

addr repack_copy(Emit *e, const Repack *r, const Problem *pb, addr copies, idx n)
{
    const ImageBlocks b = image_blocks(e, pb, r->s->in_channels);
    return p_at(e, copies, x_mul(e, image_blocks_place(e, &b, n), copy_elements(e, r, pb)));
}

idx repack_bytes(Emit *e, const Repack *r, const Problem *pb)
{
    const ImageBlocks b = image_blocks(e, pb, r->s->in_channels);
    idx elements = x_mul(e, image_blocks_held(e, &b), copy_elements(e, r, pb));
    return x_round_up(e, x_mulk(e, elements, e->fp_bytes), 64);
}

/* ---- one row ----------------------------------------------------------------------------- */

/* Row y of image n. */
typedef struct RepackRow {
    const Repack *how;
    Problem pb;
    idx n, y;
    addr copy; /* of the image */
} RepackRow;

static addr input_at(Emit *e, const RepackRow *r, idx c, idx x)
{
    const idx at[4] = { r->n, c, r->y, x };
    idx channels = x_const(e, r->how->s->in_channels);
    return p_at(e, r->pb.input, problem_at(e, &r->pb, channels, r->pb.h, r->pb.w, at));
}

/* The row in the first block of the copy. */
static addr copy_row_at(Emit *e, const RepackRow *r)
{
    return p_at(e, r->copy, x_mulk(e, x_mul(e, r->y, r->pb.w), r->how->block));
}

static addr copy_at(Emit *e, const RepackRow *r, idx c, idx x)
{
    idx at = x_add(e, repack_channel(e, r->how, &r->pb, c), x_mulk(e, x, r->how->block));
    return p_at(e, copy_row_at(e, r), at);
}

/* nchw: planes that will lie side by side are transposed together. */
static void transpose_row(Emit *e, const RepackRow *r, LLVMValueRef transpose)
{
    const Repack *how = r->how;
    bool sets = how->interleave > 1;
    int64_t together = sets ? how->set_channels : how->block;
    int64_t all = sets ? together * how->interleave : how->s->in_channels;
    Transpose t = { .rows = x_const(e, together), .cols = r->pb.w };
    t.from_step = x_mulk(e, x_mul(e, r->pb.h, r->pb.w), how->interleave);
    t.to_step = x_const(e, how->block);
    EMIT_FOR_OPAQUE (e, c, x_const(e, 0), x_const(e, all), together) {
        idx first = sets ? x_div(e, c.at, x_const(e, together)) : c.at;
        t.from = input_at(e, r, first, x_const(e, 0));
        t.to = p_at(e, copy_row_at(e, r), repack_channel(e, how, &r->pb, c.at));
        call_transpose(e, transpose, &t);
    }
}

/* nhwc in the input's order: the channels of every pixel to their blocks, which are whole vectors
** or narrower. */
static void copy_row(Emit *e, const RepackRow *r)
{
    e_fn_lanes(e, r->how->block < e->lanes ? r->how->block : e->lanes);
    EMIT_FOR_OPAQUE (e, x, x_const(e, 0), r->pb.w, 1) {
        EMIT_FOR (e, c, x_const(e, 0), x_const(e, r->how->s->in_channels), e->lanes) {
            fvec v = p_load(e, input_at(e, r, c.at, x.at), all_lanes);
            p_store(e, copy_at(e, r, c.at, x.at), v, all_lanes);
        }
    }
}

/* nhwc in another order: the channels that are `interleave` apart are gathered. */
static void gather_row(Emit *e, const RepackRow *r)
{
    int interleave = r->how->interleave;
    int64_t together = r->how->set_channels;
    ivec step = i_mul(e, i_lane(e), i_const(e, interleave));
    EMIT_FOR (e, x, x_const(e, 0), r->pb.w, 1) {
        EMIT_FOR (e, k, x_const(e, 0), x_const(e, interleave), 1) {
            EMIT_VECTORS (e, o, x_const(e, together)) {
                idx from = x_add(e, x_mulk(e, o.at, interleave), k.at);
                idx to = x_add(e, x_mulk(e, k.at, together), o.at);
                fvec v = p_gather(e, input_at(e, r, from, x.at), step, o.live);
                p_store(e, copy_at(e, r, to, x.at), v, o.live);
            }
        }
    }
}

/* After the last row of an image. */
static void clear_beyond(Emit *e, const RepackRow *r)
{
    if (!r->how->beyond)
        return;
    EMIT_IF (e, x_equal(e, x_addk(e, r->y, 1), r->pb.h)) {
        addr end = repack_image(e, r->how, &r->pb, r->copy, x_const(e, 1));
        EMIT_LANES (e, r->how->beyond) {
            p_store(e, end, f_const(e, 0), all_lanes);
        }
    }
}

typedef struct RepackArgs {
    addr args, to;
    idx row; /* counted through all images */
} RepackArgs;

static const Param param[] = { PARAM(RepackArgs, args), PARAM(RepackArgs, to),
                               PARAM(RepackArgs, row) };
static const Params params = PARAMS(RepackArgs, param);

LLVMValueRef emit_repack(Emit *e, const Repack *how, LLVMValueRef transpose)
{
    RepackArgs in;
    LLVMValueRef fn = e_fn_begin_with(e, "repack", 1, e->none, &params, &in);
    RepackRow r = { .how = how, .pb = problem_load(e, how->s, in.args) };
    r.n = x_div(e, in.row, r.pb.h);
    r.y = x_rem(e, in.row, r.pb.h);
    r.copy = repack_copy(e, how, &r.pb, in.to, r.n);
    if (how->s->layout == DCN_NCHW)
        transpose_row(e, &r, transpose);
    else if (how->interleave > 1)
        gather_row(e, &r);
    else
        copy_row(e, &r);
    clear_beyond(e, &r);
    e_fn_end(e);
    return fn;
}

/* ---- phases ------------------------------------------------------------------------------ */

/* What a phase does: first the tasks of images that were copied before, then rows of the next ones. */
typedef struct RepackPhase {
    Images ready, copied;
    idx tasks; /* of those that are ready */
} RepackPhase;

static RepackPhase phase_of(Emit *e, const RepackUser *u, const Problem *pb, idx phase)
{
    const ImageBlocks b = image_blocks(e, pb, u->how->s->in_channels);
    RepackPhase of = { image_blocks_ready(e, &b, phase),
                       image_blocks_copied(e, &b, phase),
                       { NULL } };
    of.tasks = u->tasks(e, pb, &of.ready, u->self);
    return of;
}

idx repack_phases(Emit *e, const Problem *pb, const void *user)
{
    const RepackUser *u = user;
    const ImageBlocks b = image_blocks(e, pb, u->how->s->in_channels);
    return u->copies ? image_blocks_phases(e, &b) : x_const(e, 1);
}

idx repack_tasks(Emit *e, const Problem *pb, idx phase, const void *user)
{
    const RepackUser *u = user;
    if (!u->copies)
        return u->tasks(e, pb, &(Images){ x_const(e, 0), pb->n }, u->self);
    const RepackPhase of = phase_of(e, u, pb, phase);
    return x_add(e, of.tasks, x_mul(e, of.copied.n, pb->h));
}

static void rows(Emit *e, LLVMValueRef fn, const RunArgs *in, idx first, idx last)
{
    EMIT_FOR_OPAQUE (e, row, first, last, 1) {
        RepackArgs give = { .args = in->args, .to = in->workspace, .row = row.at };
        e_call_with(e, fn, &params, &give);
    }
}

void repack_run(Emit *e, const Problem *pb, LLVMValueRef fn, const RunArgs *in, const RepackUser *u)
{
    if (!u->copies) {
        u->run(e, in, &(Images){ x_const(e, 0), pb->n }, u->self);
        return;
    }
    const RepackPhase of = phase_of(e, u, pb, in->phase);
    RunArgs ready = *in;
    ready.last = x_min(e, in->last, of.tasks);
    u->run(e, &ready, &of.ready, u->self);
    idx skip = x_sub(e, x_mul(e, of.copied.first, pb->h), of.tasks);
    rows(e, fn, in, x_add(e, x_max(e, in->first, of.tasks), skip), x_add(e, in->last, skip));
}
