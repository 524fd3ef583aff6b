/* offsets.h: how the offsets are spread for which a kernel is timed.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_OFFSETS_H
#define DCN_TUNER_OFFSETS_H

#include "runtime/base/npy.h"
#include "tuner/check/operands.h"

typedef struct TuneOffsets {
    /* "zero", "normal:2", or "npy:" and a digest: part of what a result is for. */
    char name[DCN_TEXT_MAX];
    double deviation; /* pixels; not of a file */
    rt_array file;    /* .data == NULL: none */
} TuneOffsets;

/* Whether text is of one of the forms below; the file is not looked at. */
bool tune_offsets_is_text(const char *text);

/* text: zero, normal:STD or STD in pixels, or the name of an npy file; NULL: normal:2.  Close it
** even after a failure. */
int tune_offsets_open(TuneOffsets *o, const char *text, dcn_error *err);
void tune_offsets_close(TuneOffsets *o);

/* Fill offset and mask, where the kernel has them.  A file must have the offset tensor's shape. */
int tune_offsets_fill(const TuneOffsets *o, Operands *to, rt_rng *r, dcn_error *err);

#endif
