/* verbs.c: the table of verbs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verbs.h"
#include "cli/args/hints.h"
#include "runtime/base/base.h"

#include <string.h>

#define HELP   BIT(OPT_HELP)
#define REPORT (BIT(OPT_JSON) | HELP)
#define SPEC                                                                                       \
    (BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_TARGET) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |         \
     BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | HELP)
#define CALL (SPEC | BIT(OPT_THREADS))

const Verb all_verbs[] = {
    { "compile",
      { "SPEC.lua" },
      1,
      (SPEC & ~BIT(OPT_TARGET)) | BIT(OPT_TARGETS) | BIT(OPT_OUT) | BIT(OPT_EMIT) |
          BIT(OPT_DEPFILE) | BIT(OPT_THREADS) | BIT(OPT_JSON),
      "write kernels as object files, headers, assembly, libraries",
      "Writes, for each kernel, the artefacts named by --emit (default: obj,header) into DIR:\n"
      "NAME.o, NAME.h, NAME.s, NAME.ll, NAME.bc, libNAME.a, libNAME.so.  The object needs no\n"
      "library; the header documents shapes, weight packing, workspace and threading.  With more\n"
      "CPUs than one in --target every artefact holds a variant for each, and picks the best that\n"
      "the machine can run when it is first called.  All files of one command appear complete or\n"
      "not at all; their names are printed.  --threads is how many of them are made at the same\n"
      "time, and how many will run a kernel, where the store knows a schedule that was tuned for\n"
      "them.\n",
      verb_compile },
    { "run",
      { "SPEC.lua" },
      1,
      CALL | BIT(OPT_INPUT) | BIT(OPT_OUTPUT),
      "run one kernel on npy files",
      "Reads every operand from an npy file of f2, f4, f8, i4 or i8 numbers, converts it to the\n"
      "kernel's dtype, packs the weights, runs the kernel and writes its output.  Sizes that are\n"
      "dynamic in the spec are those of the input tensor.  dcnv4 and dcnv4_module also take maps\n"
      "with rows and columns in one, [N,H*W,C], and then write such a map.\n",
      verb_run },
    { "verify",
      { "SPEC.lua" },
      1,
      CALL | BIT(OPT_SEED) | BIT(OPT_JSON),
      "compare kernels with the double-precision reference",
      "Runs each kernel on ordinary and adversarial offsets and compares all outputs with a plain\n"
      "reference in double precision.  Exits with 1 if one differs by more than the tolerance.\n",
      verb_verify },
    { "bench",
      { "SPEC.lua" },
      1,
      CALL | BIT(OPT_TIME) | BIT(OPT_OFFSETS) | BIT(OPT_JSON),
      "time kernels",
      "Verifies each kernel, then prints its median, least and greatest time, GFLOP/s, the share\n"
      "of the multiply-add peak measured in the same run, and the bytes of its operands.  All\n"
      "sizes must be static.\n",
      verb_bench },
    { "tune",
      { "SPEC.lua" },
      1,
      CALL | BIT(OPT_EFFORT) | BIT(OPT_TRIALS) | BIT(OPT_TIME) | BIT(OPT_SEED) | BIT(OPT_OFFSETS) |
          BIT(OPT_JSON),
      "find the quickest schedule by measuring",
      "Tries schedules of each kernel: builds, verifies and times every candidate in a process of\n"
      "its own, against the best so far, and remembers what became of it in the store, from which\n"
      "all other verbs take their schedule.  The same command goes on where it was stopped.\n"
      "Efforts: estimate measures nothing, measure tries 100 candidates or 60 s, patient 600 or\n"
      "15 minutes, exhaustive all there are; --trials and --time say otherwise.  --schedule keeps\n"
      "the knobs that it names.  Kernels of dynamic sizes are tuned at 64 x 64.  Exits with 124 "
      "if\n"
      "--time ended the search of a kernel.\n",
      verb_tune },
    { "show",
      { "WHAT", "SPEC.lua" },
      2,
      CALL | BIT(OPT_JSON),
      "print what was decided for a spec",
      "WHAT is one of\n"
      "  spec      the spec with every key written, as a spec file\n"
      "  schedule  the schedule in use, and why; with --threads also the bytes of workspace\n"
      "  space     the ways to compute it: knobs, how many schedules are legal, why others are "
      "not\n"
      "  ir        LLVM IR\n"
      "  asm       assembly\n",
      verb_show },
    { "report",
      { "SPEC.lua" },
      0,
      (SPEC & ~BIT(OPT_SCHEDULE)) | BIT(OPT_OUT_FILE) | BIT(OPT_THREADS) | BIT(OPT_JSON),
      "write what tuning found as one page of HTML",
      "Reads the records that `dcngen tune` left in the store and draws, for each kernel, the "
      "tuning\n"
      "curve, every knob against time, the roofline, the spread of the readings, what failed and\n"
      "why, and a table of all candidates.  The page is one file that needs no other.  Without\n"
      "SPEC.lua it is about everything in the store; --threads keeps what was tuned for so many.\n",
      verb_report },
    { "cache",
      { "WHAT", "FILE" },
      1,
      SPEC | BIT(OPT_THREADS) | BIT(OPT_MAX_SIZE) | BIT(OPT_MAX_AGE) | BIT(OPT_JSON),
      "look after the store of tuning results and code",
      "WHAT is one of\n"
      "  path             where the store lies\n"
      "  ls               what is remembered: a kernel, its best schedule and time\n"
      "  stat             how much is remembered\n"
      "  prune            drop what is stale or unused; --max-size and --max-age drop more\n"
      "  clear            drop everything, pins too\n"
      "  verify           check every record and all code; exits with 5 if something is damaged\n"
      "  export [FILE]    write all records and pins as JSON lines; default: standard output\n"
      "  import FILE      take such lines in: the best verified record wins\n"
      "  pin SPEC.lua     use --schedule for its kernels on --target with --threads from now on\n"
      "  unpin SPEC.lua   do so no longer\n",
      verb_cache },
    { "sweep",
      { "WHAT", "FILE..." },
      1,
      BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_CPUS) | BIT(OPT_CPU) | BIT(OPT_ATTRS) |
          BIT(OPT_TRIPLE) | BIT(OPT_SCHEDULE) | BIT(OPT_OUT_FILE) | BIT(OPT_SEED) | BIT(OPT_TIME) |
          BIT(OPT_TRIALS) | BIT(OPT_EFFORT) | BIT(OPT_OFFSETS_LIST) | BIT(OPT_COUNTS) |
          BIT(OPT_CANONICAL) | BIT(OPT_SLURM) | BIT(OPT_PLAN) | BIT(OPT_DB) | BIT(OPT_SHARD) |
          BIT(OPT_ITEM) | BIT(OPT_JOBS) | BIT(OPT_ESTIMATE) | BIT(OPT_IMPORT) | BIT(OPT_EXPORT) |
          REPORT,
      "tune many kernels for many CPUs, on many machines",
      "WHAT is one of\n"
      "  plan [SPEC.lua...]  write the list of items: every kernel for every --target, number of\n"
      "                      --threads and kind of --offsets, with the budget of each; --slurm\n"
      "                      also writes job arrays\n"
      "  worker              tune the items of --plan that this machine can run, or the --shard\n"
      "                      or --item of them, into --db, whose done items are skipped; each on\n"
      "                      cores of its own.  --target keeps the items for these CPUs\n"
      "  status [DB...]      what these databases and --db say of the plan\n"
      "  collect [DB...]     merge them: into a database (-o), the store (--import), JSON lines\n"
      "                      (--export)\n"
      "status and collect exit with 1 if items are missing or failed, or results contradict each\n"
      "other.  docs/SWEEP.md shows a whole sweep.\n",
      verb_sweep },
    { "targets",
      { NULL },
      0,
      REPORT,
      "list the CPUs that can be compiled for",
      "Lists the names that --target takes.  A star marks the CPU whose name this machine has;\n"
      "what `native` means here follows the table.\n",
      verb_targets },
    { "doctor",
      { NULL },
      0,
      REPORT,
      "check that this machine has all it takes",
      "Checks the environment variables, the CPU, threads, a directory for temporary files, the\n"
      "store, the making of a shared library, and compiles and verifies a small kernel.  Exits\n"
      "with 4 if something that every verb needs does not work.\n",
      verb_doctor },
    { "completion",
      { "SHELL" },
      1,
      HELP,
      "print what a shell needs to complete dcngen's words",
      "SHELL is bash, zsh or fish.  For this session: source <(dcngen completion bash), the same\n"
      "with zsh, or dcngen completion fish | source.  Packages install all three.\n",
      verb_completion },
    { "version",
      { NULL },
      0,
      REPORT,
      "print the versions of dcngen and LLVM",
      "Prints the version of the program and of the LLVM that it compiles with.\n",
      verb_version },
    { "help",
      { "VERB" },
      0,
      HELP,
      "describe the program or one verb",
      "Prints what `dcngen VERB --help` prints, or an overview.\n",
      verb_help },
    { .name = NULL },
};
