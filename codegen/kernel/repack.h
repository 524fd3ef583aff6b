/* repack.h: a copy of the input whose channels lie as a kernel reads them.
**
**     repacked[n][block][y][x][channel of the block]
**
** Sampling reads all channels of a pixel, or of an offset group at a pixel, so these should lie
** side by side. An nhwc input may do as it is; otherwise it is copied once per call into the shared
** workspace, in phase 0, which has a task for each row of each image.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_REPACK_H
#define DCN_CODEGEN_REPACK_H

#include "codegen/kernel/entry.h"
#include "codegen/kernel/image_blocks.h"

/* Where channels of the input go. Without interleaving the order stays, cut into blocks.
** Position-sensitive operators store the channels of a bin `interleave` apart: channel c =
** i*interleave + k goes to position k*set_channels + i, and channels that no bin reads, at the end,
** go nowhere. */
typedef struct Repack {
    const dcn_spec *s;
    int block;        /* channels of a block; it divides C and is C if interleave > 1 */
    int interleave;   /* >= 1: sets of channels that are brought together */
    int set_channels; /* of each set, if interleave > 1; interleave*set_channels <= C */
    int beyond;       /* elements after each copy that may be read as lanes of no channel: zeros */
} Repack;

/* Elements of one block of an image. */
idx repack_block_elements(Emit *e, const Repack *r, const Problem *pb);

/* Element, from the beginning of an image, of channel position c at pixel (0, 0). */
idx repack_channel(Emit *e, const Repack *r, const Problem *pb, idx c);

/* Image n of a map whose images are all there, and its copy among those that the workspace holds. */
addr repack_image(Emit *e, const Repack *r, const Problem *pb, addr map, idx n);
addr repack_copy(Emit *e, const Repack *r, const Problem *pb, addr copies, idx n);

/* Bytes of the copies, with what may be read after each. */
idx repack_bytes(Emit *e, const Repack *r, const Problem *pb);

/* The function that copies the row of one task, called by repack_run; transpose: see
** transpose.h, for nchw only. */
LLVMValueRef emit_repack(Emit *e, const Repack *r, LLVMValueRef transpose);

/* Who reads the copies, or the input itself (copies is false): how many tasks there are for some images, and the
** body of `run` for tasks first .. last - 1 of these. */
typedef struct RepackUser {
    const Repack *how;
    bool copies;
    idx (*tasks)(Emit *e, const Problem *pb, const Images *ready, const void *self);
    void (*run)(Emit *e, const RunArgs *in, const Images *ready, const void *self);
    const void *self;
} RepackUser;

/* For kernel_tasks, with the user as self. */
idx repack_phases(Emit *e, const Problem *pb, const void *user);
idx repack_tasks(Emit *e, const Problem *pb, idx phase, const void *user);

/* The body of the kernel's `run`; fn: the function that copies, if any. */
void repack_run(Emit *e, const Problem *pb, LLVMValueRef fn, const RunArgs *in,
                const RepackUser *u);

#endif
