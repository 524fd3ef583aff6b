/* hints.c: near names in messages.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/hints.h"
#include "runtime/base/base.h"

#include <stdio.h>

const char *hint_nearest(const char *word, const char *const *names, char buf[HINT_MAX])
{
    const char *near = rt_nearest(word, names);
    buf[0] = 0;
    if (near)
        snprintf(buf, HINT_MAX, " (did you mean '%s'?)", near);
    return buf;
}
