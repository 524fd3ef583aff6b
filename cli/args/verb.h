/* verb.h: what the program can do, as a table that parsing, help and completion are handed.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_ARGS_VERB_H
#define DCN_CLI_ARGS_VERB_H

#include "cli/args/args.h"

enum { MAX_VERBS = 32 };

/* A table of at most MAX_VERBS verbs ends with a NULL name. */
typedef struct Verb {
    const char *name;
    const char *operands[3]; /* what its words are called, ended by NULL; "X..." is any number */
    int required;            /* how many of them there must be */
    uint64_t options;        /* BIT of every option it takes */
    const char *summary;     /* half a line */
    const char *details;     /* whole lines, each with its newline */
    /* The exit code when the work ran, -1 with err when it could not. */
    int (*run)(const Args *a, dcn_error *err);
} Verb;

/* NULL if there is no such verb. */
const Verb *verb_find(const Verb *verbs, const char *name);

/* Fails with the nearest verb. */
int verb_unknown(const Verb *verbs, const char *name, dcn_error *err);

/* Whether a word is the name of a file, and not the name of something to do. */
bool verb_word_is_file(const char *word);

/* -1 if there are too few or too many words. */
int verb_check_words(const Verb *v, const WordList *words, dcn_error *err);

/* Fails because `verb` has no such option; says which verb has it, or which option may have been
** meant. */
int verb_no_option(const Verb *verbs, const Verb *verb, const char *name, dcn_error *err);

#endif
