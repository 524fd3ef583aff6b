/* verb.c: what is wrong with a verb, its words, or its options.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/verb.h"
#include "cli/args/hints.h"
#include "runtime/base/base.h"

#include <string.h>

const Verb *verb_find(const Verb *verbs, const char *name)
{
    for (const Verb *v = verbs; v->name; v++) {
        if (!strcmp(v->name, name))
            return v;
    }
    return NULL;
}

bool verb_word_is_file(const char *word)
{
    return !strcmp(word, "-") || strpbrk(word, "./");
}

int verb_unknown(const Verb *verbs, const char *name, dcn_error *err)
{
    const char *names[MAX_VERBS + 1] = { NULL };
    for (int n = 0; n < MAX_VERBS && verbs[n].name; n++)
        names[n] = verbs[n].name;
    if (verb_word_is_file(name))
        return dcn_fail(err, DCN_EUSAGE,
                        "the verb comes first, before '%.100s'; 'dcngen help' lists the verbs",
                        name);
    if (*name == '-')
        return dcn_fail(err, DCN_EUSAGE, "the verb comes first, before '%.100s'", name);
    char hint[HINT_MAX];
    if (*hint_nearest(name, names, hint))
        return dcn_fail(err, DCN_EUSAGE, "unknown verb '%.100s'%s", name, hint);
    return dcn_fail(err, DCN_EUSAGE, "unknown verb '%.100s'; 'dcngen help' lists the verbs", name);
}

/* Too few words; a file where another word belongs tells that it is that one which is missing. */
static int fail_missing(const Verb *v, const WordList *words, dcn_error *err)
{
    const char *last = words->n ? words->at[words->n - 1] : "";
    if (words->n && verb_word_is_file(last))
        return dcn_fail(err, DCN_EUSAGE, "%s needs %s before '%.100s'; 'dcngen help %s' says more",
                        v->name, v->operands[words->n - 1], last, v->name);
    return dcn_fail(err, DCN_EUSAGE, "%s needs %s; 'dcngen help %s' says more", v->name,
                    v->operands[words->n], v->name);
}

int verb_check_words(const Verb *v, const WordList *words, dcn_error *err)
{
    int max = 0;
    while (v->operands[max])
        max++;
    bool any = max && strstr(v->operands[max - 1], "...");
    if (words->n < v->required)
        return fail_missing(v, words, err);
    if (any)
        return 0;
    if (words->n > max && max)
        return dcn_fail(err, DCN_EUSAGE, "%s takes one %s; '%s' is one too many", v->name,
                        v->operands[max - 1], words->at[max]);
    if (words->n > max)
        return dcn_fail(err, DCN_EUSAGE, "%s takes no '%s'", v->name, words->at[0]);
    return 0;
}

/* The first verb that has an option of that name. */
static const Verb *owner(const Verb *verbs, const char *name)
{
    for (const Verb *v = verbs; v->name; v++) {
        for (int i = 0; i < NOPTIONS; i++) {
            if ((v->options & BIT(i)) && !strcmp(options[i].name, name))
                return v;
        }
    }
    return NULL;
}

int verb_no_option(const Verb *verbs, const Verb *verb, const char *name, dcn_error *err)
{
    const Verb *other = owner(verbs, name);
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
