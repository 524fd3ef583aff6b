/* join.h: two maps, of which one may be smaller: what add, mul and activation are, in both directions.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GLUE_JOIN_H
#define DCN_CODEGEN_GLUE_JOIN_H

#include "codegen/glue/inside.h"

/* Elements that are not taken apart where pixels do not matter. */
enum { JOIN_GRAIN = 256 };

/* Images, pixels and channels of the first argument, and whether the second has one for each of them.
** A matrix is one image. */
typedef struct GlueJoin {
    int64_t n, p, c;
    bool has_b, by_image, by_pixel, by_channel;
} GlueJoin;

GlueJoin join_of(const Glue *g);

/* Whether every element of a has one of b, or there is no b; elements of a after which b begins again. */
bool join_is_flat(const GlueJoin *j);
int64_t join_elements(const GlueJoin *j);

/* The join before its activation; b.v == NULL: there is none. */
fvec join_value(Emit *e, const Glue *g, fvec a, fvec b);

/* Elements first .. of a task whose rows are grains of so many elements in all. */
typedef struct JoinSpan {
    idx first, count;
} JoinSpan;
JoinSpan join_span(Emit *e, const GlueTask *t, int64_t all);

/* What a vector takes, of `maps` that are read or written. */
void join_split_grains(const Glue *g, GlueSplit *s, int64_t elements, int maps);

#endif
