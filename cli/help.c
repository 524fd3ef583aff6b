/* help.c: `dcngen help` and `dcngen VERB --help`, made from the tables.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verbs.h"

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

static void print_overview(const Verb *verbs)
{
    puts("usage: dcngen VERB [options] [SPEC.lua]\n\n"
         "Compiles deformable convolutions, described in Lua, for one shape and one CPU.\n\n"
         "verbs:");
    for (const Verb *v = verbs; v->name; v++)
        print_row(v->name, v->summary);
    puts("\n'dcngen help VERB' lists the options of a verb.  --opt value and --opt=value are the\n"
         "same; -- ends the options.  Data go to the standard output, messages to the standard\n"
         "error.\n\n"
         "exit codes:\n"
         "  0  done\n"
         "  1  the work ran and something failed: a mismatch, a refused schedule\n"
         "  2  wrong use of the command line\n"
         "  3  an error in the spec, with file:line:\n"
         "  4  environment or target: unsupported CPU, no permission, disk full\n"
         "  5  the store of tuning results is damaged or not one of this dcngen\n"
         "  124  the time given to tune ended before its search; results are saved\n"
         "  130  tune was stopped by SIGINT; results are saved\n"
         "  143  likewise by SIGTERM\n\n"
         "environment:");
    print_row("DCNGEN_NUM_THREADS", "threads where --threads is not given");
    print_row("DCNGEN_MAX_ISA", "a row of the target table that lowers this machine: avx2");
    print_row("DCNGEN_VERBOSE", "what to tell on stderr: spec,dispatch,ir,opt,asm,time");
    print_row("DCNGEN_DUMP", "a directory for the stages of every compilation");
    print_row("DCNGEN_TUNE", "schedules from the store: off, cached (the default), on");
    print_row("DCNGEN_CACHE", "what is done with the store: off, ro, rw (the default)");
    print_row("DCNGEN_CACHE_DIR", "one directory for the whole store");
    print_row("DCNGEN_SYSTEM_DIR", "a store that is read after it");
    print_row("NO_COLOR", "no colour on a terminal either");
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
