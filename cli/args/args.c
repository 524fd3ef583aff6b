/* args.c: the options, and argv to Args.
**
**     --opt value   --opt=value   -o value   -ovalue   -mcpu=value
**
** Options may stand before and after the words; what follows `--` is words.  Of an option that
** holds one value the last one counts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/args.h"
#include "cli/args/hints.h"
#include "cli/args/values.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(Args, field)

const Option options[NOPTIONS] = {
    [OPT_DEFINE] = { "-D", "NAME=VALUE", "what param(\"NAME\", default) returns in the spec",
                     AT(define), parse_define },
    [OPT_KERNEL] = { "--kernel", "NAME", "this kernel of the spec only; may be repeated",
                     AT(kernel), parse_list },
    [OPT_TARGET] = { "--target", "CPU", "native, or a CPU that `dcngen targets` lists", AT(target),
                     parse_target },
    [OPT_TARGETS] = { "--target", "CPU,...",
                      "native, or what `dcngen targets` lists; several: one library for all",
                      AT(target), parse_text },
    [OPT_CPU] = { "-mcpu", "CPU", "the same as --target", AT(cpu), parse_target },
    [OPT_ATTRS] = { "-mattr", "+X,-Y", "switch features of the CPU on and off", AT(attrs),
                    parse_text },
    [OPT_TRIPLE] = { "--triple", "TRIPLE", "the system that the CPU runs", AT(triple), parse_text },
    [OPT_SCHEDULE] = { "--schedule", "TEXT", "fix all or some knobs: \"tiled mr=6\"", AT(schedule),
                       parse_text },
    [OPT_OUT] = { "-o", "DIR", "where the files go; created if need be", AT(out), parse_text },
    [OPT_OUT_FILE] = { "-o", "FILE", "where it is written; default the standard output", AT(out),
                       parse_text },
    [OPT_EMIT] = { "--emit", "KIND,...",
                   "obj, header, asm, llvm-ir, bitcode, static-lib, shared-lib", AT(emit),
                   parse_text },
    [OPT_DEPFILE] = { "-M", NULL, "also write NAME.d: what the files were made from, for make", 0,
                      NULL },
    [OPT_INPUT] = { "--input", "NAME=FILE", "read this tensor from an npy file; once for each",
                    AT(input), parse_file },
    [OPT_OUTPUT] = { "--output", "NAME=FILE", "write this tensor to an npy file", AT(output),
                     parse_file },
    [OPT_SEED] = { "--seed", "N", "of the random numbers; default 0", AT(seed), parse_seed },
    [OPT_TIME] = { "--time", "S", "seconds for each kernel; default 1, of tune by effort",
                   AT(seconds), parse_seconds },
    [OPT_TRIALS] = { "--trials", "N", "candidates for each kernel; default by effort", AT(trials),
                     parse_trials },
    [OPT_EFFORT] = { "--effort", "KIND", "estimate, measure, patient, exhaustive; default measure",
                     AT(effort), parse_effort },
    [OPT_OFFSETS] = { "--offsets", "KIND",
                      "zero, normal:S with deviation S pixels, or FILE.npy; default normal:2",
                      AT(offsets), parse_offsets },
    [OPT_THREADS] = { "--threads", "N", "default DCNGEN_NUM_THREADS, else one for each core",
                      AT(threads), parse_threads },
    [OPT_CPUS] = { "--target", "CPU,...", "the CPUs to tune for, or to work for; default native",
                   AT(target), parse_text },
    [OPT_OFFSETS_LIST] = { "--offsets", "KIND,...",
                           "zero, normal:S with deviation S pixels, FILE.npy; default normal:2",
                           AT(offsets_list), parse_text },
    [OPT_COUNTS] = { "--threads", "N,...", "numbers of threads to tune for; default 1", AT(counts),
                     parse_text },
    [OPT_CANONICAL] = { "--canonical", NULL, "the layers of known networks, beside or for SPEC.lua",
                        0, NULL },
    [OPT_SLURM] = { "--slurm", "DIR", "write the plan and job arrays that work on it there",
                    AT(slurm), parse_text },
    [OPT_PLAN] = { "--plan", "FILE", "what `sweep plan` wrote", AT(plan), parse_text },
    [OPT_DB] = { "--db", "FILE", "the database of a worker; may be repeated where several are read",
                 AT(db), parse_list },
    [OPT_SHARD] = { "--shard", "I/N", "the I-th of N equal shares, 1 <= I <= N", AT(shard),
                    parse_shard },
    [OPT_ITEM] = { "--item", "ID", "this item of the plan only", AT(item), parse_text },
    [OPT_JOBS] = { "--jobs", "N", "items at a time, or auto: all cores; default 1", AT(jobs),
                   parse_jobs },
    [OPT_ESTIMATE] = { "--estimate", NULL,
                       "rank by the model of costs what cannot be measured here", 0, NULL },
    [OPT_IMPORT] = { "--import", NULL, "take the results into the store", 0, NULL },
    [OPT_EXPORT] = { "--export", "FILE",
                     "write the results as JSON lines; - is the standard output", AT(export_to),
                     parse_text },
    [OPT_MAX_SIZE] = { "--max-size", "BYTES", "of code that is kept; also 500K, 200M, 1G",
                       AT(max_bytes), parse_size },
    [OPT_MAX_AGE] = { "--max-age", "DAYS", "how long what nobody uses is kept", AT(max_days),
                      parse_days },
    [OPT_JSON] = { "--json", NULL, "report as JSON", 0, NULL },
    [OPT_HELP] = { "--help", NULL, "print this text", 0, NULL },
};

/* ---- finding an option ---------------------------------------------------- */

