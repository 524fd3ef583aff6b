/* names.h: messages about CPUs and systems that are not known, with what may have been meant.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_NAMES_H
#define DCN_CODEGEN_TARGET_NAMES_H

#include "codegen/target/table.h"

#include <dcngen/error.h>

/* Fail because there is no CPU, no system of that name: DCN_EENV, -1. */
int cg_fail_cpu(const char *cpu, dcn_error *err);
int cg_fail_system(const Arch *arch, const char *name, dcn_error *err);

#endif
