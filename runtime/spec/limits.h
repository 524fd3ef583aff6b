/* limits.h: how large a map may be along an axis, for all that read, check or make sizes.
**
** Rows, columns and channels each have their limit, so that sums and products of a few of them stay far below 2^63;
** how many elements a whole tensor may have is a rule of its own (rt_check_elements, net_check_shape).
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_LIMITS_H
#define DCN_RUNTIME_SPEC_LIMITS_H

enum {
    RT_MAX_EXTENT = 1 << 20,  /* rows or columns, and pixels of a window along one of them */
    RT_MAX_CHANNELS = 1 << 16 /* of a map, and what divides them */
};

#endif