/* What follows the name in arg: "" if nothing, NULL if arg is not this option. */
static char *match(const Option *o, char *arg)
{
    size_t n = strlen(o->name);
    if (strncmp(arg, o->name, n) != 0)
        return NULL;
    bool letter = n == 2 && o->value; /* its value may stand beside it */
    return !arg[n] || arg[n] == '=' || letter ? arg + n : NULL;
}

static const Option *find(uint64_t allowed, char *arg, char **rest)
{
    for (int i = 0; i < NOPTIONS; i++) {
        if ((allowed & BIT(i)) && (*rest = match(&options[i], arg)))
            return &options[i];
    }
    return NULL;
}

static const Verb *owner(const char *name)
{
    for (const Verb *v = verbs; v->name; v++) {
        for (int i = 0; i < NOPTIONS; i++) {
            if ((v->options & BIT(i)) && !strcmp(options[i].name, name))
                return v;
        }
    }
    return NULL;
}

int args_no_option(const Verb *verb, const char *name, dcn_error *err)
{
    const Verb *other = owner(name);
    if (other)
        return dcn_fail(err, DCN_EUSAGE, "%s has no option '%s'; %s has", verb->name, name,
                        other->name);
    const char *names[NOPTIONS + 1];
    int n = 0;
    for (int i = 0; i < NOPTIONS; i++) {
        if (verb->options & BIT(i))
            names[n++] = options[i].name;
    }
    names[n] = NULL;
    char hint[HINT_MAX] = "";
    if (strlen(name) > 2 && *hint_nearest(name, names, hint))
        return dcn_fail(err, DCN_EUSAGE, "%s has no option '%s'%s", verb->name, name, hint);
    return dcn_fail(err, DCN_EUSAGE, "%s has no option '%s'; 'dcngen help %s' lists them",
                    verb->name, name, verb->name);
}

/* ---- taking it ------------------------------------------------------------ */

typedef struct ArgCursor {
    int n, at;
    char **arg;
} ArgCursor;

