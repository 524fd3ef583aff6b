/* load.c: one kernel of a spec file, as the programs of this folder are told it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/load.h"
#include "runtime/base/base.h"

#include <string.h>

enum { MAX_PARAMS = 16 };

static int read_params(char ***args, dcn_param *params, dcn_error *err)
{
    int n = 0;
    for (char **at = *args; at[0] && at[1] && !strcmp(at[0], "-D"); *args = at += 2) {
        char *equals = strchr(at[1], '=');
        if (!equals || n == MAX_PARAMS)
            return dcn_fail(err, DCN_EUSAGE, "-D %s: expected name=value, at most %d times", at[1],
                            MAX_PARAMS);
        *equals = 0;
        params[n++] = (dcn_param){ at[1], equals + 1 };
    }
    return n;
}

int bench_load(const char *path, const char *kernel, char ***args, dcn_module **module,
               const dcn_spec **spec, dcn_error *err)
{
    dcn_param params[MAX_PARAMS];
    int n = read_params(args, params, err);
    if (n < 0 || dcn_load_file(path, params, n, module, err))
        return -1;
    for (int i = 0; i < dcn_module_count(*module); i++) {
        *spec = dcn_module_spec(*module, i);
        if (!kernel || !strcmp((*spec)->name, kernel))
            return 0;
    }
    return dcn_fail(err, DCN_EUSAGE, "%s has no kernel '%s'", path, kernel);
}
