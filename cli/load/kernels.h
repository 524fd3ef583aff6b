/* kernels.h: the kernels that a command is about.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_LOAD_KERNELS_H
#define DCN_CLI_LOAD_KERNELS_H

#include "cli/args/args.h"

typedef struct Kernels {
    const Args *args;
    dcn_module *module;
    const char *path; /* of the spec, for messages */
    int n;
    const dcn_spec **spec; /* in the order of the spec file, borrowed from the module */
} Kernels;

/* Load the spec that is the last word of the command, keep what --kernel names.  Freed by
** kernels_free, also after a failure. */
int kernels_load(const Args *a, Kernels *k, dcn_error *err);
void kernels_free(Kernels *k);

/* Target, schedule and threads of one kernel: those of the command line, else the spec's. */
typedef struct KernelOptions {
    dcn_target target;
    dcn_options opt; /* points to the target above: do not copy a KernelOptions */
} KernelOptions;

/* Here and below s is one of k->spec. */
int kernel_options(const Kernels *k, const dcn_spec *s, KernelOptions *c, dcn_error *err);

/* For the CPU of that name instead of the command line's; NULL: the spec's. */
int kernel_options_for(const Kernels *k, const dcn_spec *s, const char *cpu, KernelOptions *c,
                       dcn_error *err);

/* Compile for this process. */
int kernel_compile(const Kernels *k, const dcn_spec *s, dcn_kernel **out, dcn_error *err);

/* Say where it went wrong: on a line of the spec if that is to blame, else in "kernel 'name': ".
** Returns -1. */
int kernel_fail(const Kernels *k, const dcn_spec *s, dcn_error *err);

/* What the target runs as --triple or --os says it, for dcn_target_parse; NULL: neither does. */
const char *kernels_system(const Args *a);

/* -1 if --target and -mcpu name two CPUs, or --os and --triple are both there. */
int kernels_check_target(const Args *a, dcn_error *err);

/* Whether this machine runs code for that target. */
bool kernel_runs_here(const dcn_target *t);

/* -1 if there are several, and `what` is for one. */
int kernels_check_single(const Kernels *k, const char *what, dcn_error *err);

/* -1 if a size of s is dynamic and `what` cannot do with that. */
int kernel_check_static(const dcn_spec *s, const char *what, dcn_error *err);

#endif
