/* completion.c: the verb that prints completion scripts, and what values are chosen from.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/completion/completion.h"
#include "cli/args/subverb.h"
#include "cli/args/values.h"
#include "cli/verb/artefact.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*print)(void);
} shells[] = { { "bash", completion_bash },
               { "zsh", completion_zsh },
               { "fish", completion_fish } };
enum { NSHELLS = sizeof shells / sizeof *shells };

/* ---- words -------------------------------------------------------------------------------- */

static const char *shell_word(int i)
{
    return i < NSHELLS ? shells[i].name : NULL;
}

static const char *verb_word(int i)
{
    return verbs[i].name;
}

static const char *emit_word(int i)
{
    return i < NKINDS ? artefact_kinds[i].name : NULL;
}

static const char *target_word(int i)
{
    const char *cpu, *triple, *isa;
    if (i == 0)
        return "native";
    return dcn_target_known(i - 1, &cpu, &triple, &isa) ? NULL : cpu;
}

/* ---- values ------------------------------------------------------------------------------- */

static const struct {
    const char *of, *label; /* NULL: of any option or verb, any label */
    CompletionValue value;
} values[] = {
    { "--emit", NULL, { .word = emit_word, .list = true } },
    { "--effort", NULL, { .word = effort_word } },
    { "--offsets", "KIND,...", { .word = offsets_word, .list = true, .files = ".npy" } },
    { "--offsets", NULL, { .word = offsets_word, .files = ".npy" } },
    { "show", "WHAT", { .word = show_subverb } },
    { "cache", "WHAT", { .word = cache_subverb } },
    { "sweep", "WHAT", { .word = sweep_subverb } },
    { "help", NULL, { .word = verb_word } },
    { "completion", NULL, { .word = shell_word } },
    { NULL, "CPU,...", { .word = target_word, .list = true } },
    { NULL, "CPU", { .word = target_word } },
    { NULL, "SPEC.lua", { .files = ".lua" } },
    { NULL, "NAME=FILE", { .files = ".npy", .named = true } },
    { NULL, "FILE...", { .files = "" } },
    { NULL, "FILE", { .files = "" } },
    { NULL, "DIR", { .files = "/" } },
};

CompletionValue completion_value(const char *of, const char *label)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if ((!values[i].of || !strcmp(values[i].of, of)) &&
            (!values[i].label || !strcmp(values[i].label, label)))
            return values[i].value;
    return (CompletionValue){ .word = NULL };
}

void completion_print_verbs(OptionId id, const char *between, const char *after)
{
    const char *before = "";
    for (const Verb *v = verbs; v->name; v++) {
        if (!(v->options & BIT(id)))
            continue;
        printf("%s%s%s", before, v->name, after);
        before = between;
    }
}

bool completion_is_shared(OptionId id)
{
    int n = 0;
    for (int other = 0; other < NOPTIONS; other++)
        n += !strcmp(options[other].name, options[id].name);
    return n > 1;
}

bool completion_is_first(OptionId id)
{
    OptionId first = 0;
    while (strcmp(options[first].name, options[id].name) != 0)
        first++;
    return first == id;
}

bool completion_is_rest(const char *label)
{
    const size_t n = strlen(label);
    return n > 3 && !strcmp(label + n - 3, "...");
}

void completion_print_words(const CompletionValue *value, const char *before, const char *between)
{
    for (int i = 0; value->word && value->word(i); i++)
        printf("%s%s", i ? between : before, value->word(i));
}

/* ---- the verb ----------------------------------------------------------------------------- */

int verb_completion(const Args *a, dcn_error *err)
{
    const char *names[NSHELLS + 1] = { NULL };
    for (int i = 0; i < NSHELLS; i++)
        names[i] = shells[i].name;
    int i = subverb_find(a, names, err);
    if (i < 0)
        return -1;
    shells[i].print();
    return 0;
}
