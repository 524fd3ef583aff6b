/* verbs.c: the table of verbs.
**
** What `dcngen help VERB` says of each is share/help/VERB.txt, put into the program when it is
** built.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verbs.h"
#include "help_texts.h"

#define HELP   BIT(OPT_HELP)
#define REPORT (BIT(OPT_JSON) | HELP)
#define SPEC                                                                                       \
    (BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_TARGET) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |         \
     BIT(OPT_OS) | BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | HELP)
#define CALL (SPEC | BIT(OPT_THREADS))

const Verb all_verbs[] = {
    { .name = "compile",
      .operands = { "SPEC.lua" },
      .required = 1,
      .options = (SPEC & ~BIT(OPT_TARGET)) | BIT(OPT_TARGETS) | BIT(OPT_OUT) | BIT(OPT_EMIT) |
                 BIT(OPT_WEIGHTS) | BIT(OPT_MEMORY) | BIT(OPT_DEPFILE) | BIT(OPT_DEPFILE_ALL) |
                 BIT(OPT_THREADS) | BIT(OPT_MAKERS) | BIT(OPT_VERBOSE) | BIT(OPT_JSON),
      .summary = "write kernels as object files, headers, assembly, libraries",
      .details = help_compile,
      .run = verb_compile },
    { .name = "run",
      .operands = { "SPEC.lua" },
      .required = 1,
      .options = CALL | BIT(OPT_INPUT) | BIT(OPT_WEIGHTS) | BIT(OPT_MEMORY) | BIT(OPT_OUTPUT),
      .summary = "run one kernel on npy files",
      .details = help_run,
      .run = verb_run },
    { .name = "verify",
      .operands = { "SPEC.lua" },
      .required = 1,
      .options = CALL | BIT(OPT_INPUT) | BIT(OPT_WEIGHTS) | BIT(OPT_MEMORY) | BIT(OPT_SEED) |
                 BIT(OPT_FULL) | BIT(OPT_VERBOSE) | BIT(OPT_JSON),
      .summary = "compare kernels with the double-precision reference",
      .details = help_verify,
      .run = verb_verify },
    { .name = "bench",
      .operands = { "SPEC.lua" },
      .required = 1,
      .options = CALL | BIT(OPT_WEIGHTS) | BIT(OPT_MEMORY) | BIT(OPT_TIME) | BIT(OPT_OFFSETS) |
                 BIT(OPT_VERBOSE) | BIT(OPT_JSON),
      .summary = "time kernels",
      .details = help_bench,
      .run = verb_bench },
    { .name = "tune",
      .operands = { "SPEC.lua" },
      .required = 1,
      .options = CALL | BIT(OPT_EFFORT) | BIT(OPT_TRIALS) | BIT(OPT_TIME) | BIT(OPT_SEED) |
                 BIT(OPT_OFFSETS) | BIT(OPT_VERBOSE) | BIT(OPT_JSON),
      .summary = "find the quickest schedule by measuring",
      .details = help_tune,
      .run = verb_tune },
    { .name = "show",
      .operands = { "WHAT", "SPEC.lua" },
      .required = 2,
      .options = CALL | BIT(OPT_MEMORY) | BIT(OPT_JSON),
      .summary = "print what was decided for a spec",
      .details = help_show,
      .run = verb_show },
    { .name = "report",
      .operands = { "SPEC.lua" },
      .required = 0,
      .options = (SPEC & ~BIT(OPT_SCHEDULE)) | BIT(OPT_OUT_FILE) | BIT(OPT_THREADS) | BIT(OPT_JSON),
      .summary = "write what tuning found as one page of HTML",
      .details = help_report,
      .run = verb_report },
    { .name = "visualize",
      .operands = { "NET.lua" },
      .required = 1,
      .options = BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_INPUT) | BIT(OPT_WEIGHTS) |
                 BIT(OPT_SEED) | BIT(OPT_OUT) | BIT(OPT_THREADS) | BIT(OPT_IMAGE) | BIT(OPT_NODE) |
                 BIT(OPT_SHOW) | BIT(OPT_RESPONSE) | BIT(OPT_HOLD) | BIT(OPT_SAMPLES) |
                 BIT(OPT_EPSILON) | BIT(OPT_SUPERPIXELS) | BIT(OPT_LIMIT) | BIT(OPT_MEAN) |
                 BIT(OPT_STD) | BIT(OPT_RANGE) | BIT(OPT_CHANNELS) | BIT(OPT_SIZE) | REPORT,
      .summary = "draw what nodes of a network look at on a photograph",
      .details = help_visualize,
      .run = verb_visualize },
    { .name = "cache",
      .operands = { "WHAT", "FILE" },
      .required = 1,
      .options = SPEC | BIT(OPT_THREADS) | BIT(OPT_MAX_SIZE) | BIT(OPT_MAX_AGE) | BIT(OPT_VERBOSE) |
                 BIT(OPT_JSON),
      .summary = "look after the store of tuning results and code",
      .details = help_cache,
      .run = verb_cache },
    { .name = "sweep",
      .operands = { "WHAT", "FILE..." },
      .required = 1,
      .options = BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_CPUS) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |
                 BIT(OPT_OS) | BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | BIT(OPT_OUT_FILE) |
                 BIT(OPT_SEED) | BIT(OPT_TIME) | BIT(OPT_TRIALS) | BIT(OPT_EFFORT) |
                 BIT(OPT_OFFSETS_LIST) | BIT(OPT_COUNTS) | BIT(OPT_CANONICAL) | BIT(OPT_SLURM) |
                 BIT(OPT_PLAN) | BIT(OPT_DB) | BIT(OPT_SHARD) | BIT(OPT_ITEM) | BIT(OPT_JOBS) |
                 BIT(OPT_ESTIMATE) | BIT(OPT_IMPORT) | BIT(OPT_EXPORT) | REPORT,
      .summary = "tune many kernels for many CPUs, on many machines",
      .details = help_sweep,
      .run = verb_sweep },
    { .name = "targets",
      .options = REPORT,
      .summary = "list the CPUs that can be compiled for",
      .details = help_targets,
      .run = verb_targets },
    { .name = "doctor",
      .options = REPORT,
      .summary = "check that this machine has all it takes",
      .details = help_doctor,
      .run = verb_doctor },
    { .name = "completion",
      .operands = { "SHELL" },
      .required = 1,
      .options = HELP,
      .summary = "print what a shell needs to complete dcngen's words",
      .details = help_completion,
      .run = verb_completion },
    { .name = "version",
      .options = REPORT,
      .summary = "print the versions of dcngen and LLVM",
      .details = help_version,
      .run = verb_version },
    { .name = "help",
      .operands = { "VERB" },
      .required = 0,
      .options = HELP,
      .summary = "describe the program or one verb",
      .details = help_help,
      .run = verb_help },
    { .name = NULL },
};
_Static_assert(sizeof all_verbs / sizeof *all_verbs - 1 <= MAX_VERBS, "MAX_VERBS counts them");
