/* query.c: what other folders ask of a target and of the table.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "codegen/target/features.h"
#include "runtime/base/text.h"

#include <stddef.h>

int dcn_target_known(int i, const char **cpu, const char **triple, const char **isa)
{
    int n = 0;
    while (cg_cpus[n].name)
        n++;
    if (i < 0 || i >= n)
        return -1;
    *cpu = cg_cpus[i].name;
    *isa = cg_cpus[i].isa;
    *triple = cg_own_triple(&cg_cpus[i]);
    return 0;
}

const char *cg_tested(const char *cpu)
{
    const Cpu *row = cg_cpu(cpu);
    return row ? row->tested : "compiled";
}

int cg_target_lacks(const dcn_target *t, const dcn_target *machine, char *text, size_t size)
{
    const Arch *arch = cg_arch(t->triple);
    rt_text all = rt_text_in(text, size);
    int n = 0;
    for (int i = 0; arch && arch->features[i]; i++) {
        const char *feature = arch->features[i];
        if (!cg_target_has(t, feature) || cg_target_has(machine, feature))
            continue;
        rt_text_item(&all, ", ", "%s", feature);
        n++;
    }
    return n;
}

static ObjectFormat format_of(const dcn_target *t)
{
    const System *system = cg_system(t->triple);
    return system ? system->format : FORMAT_ELF;
}

bool cg_is_elf(const dcn_target *t)
{
    return format_of(t) == FORMAT_ELF;
}

bool cg_is_macho(const dcn_target *t)
{
    return format_of(t) == FORMAT_MACHO;
}

bool cg_same_format(const dcn_target *a, const dcn_target *b)
{
    return format_of(a) == format_of(b);
}
