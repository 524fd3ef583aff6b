/* guest.h: a small kernel in somebody else's process: made, run on some threads, and its result
** checked.
**
** Functions are static, because each program is one file and one of them loads the library by hand.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TEST_GUEST_H
#define DCN_TEST_GUEST_H

#include <dcngen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Large enough to be worth several threads; output = 3 * input + 1, every value exact in f32. */
enum { GUEST_COUNT = 600 * 900 };
static const char guest_spec[] =
    "return conv2d { name = 'triple', in_channels = 1, out_channels = 1,\n"
    "  height = 600, width = 900, kernel_size = 1, bias = true }\n";

static inline void guest_fail(const char *what)
{
    fprintf(stderr, "guest: %s\n", what);
    _exit(1);
}

/* Something that never ends is a failure too. */
static inline void guest_hurry(void)
{
    alarm(60);
}

static inline void guest_check(const float *input, const float *output)
{
    for (int i = 0; i < GUEST_COUNT; i++)
        if (output[i] != 3 * input[i] + 1)
            guest_fail("a wrong result");
}

#endif
