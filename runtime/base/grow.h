/* grow.h: arrays that grow.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_GROW_H
#define DCN_RUNTIME_GROW_H

#include <stddef.h>

/* Room for at least `need` elements of `size` bytes each.
**   array  malloc'ed with room for *room elements; NULL: none yet
** Returns the array, which may have moved; the room is doubled, so that n additions cost O(n).
** NULL: no memory, and the old array is as it was. */
void *rt_grow(void *array, size_t need, size_t *room, size_t size);

#endif
