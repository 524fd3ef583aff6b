/* bash.c: the completion script for bash.
**
** Functions that say what may stand where come from the tables; a fixed one asks them.  bash breaks
** words at `=`, so that one first puts together what belongs together, and offers only what stands
** after the last `=`.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/completion/completion.h"

#include <stdio.h>
#include <string.h>

static const char body[] =
    "_dcngen() {\n"
    "    local i n=0 option= value keep= words= files= list= named= word=()\n"
    "    COMPREPLY=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        if [[ $n -gt 0 && (${COMP_WORDS[i]} == =* || ${word[n-1]} == *=) ]]; then\n"
    "            word[n-1]+=${COMP_WORDS[i]}\n"
    "        else\n"
    "            word[n++]=${COMP_WORDS[i]}\n"
    "        fi\n"
    "    done\n"
    "    local verb=${word[1]-} cur=${word[n-1]} operands=0\n"
    "    value=$cur\n"
    "    for ((i = 2; i < n - 1; i++)); do # which operand, or the value of which option\n"
    "        option=\n"
    "        case ${word[i]} in\n"
    "        -*=*) ;;\n"
    "        -*) _dcngen_takes_value \"${word[i]}\" && option=${word[i]} && ((i++)) ;;\n"
    "        *) ((operands++)) ;;\n"
    "        esac\n"
    "    done\n"
    "    ((i == n)) || option=\n"
    "    if [[ -z $option && $cur == -*=* ]]; then\n"
    "        option=${cur%%=*} value=${cur#*=}\n"
    "    fi\n"
    "    if ((n <= 2)); then\n"
    "        words=$(_dcngen_verbs)\n"
    "    elif [[ -n $option ]]; then\n"
    "        _dcngen_value \"$verb:$option\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        words=$(_dcngen_options \"$verb\")\n"
    "    else\n"
    "        _dcngen_operand \"$verb:$operands\"\n"
    "    fi\n"
    "    if [[ -n $named ]]; then\n"
    "        [[ $value == *=* ]] || return 0\n"
    "        value=${value#*=}\n"
    "    fi\n"
    "    [[ $COMP_WORDBREAKS == *=* ]] || keep=${cur%\"$value\"}\n"
    "    if [[ -n $list && $value == *,* ]]; then\n"
    "        keep+=${value%,*}, value=${value##*,}\n"
    "    fi\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(IFS=$' \\n'; compgen -P \"$keep\" -W \"$words\" -- \"$value\"))\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && $COMPREPLY == *: ]] && compopt -o nospace 2>/dev/null\n"
    "    [[ -n $files ]] || return 0\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    COMPREPLY+=($(compgen -P \"$keep\" -d -- \"$value\"))\n"
    "    [[ $files == / ]] ||\n"
    "        COMPREPLY+=($(compgen -P \"$keep\" -f -X \"!*${files#any}\" -- \"$value\" |\n"
    "            while IFS= read -r i; do [[ -d ${i#\"$keep\"} ]] || printf '%s\\n' \"$i\"; "
    "done))\n"
    "    return 0\n"
    "}\n"
    "complete -F _dcngen dcngen\n";

static void print_value(CompletionValue v)
{
    if (completion_has_words(&v)) {
        completion_print_words(&v, "words='", " ");
        printf("'%s", v.list ? " list=1" : "");
    }
    if (v.files)
        printf("%sfiles=%s%s", completion_has_words(&v) ? " " : "", *v.files ? v.files : "any",
               v.named ? " named=1" : "");
    puts(" ;;");
}

static void print_takes_value(void)
{
    fputs("_dcngen_takes_value() { # OPTION\n    case $1 in\n    ", stdout);
    const char *bar = "";
    for (OptionId id = 0; id < NOPTIONS; id++)
        if (options[id].value && completion_is_first(id)) {
            printf("%s%s", bar, options[id].name);
            bar = " | ";
        }
    puts(") return 0 ;;\n    esac\n    return 1\n}");
}

static void print_options(const Verb *verbs)
{
    puts("_dcngen_options() { # VERB\n    case $1 in");
    for (const Verb *v = verbs; v->name; v++) {
        printf("    %s) echo '", v->name);
        for (OptionId id = 0; id < NOPTIONS; id++)
            if (v->options & BIT(id))
                printf(" %s", options[id].name);
        puts("' ;;");
    }
    puts("    esac\n}");
}

/* The values of options; a name that options of several verbs share is told by the verb. */
static void print_values(const Verb *verbs)
{
    puts("_dcngen_value() { # VERB:OPTION\n    case $1 in");
    for (OptionId id = 0; id < NOPTIONS; id++) {
        const Option *o = &options[id];
        CompletionValue value = completion_value(verbs, o->name, o->value ? o->value : "");
        char after[64];
        if (!completion_has_words(&value) && !value.files)
            continue;
        snprintf(after, sizeof after, ":%s", o->name);
        fputs("    ", stdout);
        if (completion_is_shared(id))
            completion_print_verbs(verbs, id, " | ", after);
        else
            printf("*%s", after);
        fputs(") ", stdout);
        print_value(value);
    }
    puts("    esac\n}");
}

static void print_operands(const Verb *verbs)
{
    puts("_dcngen_operand() { # VERB:INDEX\n    case $1 in");
    for (const Verb *v = verbs; v->name; v++)
        for (int i = 0; v->operands[i]; i++) {
            if (completion_is_rest(v->operands[i]))
                printf("    %s:*) ", v->name);
            else
                printf("    %s:%d) ", v->name, i);
            print_value(completion_value(verbs, v->name, v->operands[i]));
        }
    puts("    esac\n}");
}

void completion_bash(const Verb *verbs)
{
    printf("# Completion of dcngen %s for bash, written by `dcngen completion bash`.\n",
           dcn_version());
    fputs("_dcngen_verbs() {\n    echo", stdout);
    for (const Verb *v = verbs; v->name; v++)
        printf(" %s", v->name);
    puts("\n}");
    print_takes_value();
    print_options(verbs);
    print_values(verbs);
    print_operands(verbs);
    fputs(body, stdout);
}
