/* help.c: `dcngen help` and `dcngen VERB --help`, made from the tables and from share/help.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verbs.h"
#include "help_texts.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN = 22 };

static void print_row(const char *left, const char *right)
{
    int width = (int)strlen(left) < COLUMN ? COLUMN : 0;
    printf("  %-*s%s%s\n", width, left, width ? "" : "\n                        ", right);
}

static void print_option(const Option *o)
{
    char left[64];
    const char *between = o->name[1] == '-' || !o->value || strlen(o->name) == 2 ? " " : "=";
    snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? between : "",
             o->value ? o->value : "");
    print_row(left, o->help);
}

int help_verb(const Verb *v)
{
    printf("usage: dcngen %s [options]", v->name);
    for (int i = 0; v->operands[i]; i++)
        printf(i < v->required ? " %s" : " [%s]", v->operands[i]);
    printf("\n\n%s\noptions:\n", v->details);
    for (int i = 0; i < NOPTIONS; i++) {
        if (v->options & BIT(i))
            print_option(&options[i]);
    }
    return 0;
}

/* share/help/dcngen.txt, in which a line @verbs@ stands for the list of them. */
static void print_overview(const Verb *verbs)
{
    static const char mark[] = "@verbs@\n";
    const char *at = strstr(help_dcngen, mark);
    fwrite(help_dcngen, 1, (size_t)(at - help_dcngen), stdout);
    for (const Verb *v = verbs; v->name; v++)
        print_row(v->name, v->summary);
    fputs(at + strlen(mark), stdout);
}

int verb_help(const Args *a, dcn_error *err)
{
    if (a->words.n == 0) {
        print_overview(a->verbs);
        return 0;
    }
    const Verb *v = verb_find(a->verbs, a->words.at[0]);
    return v ? help_verb(v) : verb_unknown(a->verbs, a->words.at[0], err);
}