static int take_option(Args *a, ArgCursor *w, dcn_error *err)
{
    static char help[] = "--help";
    char *arg = w->arg[w->at++], *text;
    if (!strcmp(arg, "-h"))
        arg = help;
    const Option *o = find(a->verb->options, arg, &text);
    if (!o) {
        arg[strcspn(arg, "=")] = 0;
        return args_no_option(a->verb, arg, err);
    }
    a->given |= BIT(o - options);
    if (!o->value)
        return *text ? dcn_fail(err, DCN_EUSAGE, "%s takes no value", o->name) : 0;
    if (*text == '=')
        text++;
    else if (!*text && w->at == w->n)
        return dcn_fail(err, DCN_EUSAGE, "%s needs a value: %s", o->name, o->value);
    else if (!*text)
        text = w->arg[w->at++];
    return o->parse(o, text, (char *)a + o->offset, err);
}

static int take_words(Args *a, ArgCursor *w, dcn_error *err)
{
    bool only_words = false;
    while (w->at < w->n) {
        const char *arg = w->arg[w->at];
        if (only_words || arg[0] != '-' || !arg[1]) {
            a->words.at[a->words.n++] = arg;
            w->at++;
        } else if (!strcmp(arg, "--")) {
            only_words = true;
            w->at++;
        } else if (take_option(a, w, err)) {
            return -1;
        }
    }
    return 0;
}

static int check_words(const Args *a, dcn_error *err)
{
    const Verb *v = a->verb;
    int most = 0;
    while (v->operands[most])
        most++;
    bool any = most && strstr(v->operands[most - 1], "...");
    if (a->words.n < v->required)
        return dcn_fail(err, DCN_EUSAGE, "%s needs %s; 'dcngen help %s' says more", v->name,
                        v->operands[a->words.n], v->name);
    if (any)
        return 0;
    if (a->words.n > most && most)
        return dcn_fail(err, DCN_EUSAGE, "%s takes one %s; '%s' is one too many", v->name,
                        v->operands[most - 1], a->words.at[most]);
    if (a->words.n > most)
        return dcn_fail(err, DCN_EUSAGE, "%s takes no '%s'", v->name, a->words.at[0]);
    return 0;
}

/* ---- the whole line ------------------------------------------------------- */

/* Room for as many of each as there are words in argv. */
static int make_room(Args *a, int argc, dcn_error *err)
{
    size_t n = (size_t)argc + 1;
    WordList *lists[] = { &a->words, &a->kernel, &a->db };
    ParamList *pairs[] = { &a->define, &a->input, &a->output };
    bool failed = false;
    for (int i = 0; i < 3; i++)
        failed |= !(lists[i]->at = calloc(n, sizeof *lists[i]->at));
    for (int i = 0; i < 3; i++)
        failed |= !(pairs[i]->at = calloc(n, sizeof *pairs[i]->at));
    return failed ? dcn_fail(err, DCN_EENV, "no memory for the command line") : 0;
}

static const Verb *find_verb(const char *word)
{
    static const struct {
        const char *word, *verb;
    } also[] = { { "--help", "help" }, { "-h", "help" }, { "--version", "version" } };
    for (int i = 0; i < 3; i++) {
        if (!strcmp(word, also[i].word))
            return verb_find(also[i].verb);
    }
    return verb_find(word);
}

int args_parse(int argc, char **argv, Args *a, dcn_error *err)
{
    *a = (Args){
        .seconds = 1, .effort = DCN_TUNE_MEASURE, .max_bytes = -1, .max_days = -1, .jobs = 1
    };
    if (make_room(a, argc, err))
        return -1;
    if (argc < 2)
        return dcn_fail(err, DCN_EUSAGE,
                        "usage: dcngen VERB [options] SPEC.lua; 'dcngen help' lists the verbs");
    a->verb = find_verb(argv[1]);
    if (!a->verb)
        return verb_unknown(argv[1], err);
    ArgCursor w = { argc, 2, argv };
    if (take_words(a, &w, err))
        return -1;
    return args_has(a, OPT_HELP) ? 0 : check_words(a, err);
}

void args_free(Args *a)
{
    free(a->words.at);
    free(a->kernel.at);
    free(a->db.at);
    free(a->define.at);
    free(a->input.at);
    free(a->output.at);
}
