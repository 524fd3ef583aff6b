/* gen_knob_doc.c: prints docs/KNOBS.md, the knobs of every lowering.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"

#include <ctype.h>
#include <stdio.h>

static void print_knob(const Knob *knob)
{
    printf("| `%s` | ", knob->name);
    for (int i = 0; i < knob->nchoices; i++)
        printf("%s%d", i ? " " : "", knob->choice[i]);
    printf(" | %s%s |\n", knob->meaning,
           knob->for_threads ? " (searched for more than one thread)" : "");
}

static void print_lowering(const Lowering *lowering)
{
    printf("\n## `%s`\n\n%c%s.\n", lowering->name, toupper((unsigned char)*lowering->summary),
           lowering->summary + 1);
    if (lowering->parts)
        printf("\nIt has no knobs but parts, each with a schedule of its own: `%s NAME={...}`.\n",
               lowering->name);
    if (!lowering->nknobs)
        return;
    printf("\n| knob | values | |\n|---|---|---|\n");
    for (int i = 0; i < lowering->nknobs; i++)
        print_knob(lowering->knobs[i]);
}

int main(void)
{
    printf("# Knobs\n"
           "\n"
           "What a schedule can say, for those who write one (`schedule = \"tiled mr=6 nv=4\"` in "
           "a spec,\n"
           "`--schedule TEXT`, `dcngen cache pin`); [TUNING.md](TUNING.md) says how the best is "
           "found, and\n"
           "[LOWERINGS.md](LOWERINGS.md) what the lowerings do. Knobs that a text leaves out are "
           "guessed.\n"
           "Which values a spec allows, and why the others are refused, says `dcngen show space "
           "SPEC.lua`;\n"
           "words stand in [GLOSSARY.md](GLOSSARY.md). The target `knob_doc` writes this page from "
           "the\n"
           "tables of the lowerings.\n");
    for (const Lowering *const *lowering = cg_lowerings; *lowering; lowering++)
        print_lowering(*lowering);
    return fflush(stdout) ? 1 : 0;
}
