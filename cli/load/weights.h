/* weights.h: the file of --weights for a kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_LOAD_WEIGHTS_H
#define DCN_CLI_LOAD_WEIGHTS_H

#include "cli/args/args.h"

/* The operand `parameters` of s as --weights has it, malloc'ed; NULL without that option.  A kernel that has
** no parameters is an error. */
int weights_read(const Args *a, const dcn_spec *s, void **out, dcn_error *err);

/* The position of that operand, -1 if s has none. */
int weights_at(const dcn_spec *s);

/* 0 if s has parameters, or there is no --weights. */
int weights_check(const Args *a, const dcn_spec *s, dcn_error *err);

#endif
