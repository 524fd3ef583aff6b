/* args.h: the command line as a struct.
**
** Two tables describe it: the options (options.c), and the verbs that the caller hands in.
** Parsing, the help texts and the hints for misspelt words are all made from them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_ARGS_ARGS_H
#define DCN_CLI_ARGS_ARGS_H

#include <dcngen/tune.h>
#include <stdbool.h>

typedef struct WordList {
    int n;
    const char **at;
} WordList;

/* NAME=TEXT, any number of times. */
typedef struct ParamList {
    int n;
    dcn_param *at;
} ParamList;

/* One number, or one for each colour. */
typedef struct NumberList {
    int n;
    double at[3];
} NumberList;

/* In the order in which the help lists them. */
typedef enum {
    OPT_DEFINE,
    OPT_KERNEL,
    OPT_TARGET,
    OPT_TARGETS,
    OPT_CPU,
    OPT_ATTRS,
    OPT_OS,
    OPT_TRIPLE,
    OPT_SCHEDULE,
    OPT_OUT,
    OPT_OUT_FILE,
    OPT_EMIT,
    OPT_DEPFILE,
    OPT_DEPFILE_ALL,
    OPT_INPUT,
    OPT_WEIGHTS,
    OPT_MEMORY,
    OPT_OUTPUT,
    OPT_SEED,
    OPT_FULL,
    OPT_TIME,
    OPT_TRIALS,
    OPT_EFFORT,
    OPT_OFFSETS,
    OPT_THREADS,
    OPT_MAKERS,
    OPT_CPUS,
    OPT_OFFSETS_LIST,
    OPT_COUNTS,
    OPT_CANONICAL,
    OPT_SLURM,
    OPT_PLAN,
    OPT_DB,
    OPT_SHARD,
    OPT_ITEM,
    OPT_JOBS,
    OPT_ESTIMATE,
    OPT_IMPORT,
    OPT_EXPORT,
    OPT_MAX_SIZE,
    OPT_MAX_AGE,
    OPT_IMAGE,
    OPT_NODE,
    OPT_SHOW,
    OPT_RESPONSE,
    OPT_HOLD,
    OPT_SAMPLES,
    OPT_EPSILON,
    OPT_SUPERPIXELS,
    OPT_LIMIT,
    OPT_MEAN,
    OPT_STD,
    OPT_RANGE,
    OPT_CHANNELS,
    OPT_SIZE,
    OPT_VERBOSE,
    OPT_JSON,
    OPT_HELP,
    NOPTIONS
} OptionId;
_Static_assert(NOPTIONS <= 64, "a set of options is 64 bits");

/* More options than an enumerator has bits: sets of them are uint64_t or macros. */
#define BIT(id) (UINT64_C(1) << (id))

struct Verb;

/* All text is borrowed from argv, which is changed: `=` between a name and its text becomes NUL. */
typedef struct Args {
    const struct Verb *verbs, *verb; /* all there are, and the one of this command */
    uint64_t given;                  /* BIT of every option that was there */
    WordList words;                  /* what is not an option */
    WordList kernel;
    ParamList define, input, output;
    const char *target, *cpu, *attrs, *os, *triple, *schedule, *out, *emit, *depfile, *weights;
    int threads; /* 0: not given */
    uint64_t seed;
    int64_t memory;              /* 0: not given */
    int64_t max_bytes, max_days; /* -1: no limit */
    double seconds;
    const char *offsets; /* NULL: not given */
    int64_t trials;      /* 0: not given */
    dcn_effort effort;
    WordList db;
    const char *counts, *offsets_list; /* of sweep: lists with commas */
    const char *plan, *slurm, *item, *export_to;
    int shard[2]; /* the first of so many as the second says; 0: not given */
    int jobs;     /* 0: as many as there are cores for */
    WordList node;
    WordList image;                     /* of visualize: the photograph, then others */
    const char *show, *response, *hold; /* hold: "live" or "fixed" */
    int64_t samples;
    double epsilon;
    int superpixels, block; /* about so many, or squares of that side; one of them is 0 */
    double limit;           /* seconds; 0: none */
    NumberList mean, std;
    double range;
    bool bgr;
    int size[2]; /* rows, columns; 0: not given */
} Args;

typedef struct Option {
    const char *name;  /* as it is typed: "--threads", "-o", "-mcpu" */
    const char *value; /* what the help calls its value; NULL: a switch */
    const char *help;
    size_t offset; /* of the field of Args that `parse` fills */
    int (*parse)(const struct Option *o, char *text, void *field, dcn_error *err);
} Option;

extern const Option options[NOPTIONS];

/* -1 with a usage error.  `verbs` is borrowed.  Freed by args_free, also after a failure. */
int args_parse(const struct Verb *verbs, int argc, char **argv, Args *a, dcn_error *err);
void args_free(Args *a);

static inline bool args_has(const Args *a, OptionId id)
{
    return (a->given & BIT(id)) != 0;
}

#endif
