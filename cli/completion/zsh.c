/* zsh.c: the completion script for zsh: one call of _arguments for each verb.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/completion/completion.h"

#include <stdio.h>
#include <string.h>

/* Inside '...', as a part of a specification of _arguments or _describe. */
static void print_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        else if (strchr(special, *text))
            putchar('\\');
        putchar(*text);
    }
}

static void print_files(const CompletionValue *v)
{
    if (v->named)
        fputs("_dcngen_named", stdout);
    else if (!strcmp(v->files, "/"))
        fputs("_files -/", stdout);
    else if (*v->files)
        printf("_files -g \"*%s(-.)\"", v->files);
    else
        fputs("_files", stdout);
}

/* The action of a specification: (words), a function, or both. */
static void print_action(const CompletionValue *v)
{
    if (completion_has_words(v) && v->files) {
        printf(" _dcngen_either %s", v->files); /* the space keeps other arguments away */
        const char *word;
        for (int i = 0; (word = completion_word(v, i)); i++) {
            putchar(' ');
            print_quoted(word, ":");
        }
    } else if (completion_has_words(v) && v->list) {
        completion_print_words(v, "_values -s , word ", " ");
    } else if (completion_has_words(v)) {
        completion_print_words(v, "(", " ");
        putchar(')');
    } else if (v->files)
        print_files(v);
}

/* '*name=[help]:value:action'; the star: it may be repeated. */
static void print_option(const Verb *verbs, OptionId id)
{
    const Option *o = &options[id];
    const CompletionValue v = completion_value(verbs, o->name, o->value ? o->value : "");
    fputs("    [[ $words[1] = (", stdout);
    completion_print_verbs(verbs, id, "|", "");
    printf(") ]] && args+=('%s%s%s[", o->value ? "*" : "", o->name,
           !o->value              ? ""
           : strlen(o->name) == 2 ? "+"
                                  : "=");
    print_quoted(o->help, "[]\\");
    putchar(']');
    if (o->value) {
        putchar(':');
        print_quoted(o->value, ":");
        putchar(':');
        print_action(&v);
    }
    puts("')");
}

static void print_operands(const Verb *verbs, const Verb *v)
{
    if (!v->operands[0])
        return;
    printf("    [[ $words[1] = %s ]] && args+=(", v->name);
    for (int i = 0; v->operands[i]; i++) {
        const CompletionValue value = completion_value(verbs, v->name, v->operands[i]);
        if (completion_is_rest(v->operands[i]))
            printf(" '*:%s:", v->operands[i]);
        else
            printf("%s'%d:%s:", i ? " " : "", i + 1, v->operands[i]);
        print_action(&value);
        putchar('\'');
    }
    puts(")");
}

void completion_zsh(const Verb *verbs)
{
    printf("#compdef dcngen\n"
           "# Completion of dcngen %s for zsh, written by `dcngen completion zsh`.\n"
           "_dcngen_named() { compset -P '*=' && _files -g '*.npy(-.)' }\n"
           "_dcngen_either() { compadd -S '' -- $argv[2,-1]; _files -g \"*$1(-.)\" }\n\n"
           "_dcngen() {\n"
           "  local curcontext=$curcontext state line\n"
           "  local -a verbs=(\n",
           dcn_version());
    for (const Verb *v = verbs; v->name; v++) {
        printf("    '%s:", v->name);
        print_quoted(v->summary, ":\\");
        puts("'");
    }
    puts("  )\n"
         "  _arguments -C '1:verb:->verb' '*::word:->words'\n"
         "  case $state in\n"
         "  verb) _describe verb verbs ;;\n"
         "  words)\n"
         "    local -a args\n"
         "    curcontext=${curcontext%:*:*}:dcngen-$words[1]:");
    for (OptionId id = 0; id < NOPTIONS; id++)
        print_option(verbs, id);
    for (const Verb *v = verbs; v->name; v++)
        print_operands(verbs, v);
    puts("    (($#args)) && _arguments $args ;;\n"
         "  esac\n"
         "}\n\n"
         "if [[ $funcstack[1] = _dcngen ]]; then _dcngen \"$@\"; else compdef _dcngen dcngen; fi");
}
