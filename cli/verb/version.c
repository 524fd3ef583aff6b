/* version.c: the verb that prints versions.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/verbs.h"
#include "codegen/cg.h"

int verb_version(const Args *a, dcn_error *err)
{
    if (args_has(a, OPT_JSON))
        return print_json(json_pack("{s:i, s:s, s:s}", "schema", 1, "dcngen", dcn_version(), "llvm",
                                    cg_llvm_version()),
                          err);
    printf("dcngen %s (LLVM %s)\n", dcn_version(), cg_llvm_version());
    return 0;
}
