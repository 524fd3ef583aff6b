/* grow.c: arrays that grow.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/grow.h"

#include <stdint.h>
#include <stdlib.h>

void *rt_grow(void *array, size_t need, size_t *room, size_t size)
{
    enum { FIRST = 16 };
    if (need <= *room)
        return array;
    size_t more = *room <= SIZE_MAX / 2 ? 2 * *room : SIZE_MAX;
    more = more < FIRST ? FIRST : more;
    more = more < need ? need : more;
    void *grown = more <= SIZE_MAX / size ? realloc(array, more * size) : NULL;
    if (grown)
        *room = more;
    return grown;
}
