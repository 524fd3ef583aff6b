/* group_maps.h: some groups of an nhwc map in copies of their own, one map for each group.
**
**     copy[group][y][x][channel of the group]
**
** In the tensor a group's pixels lie as far apart as a pixel has channels; if that is a power of two, or nearly,
** they share few sets of the caches.  In a copy they lie side by side, and rows are an odd number of lines apart.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_GROUP_MAPS_H
#define DCN_CODEGEN_GROUP_MAPS_H

#include "codegen/kernel/problem.h"

typedef struct GroupMaps {
    int groups;         /* that are copied */
    int group_channels; /* of each */
} GroupMaps;

/* Elements from a row to the next, from a group to the next. */
idx group_maps_row(Emit *e, const GroupMaps *m, idx width);
idx group_maps_step(Emit *e, const GroupMaps *m, const Problem *pb);

/* What becomes of a pixel's channels. */
typedef void (*GroupBody)(Emit *e, addr to, addr from, mask live);
void group_move(Emit *e, addr to, addr from, mask live);

/* A row of all groups, of a copy or of the tensor. */
typedef struct GroupRow {
    addr to, from;
    int64_t to_step, from_step; /* from a pixel to the next */
    idx to_group, from_group;   /* from a group to the next */
} GroupRow;
void group_maps_each_pixel(Emit *e, const GroupMaps *m, GroupBody body, const GroupRow *r,
                           idx width);

#endif
