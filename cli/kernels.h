/* kernels.h: the kernels that a command is about.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_KERNELS_H
#define DCN_CLI_KERNELS_H

#include "args.h"

typedef struct Kernels {
    dcn_module *module;
    const char *path; /* of the spec */
    int n;
    const dcn_spec **spec; /* in the order of the spec file, borrowed from the module */
} Kernels;

/* Load the spec that is the last word of the command, keep what --kernel names.  Freed by
** kernels_free, also after a failure. */
int kernels_load(const Args *a, Kernels *k, dcn_error *err);
void kernels_free(Kernels *k);

/* Target and schedule of one kernel: those of the command line, else the spec's. */
typedef struct Choice {
    dcn_target target;
    dcn_options opt; /* points to the target above: do not copy a Choice */
} Choice;

int kernel_choice(const Args *a, const dcn_spec *s, Choice *c, dcn_error *err);

/* Compile for this process. */
int kernel_compile(const Args *a, const dcn_spec *s, dcn_kernel **out, dcn_error *err);

/* Put "kernel 'name': " before what went wrong; returns -1. */
int kernel_fail(const dcn_spec *s, dcn_error *err);

#endif
