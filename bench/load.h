/* load.h: one kernel of a spec file, as the programs of this folder are told it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_LOAD_H
#define DCN_BENCH_LOAD_H

#include <dcngen.h>

/* The kernel of that name, the first for NULL; borrowed from *module, which dcn_module_free frees.
** "-D name=value" is read from *args on, which ends in NULL; then *args is what follows, and the
** strings are cut. */
int bench_load(const char *path, const char *kernel, char ***args, dcn_module **module,
               const dcn_spec **spec, dcn_error *err);

#endif
