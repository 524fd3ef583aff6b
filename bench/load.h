/* load.h: one kernel of a spec file, as the programs of this folder are told it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_LOAD_H
#define DCN_BENCH_LOAD_H

#include <dcngen.h>

/* Reads "-D name=value" from argv[*at] on and leaves *at behind the last; the strings are cut.  The
** kernel of that name, the first for NULL; borrowed from *module, which is freed by
** dcn_module_free. */
int bench_load(const char *path, const char *kernel, char **argv, int argc, int *at,
               dcn_module **module, const dcn_spec **spec, dcn_error *err);

#endif
