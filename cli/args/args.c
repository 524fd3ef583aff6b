/* args.c: argv to Args.
**
**     --opt value   --opt=value   -o value   -ovalue   -mcpu=value
**
** Options may stand before and after the words; what follows `--` is words.  Of an option that
** holds one value the last one counts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/args.h"
#include "cli/args/verb.h"
#include "runtime/base/base.h"

#include <stdlib.h>
#include <string.h>

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
        return verb_no_option(a->verbs, a->verb, arg, err);
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

/* ---- the whole line ------------------------------------------------------- */

/* Room for as many of each as there are words in argv. */
static int make_room(Args *a, int argc, dcn_error *err)
{
    size_t n = (size_t)argc + 1;
    WordList *lists[] = { &a->words, &a->kernel, &a->db, &a->node, &a->image };
    ParamList *pairs[] = { &a->define, &a->input, &a->output };
    bool failed = false;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        failed |= !(lists[i]->at = calloc(n, sizeof *lists[i]->at));
    for (int i = 0; i < 3; i++)
        failed |= !(pairs[i]->at = calloc(n, sizeof *pairs[i]->at));
    return failed ? dcn_fail(err, DCN_EENV, "no memory for the command line") : 0;
}

/* The verb of a word, or of the option that stands for one. */
static const Verb *find_verb(const Verb *verbs, const char *word)
{
    static const struct {
        const char *word, *verb;
    } also[] = { { "--help", "help" }, { "-h", "help" }, { "--version", "version" } };
    for (int i = 0; i < 3; i++) {
        if (!strcmp(word, also[i].word))
            return verb_find(verbs, also[i].verb);
    }
    return verb_find(verbs, word);
}

int args_parse(const Verb *verbs, int argc, char **argv, Args *a, dcn_error *err)
{
    *a = (Args){ .verbs = verbs,
                 .seconds = 1,
                 .effort = DCN_TUNE_MEASURE,
                 .max_bytes = -1,
                 .max_days = -1,
                 .jobs = 1,
                 .response = "norm",
                 .hold = "live",
                 .samples = 1,
                 .epsilon = 0.1,
                 .superpixels = 64,
                 .mean = { 1, { 0 } },
                 .std = { 1, { 1 } },
                 .range = 1 };
    if (make_room(a, argc, err))
        return -1;
    if (argc < 2)
        return dcn_fail(err, DCN_EUSAGE,
                        "usage: dcngen VERB [options] SPEC.lua; 'dcngen help' lists the verbs");
    a->verb = find_verb(verbs, argv[1]);
    if (!a->verb)
        return verb_unknown(verbs, argv[1], err);
    ArgCursor w = { argc, 2, argv };
    if (take_words(a, &w, err))
        return -1;
    return args_has(a, OPT_HELP) ? 0 : verb_check_words(a->verb, &a->words, err);
}

void args_free(Args *a)
{
    free(a->words.at);
    free(a->kernel.at);
    free(a->db.at);
    free(a->node.at);
    free(a->image.at);
    free(a->define.at);
    free(a->input.at);
    free(a->output.at);
}
