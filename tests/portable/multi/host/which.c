/* which.c: say which variant of `demo` is in use, why, and what its functions answer; each argument is chosen first.
** SPDX-License-Identifier: Apache-2.0
*/
#include "demo.h"

#include <stdio.h>

static float tensor[4096];

int main(int argc, char **argv)
{
    static char why[512], memory[1 << 20] __attribute__((aligned(64)));
    demo_args args = { tensor, memory, tensor, tensor, tensor, tensor, 0, 0, 0, 0 };
    for (int i = 1; i < argc; i++) {
        int rc = demo_choose_variant(argv[i]);
        if (rc)
            printf("%s: %d\n", argv[i], rc);
    }
    demo_variant_why(why, sizeof why);
    printf("%s\n%s\n", demo_variant(), why);
    if (demo_tasks(&args, 0) >= 0)
        return 0;
    /* None can run: nothing happens. */
    demo_pack(DEMO_WEIGHT, tensor, why);
    demo_run(&args, 0, 0, 1, memory, 0);
    printf("%d %d %d\n", (int)demo_tasks(&args, 0), (int)demo_packed_bytes(DEMO_WEIGHT),
           (int)demo_workspace_bytes(2, 5, 6, 0, 1));
    return 3;
}
