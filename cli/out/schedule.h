/* schedule.h: the words of a schedule's text.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_SCHEDULE_H
#define DCN_CLI_OUT_SCHEDULE_H

#include <dcngen/spec.h>
#include <stdbool.h>

/* A word `knob=value`.  In a stage of a module the name is that of the stage, a dot, and the
** knob's; the stage itself is such a word, too, whose value is its lowering. */
typedef struct KnobText {
    char name[2 * DCN_NAME_MAX], value[32];
    char word[2 * DCN_NAME_MAX]; /* as it stands in the text, with the braces of stages */
} KnobText;

typedef struct KnobWalk {
    const char *at;
    char stage[DCN_NAME_MAX]; /* whose knobs are next; "": none's */
} KnobWalk;

/* Before the first word; the text is borrowed. */
KnobWalk knob_walk(const char *schedule);

/* The next word; false past the last. */
bool knob_next(KnobWalk *walk, KnobText *out);

/* The value that the schedule gives a knob, or NULL; buf holds it. */
const char *knob_value(const char *schedule, const char *knob, KnobText *buf);

/* The schedule without the knobs that `guess` has as well, which parses to the same schedule:
** "tiled mr=6", "stages offset={tiled} core={direct oc_block=2}".  Returns out, of
** DCN_SCHEDULE_MAX bytes. */
const char *schedule_brief(const char *schedule, const char *guess, char *out);

#endif
