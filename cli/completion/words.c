/* words.c: what may stand at each place of the command line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/values.h"
#include "cli/completion/completion.h"
#include "cli/verb/artefact.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

/* ---- words -------------------------------------------------------------------------------- */

const char *const completion_shells[] = { "bash", "zsh", "fish", NULL };

static const char *shell_word(int i)
{
    return completion_shells[i];
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
    { "--os", NULL, { .word = system_word } },
    { "--offsets", "live|fixed", { .word = hold_word } },
    { "--offsets", "KIND,...", { .word = offsets_word, .list = true, .files = ".npy" } },
    { "--offsets", NULL, { .word = offsets_word, .files = ".npy" } },
    { "--show", NULL, { .word = visualize_method, .list = true } },
    { "--response", NULL, { .word = response_word } },
    { "--superpixels", NULL, { .word = parts_word } },
    { "--channels", NULL, { .word = channels_word } },
    { "show", "WHAT", { .word = show_subverb } },
    { "cache", "WHAT", { .word = cache_subverb } },
    { "sweep", "WHAT", { .word = sweep_subverb } },
    { "help", NULL, { .is_verb = true } },
    { "completion", NULL, { .word = shell_word } },
    { NULL, "CPU,...", { .word = target_word, .list = true } },
    { NULL, "CPU", { .word = target_word } },
    { NULL, "SPEC.lua", { .files = ".lua" } },
    { NULL, "NAME=FILE", { .files = ".npy", .named = true } },
    { NULL, "FILE.png", { .files = ".png" } },
    { NULL, "FILE...", { .files = "" } },
    { NULL, "FILE", { .files = "" } },
    { NULL, "DIR", { .files = "/" } },
};

CompletionValue completion_value(const Verb *verbs, const char *of, const char *label)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if ((!values[i].of || !strcmp(values[i].of, of)) &&
            (!values[i].label || !strcmp(values[i].label, label))) {
            CompletionValue value = values[i].value;
            value.verbs = value.is_verb ? verbs : NULL;
            return value;
        }
    return (CompletionValue){ .word = NULL };
}

bool completion_has_words(const CompletionValue *value)
{
    return value->verbs || value->word;
}

const char *completion_word(const CompletionValue *value, int i)
{
    if (value->verbs)
        return value->verbs[i].name;
    return value->word ? value->word(i) : NULL;
}

void completion_print_verbs(const Verb *verbs, OptionId id, const char *between, const char *after)
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
    const char *word;
    for (int i = 0; (word = completion_word(value, i)); i++)
        printf("%s%s", i ? between : before, word);
}
