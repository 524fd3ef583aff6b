/* schedule.c: the words of a schedule's text.
**
**     tiled mr=6 nv=4                              mr, nv
**     stages offset={tiled mr=8} core={direct}     offset = tiled, offset.mr, core = direct
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/schedule.h"

#include "runtime/base/text.h"

#include <stdio.h>
#include <string.h>

KnobWalk knob_walk(const char *schedule)
{
    return (KnobWalk){ .at = schedule };
}

/* What a word says, and in which stage the next one is; false if it is the name of a lowering. */
static bool read_word(KnobWalk *walk, const char *word, int length, KnobText *out)
{
    const int name = (int)strcspn(word, "= ");
    if (name >= length)
        return false;
    const bool opens = word[name + 1] == '{';
    const char *value = word + name + 1 + opens;
    const int digits = (int)strcspn(value, "} ");
    if (opens)
        walk->stage[0] = 0;
    snprintf(out->word, sizeof out->word, "%.*s", length, word);
    snprintf(out->name, sizeof out->name, "%s%s%.*s", walk->stage, *walk->stage ? "." : "", name,
             word);
    snprintf(out->value, sizeof out->value, "%.*s", digits, value);
    if (opens)
        snprintf(walk->stage, sizeof walk->stage, "%.*s", name, word);
    if (value[digits] == '}')
        walk->stage[0] = 0;
    return true;
}

bool knob_next(KnobWalk *walk, KnobText *out)
{
    for (;;) {
        const char *word = walk->at + strspn(walk->at, " ");
        const int length = (int)strcspn(word, " ");
        walk->at = word + length;
        if (length == 0)
            return false;
        if (read_word(walk, word, length, out))
            return true;
    }
}

const char *knob_value(const char *schedule, const char *knob, KnobText *buf)
{
    for (KnobWalk walk = knob_walk(schedule); knob_next(&walk, buf);)
        if (!strcmp(buf->name, knob))
            return buf->value;
    return NULL;
}

/* ---- without what is as guessed ----------------------------------------------------------- */

/* A stage's lowering, which tells what its knobs mean, stands in the word that opens the stage. */
static bool opens_stage(const KnobText *knob)
{
    return strstr(knob->word, "={") != NULL;
}

static bool same_value(const char *guess, const KnobText *knob)
{
    KnobText buf;
    const char *value = knob_value(guess, knob->name, &buf);
    return value && !strcmp(value, knob->value);
}

const char *schedule_brief(const char *schedule, const char *guess, char *out)
{
    rt_text t = rt_text_in(out, DCN_SCHEDULE_MAX);
    const size_t lowering = strcspn(schedule, " ");
    bool alike = lowering == strcspn(guess, " ") && !strncmp(schedule, guess, lowering);
    KnobText knob;
    rt_text_add(&t, "%.*s", (int)lowering, schedule);
    for (KnobWalk walk = knob_walk(schedule); knob_next(&walk, &knob);) {
        const bool same = same_value(guess, &knob);
        if (opens_stage(&knob))
            alike = same;
        if (opens_stage(&knob) || !alike || !same)
            rt_text_add(&t, " %s", knob.word);
        else if (strchr(knob.word, '}'))
            rt_text_add(&t, "}");
    }
    return out;
}
