/* points.h: where the points of DCNv3 and DCNv4 look, lanes along the order (pixel, group, point).
**
** Along an axis with c = dilation*(k-1) div 2 and offset_scale s, tap t stands at
**
**     (c - pad + q*stride) + ((t*dilation - c)*s) + offset*s
**
** where the first term is an integer and the second a constant of the tap; its whole part is added
** to the integer and its fraction to the scaled offset, so only offset*s is rounded.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_POINTS_H
#define DCN_CODEGEN_POINTS_H

#include "codegen/kernel/bilinear.h"
#include "runtime/spec/shape.h"

/* c of that axis: 0 y, 1 x. */
int points_centre(const dcn_spec *s, int axis);

/* ---- a block ------------------------------------------------------------------------------------ */

/* Points of a block at most, for constants of each lie beside the code: of these, and of a vector that begins at the
** last one. */
enum { POINTS_MAX_BLOCK = 4096 };
_Static_assert((int)POINTS_MAX_BLOCK + (int)EMIT_MAX_LANES <= (int)EMIT_TABLE_LIMIT,
               "a table has room for the points of a block");

/* A block of (pixel, group)s: pixels of a row with all groups of a task, or some groups of one pixel. */
typedef struct PointBlock {
    int pixels, groups; /* groups: of each pixel */
    int points;         /* of a whole block */
} PointBlock;

/* The largest block of at most `most` (pixel, group)s, in a task of so many groups. */
PointBlock points_block(const dcn_spec *s, int task_groups, int most);

/* Reasons to refuse a block of at most `most`: a smaller number gives the same one; it has too many points. */
bool points_block_is_redundant(const PointBlock *b, int most);
bool points_block_is_too_long(const PointBlock *b, int most);

/* ---- positions ---------------------------------------------------------------------------------- */

/* What the vectors of a block share, which is some pixels of a row with all groups of them that are
** in hand. */
typedef struct PointTable {
    const dcn_spec *s;
    addr step[2];     /* whole steps of the points of a block along an axis */
    addr fraction[2]; /* what these steps lack; NULL if all of it is 0 */
    ivec base[2];     /* the taps' centre at the block's first pixel */
} PointTable;

/* Writes a table's constants along an axis: n points, where each pixel has so many groups. */
void points_constants(Emit *e, PointTable *t, int axis, int n, int groups, idx base);

/* From the first group of n points to that of every point, a group being `each` from the next. */
addr points_groups(Emit *e, const dcn_spec *s, int n, int groups, int each);

/* The lanes' offsets, of `points` in the order of a block: x in xy[0], y in xy[1]. */
void points_offsets(Emit *e, addr offsets, idx point, idx points, mask live, fvec xy[2]);

/* The pair of rows (or columns) that the points look at, in the map or not. */
RowPair points_pair(Emit *e, const PointTable *t, int axis, idx point, fvec offset);

/* Lanes whose four pixels all lie in the map, as most do. */
mask points_inside(Emit *e, const Problem *pb, const RowPair *y, const RowPair *x);

/* The coefficients of the corners, times the modulation m; m.v == NULL: 1. */
void points_coeff(Emit *e, const RowPair *y, const RowPair *x, fvec m, fvec coeff[CORNERS]);

/* Bit c is set where a moved sample lacks corner c; where it lies wholly outside it lacks all. */
ivec points_absent(Emit *e, const MovedPair *y, const MovedPair *x);

/* ---- masks and offsets -------------------------------------------------------------------------- */

/* Softmax: exp(l - a) / sum exp(l - a) does not depend on a, and nothing overflows if a is not below
** any logit of the group; nor does the sum vanish if a is not far above all of them.  to: the logits
** of so many groups, less such an a. */
void points_shift_logits(Emit *e, const dcn_spec *s, addr to, addr from, idx groups);

/* The sum of a softmax's terms exp(l - a) of a (pixel, group), as `scale` / sum, in every lane. */
fvec points_scale(Emit *e, const dcn_spec *s, addr terms, double scale);

/* Offsets and masks of points. */
typedef struct PointInputs {
    addr offsets, masks; /* masks.v == NULL: they are not wanted */
} PointInputs;

/* Copies offsets and masks of `groups` groups of so many pixels, to lie side by side.  from: as they are passed, of the
** first pixel and group; where both are one tensor, its offsets alone. */
void points_gather(Emit *e, const dcn_spec *s, int groups, const PointInputs *to,
                   const PointInputs *from, idx pixels);

/* ---- rows that are reached --------------------------------------------------------------------- */

/* The least and the largest of the upper rows of the two that each point of all vectors looks at. */
typedef struct PointRows {
    var first, last;
} PointRows;
PointRows points_rows(Emit *e);
void points_note_rows(Emit *e, const PointRows *r, ivec y, mask live);

/* Two words: the first row that any of them reaches, and that after the last. */
void points_store_rows(Emit *e, const PointRows *r, addr to, idx height);

#endif
