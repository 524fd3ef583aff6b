/* image_blocks.h: the images of a batch, some at a time, so that what is copied of them is bounded.
**
**     phase 0       block 0 is copied
**     phase i       block i - 1 is computed, block i is copied
**     last phase    the last block is computed
**
** A block is one image, or as many smaller ones as IMAGE_BLOCK_BYTES hold.  Copies stand in two slots of a block each,
** which blocks take in turns; so the copy of a batch of any size has two images, or IMAGE_BLOCK_BYTES twice.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_IMAGE_BLOCKS_H
#define DCN_CODEGEN_IMAGE_BLOCKS_H

#include "codegen/kernel/problem.h"

/* Chosen: small beside what a thread's core has of L3, and enough that many small images are shared among threads. */
enum { IMAGE_BLOCK_BYTES = 4 << 20 };

typedef struct ImageBlocks {
    idx all;    /* images: N */
    idx size;   /* images of a block; the last block may have fewer */
    idx blocks; /* at least one, if only of no images */
} ImageBlocks;

/* Neighbouring images; n may be 0. */
typedef struct Images {
    idx first, n;
} Images;

/* The blocks of an input of `channels` channels, in the lanes' dtype. */
ImageBlocks image_blocks(Emit *e, const Problem *pb, int64_t channels);

idx image_blocks_phases(Emit *e, const ImageBlocks *b);

/* What a phase copies, and what it computes. */
Images image_blocks_copied(Emit *e, const ImageBlocks *b, idx phase);
Images image_blocks_ready(Emit *e, const ImageBlocks *b, idx phase);

/* How many images both slots have room for, and which of them image n is. */
idx image_blocks_held(Emit *e, const ImageBlocks *b);
idx image_blocks_place(Emit *e, const ImageBlocks *b, idx n);

#endif
