/* fish.c: the completion script for fish: one line for each verb, option and operand.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/completion/completion.h"

#include <stdio.h>
#include <string.h>

static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

/* What follows -n: whether the line so far is of one of those verbs; whether the n-th operand of
** one comes next. */
static void print_helpers(void)
{
    puts("function __dcngen_verb # VERB...\n"
         "    set -l words (commandline -opc)\n"
         "    test (count $words) -gt 1; and contains -- $words[2] $argv\n"
         "end\n"
         "function __dcngen_operand -a verb relation n\n"
         "    __dcngen_verb $verb; or return 1\n"
         "    set -l words (commandline -opc)\n"
         "    set -l seen 0\n"
         "    set -l skip 0\n"
         "    for word in $words[3..-1]\n"
         "        if test $skip = 1\n"
         "            set skip 0\n"
         "            continue\n"
         "        end\n"
         "        switch $word");
    fputs("            case", stdout);
    for (OptionId id = 0; id < NOPTIONS; id++)
        if (options[id].value && completion_is_first(id))
            printf(" %s", options[id].name);
    puts("\n                set skip 1\n"
         "            case '-*'\n"
         "            case '*'\n"
         "                set seen (math $seen + 1)\n"
         "        end\n"
         "    end\n"
         "    test $seen $relation $n\n"
         "end");
}

/* Files as fish itself offers them. */
static bool offers_files(const CompletionValue *v)
{
    return v->files && (v->named || !*v->files);
}

static void print_files(const CompletionValue *v)
{
    if (offers_files(v))
        fputs(" -F", stdout);
    else if (v->files && !strcmp(v->files, "/"))
        fputs(" -a '(__fish_complete_directories)'", stdout);
    else if (v->files)
        printf(" -k -a '(__fish_complete_suffix %s)'", v->files);
}

static void print_value(const CompletionValue *v)
{
    print_files(v);
    if (!completion_has_words(v))
        return;
    completion_print_words(v, v->list ? " -a '(__fish_append , " : " -a '", " ");
    fputs(v->list ? ")'" : "'", stdout);
}

static void print_option(const Verb *verbs, OptionId id)
{
    const Option *o = &options[id];
    const bool letter = strlen(o->name) == 2, dashes = o->name[1] == '-';
    const CompletionValue value = completion_value(verbs, o->name, o->value ? o->value : "");
    fputs("complete -c dcngen -n '__dcngen_verb ", stdout);
    completion_print_verbs(verbs, id, " ", "");
    printf("' -%c %s%s",
           letter   ? 's'
           : dashes ? 'l'
                    : 'o',
           o->name + 1 + dashes,
           !o->value              ? ""
           : offers_files(&value) ? " -r"
                                  : " -x");
    print_value(&value);
    fputs(" -d ", stdout);
    print_quoted(o->help);
    putchar('\n');
}

static void print_verb(const Verb *verbs, const Verb *v)
{
    printf("complete -c dcngen -n __fish_is_first_token -a %s -d ", v->name);
    print_quoted(v->summary);
    putchar('\n');
    for (int i = 0; v->operands[i]; i++) {
        const CompletionValue value = completion_value(verbs, v->name, v->operands[i]);
        printf("complete -c dcngen -n '__dcngen_operand %s %s %d'", v->name,
               completion_is_rest(v->operands[i]) ? "-ge" : "-eq", i);
        print_value(&value);
        putchar('\n');
    }
}

void completion_fish(const Verb *verbs)
{
    printf("# Completion of dcngen %s for fish, written by `dcngen completion fish`.\n",
           dcn_version());
    print_helpers();
    puts("complete -c dcngen -f");
    for (OptionId id = 0; id < NOPTIONS; id++)
        print_option(verbs, id);
    for (const Verb *v = verbs; v->name; v++)
        print_verb(verbs, v);
}
