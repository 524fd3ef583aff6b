/* norm.h: a row of layer norm, in both directions.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GLUE_NORM_H
#define DCN_CODEGEN_GLUE_NORM_H

#include "codegen/glue/inside.h"

typedef struct GlueNormRow {
    const Glue *g;
    addr x;           /* channels of a pixel */
    fvec mean, scale; /* 1 / sqrt(variance + eps) */
} GlueNormRow;

/* The mean is taken first and the variance from the differences: the usual sum of squares loses digits. */
GlueNormRow norm_row(Emit *e, const Glue *g, idx pixel);

/* (x - mean) * scale */
fvec norm_at(Emit *e, const GlueNormRow *r, idx channel, mask live);

#endif
