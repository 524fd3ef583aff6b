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

/* Where channels of the input go. Without interleaving the order stays, cut into blocks.
** Position-sensitive operators store the channels of a bin `interleave` apart: channel c =
** i*interleave + k goes to position k*set_channels + i, and channels that no bin reads, at the end,
** go nowhere. */
typedef struct Repack {
    const dcn_spec *s;
    int block;        /* channels of a block; it divides C and is C if interleave > 1 */
    int interleave;   /* >= 1: sets of channels that are brought together */
    int set_channels; /* of each set, if interleave > 1; interleave*set_channels <= C */
} Repack;

/* Elements of one block of an image. */
idx repack_block_elements(Emit *e, const Repack *r, const Problem *pb);

/* Element, from the beginning of an image, of channel position c at pixel (0, 0). */
idx repack_channel(Emit *e, const Repack *r, const Problem *pb, idx c);

/* Image n of the copy, or of an input that is its own copy. */
addr repack_image(Emit *e, const Repack *r, const Problem *pb, addr map, idx n);

/* Tasks of phase 0, and bytes of the copy with `beyond` elements after it that may be read. */
idx repack_tasks(Emit *e, const Problem *pb);
idx repack_bytes(Emit *e, const Repack *r, const Problem *pb, int beyond);

/* The function that copies the row of one task, called by repack_phases; transpose: see
** transpose.h, for nchw only. */
LLVMValueRef emit_repack(Emit *e, const Repack *r, LLVMValueRef transpose);

/* The body of a kernel's `run`: rows of the copy in phase 0, and what `rest` emits in phase 1.
** Without a copy (fn is NULL) there is one phase, of the rest. */
typedef void (*RepackRest)(Emit *e, const RunArgs *in, const void *self);
void repack_phases(Emit *e, LLVMValueRef fn, const RunArgs *in, RepackRest rest, const void *self);

#endif
