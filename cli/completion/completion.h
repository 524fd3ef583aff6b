/* completion.h: what shells are told about the command line.
**
** All of it comes from the tables of verbs and options and of what their values are chosen from, so a script cannot
** offer what the program that printed it does not take.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_COMPLETION_COMPLETION_H
#define DCN_CLI_COMPLETION_COMPLETION_H

#include "cli/verbs.h"

/* What may stand in one place of the command line: words, files, both or, where all is 0, anything. */
typedef struct CompletionValue {
    const char *(*word)(int i); /* the i-th one, NULL past the last; may itself be NULL */
    bool list;                  /* any number of the words, with commas between them */
    const char *files;          /* a suffix ("" for any), "/" for directories */
    bool named;                 /* NAME= stands before the file */
} CompletionValue;

/* By what the help calls it; `of` is the option, or the verb whose operand it is. */
CompletionValue completion_value(const char *of, const char *label);

/* The verbs that take option `id`, with `between` between their names, each followed by `after`. */
void completion_print_verbs(OptionId id, const char *between, const char *after);

/* Whether several options, each of verbs of its own, have the name of this one, and whether this is the first. */
bool completion_is_shared(OptionId id);
bool completion_is_first(OptionId id);

/* Whether an operand of that name stands for all that follow. */
bool completion_is_rest(const char *label);

/* The words with one more before the first and between them. */
void completion_print_words(const CompletionValue *value, const char *before, const char *between);

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

#endif
