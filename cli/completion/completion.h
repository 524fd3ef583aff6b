/* completion.h: what shells are told about the command line.
**
** All of it comes from the tables of verbs and options and of what their values are chosen from, so
** a script cannot offer what the program that printed it does not take.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_COMPLETION_COMPLETION_H
#define DCN_CLI_COMPLETION_COMPLETION_H

#include "cli/args/verb.h"

/* What may stand in one place of the command line: words, files, both; if all is 0, anything. */
typedef struct CompletionValue {
    const char *(*word)(int i); /* the i-th one, NULL past the last; may itself be NULL */
    bool is_verb;               /* the words are the names of verbs */
    const Verb *verbs;          /* then the table of them */
    bool list;                  /* any number of the words, with commas between them */
    const char *files;          /* a suffix ("" for any), "/" for directories */
    bool named;                 /* NAME= stands before the file */
} CompletionValue;

/* By what the help calls it; `of` is the option, or the verb whose operand it is. */
CompletionValue completion_value(const Verb *verbs, const char *of, const char *label);

/* The i-th word that may stand there; NULL past the last. */
bool completion_has_words(const CompletionValue *value);
const char *completion_word(const CompletionValue *value, int i);

/* The verbs that take option `id`, with `between` between their names, each followed by `after`. */
void completion_print_verbs(const Verb *verbs, OptionId id, const char *between, const char *after);

/* Whether several options, each of verbs of its own, have the name of this one, and whether this is
** the first. */
bool completion_is_shared(OptionId id);
bool completion_is_first(OptionId id);

/* Whether an operand of that name stands for all that follow. */
bool completion_is_rest(const char *label);

/* The words with one more before the first and between them. */
void completion_print_words(const CompletionValue *value, const char *before, const char *between);

/* The shells, in the order of the functions below; ended by NULL. */
extern const char *const completion_shells[];

void completion_bash(const Verb *verbs);
void completion_zsh(const Verb *verbs);
void completion_fish(const Verb *verbs);

#endif
