/* machine.c: the kinds of machine whose code is looked at.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/fast/asm/machine.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Machine machines[NMACHINES] = {
    { "x86-64-v4", EM_X86_64, 64, "%zmm", "vfmadd", "(%rsp" },
    { "x86-64-v3", EM_X86_64, 32, "%ymm", "vfmadd", "(%rsp" },
    { "x86-64-v2", EM_X86_64, 16, "%xmm", NULL, "(%rsp" },
    { "generic", EM_AARCH64, 16, ".4s", "fmla", "[sp" },
};

char *machine_emit(const dcn_spec *s, const Machine *m, const char *schedule, dcn_emit_kind kind,
                   size_t *size)
{
    dcn_target t;
    dcn_error err;
    void *bytes;
    cr_assert_eq(dcn_target_parse(m->cpu, NULL, NULL, &t, &err), 0, "%s", err.text);
    dcn_options opt = { .schedule = schedule, .target = &t };
    cr_assert_eq(dcn_emit(s, &opt, kind, &bytes, size, &err), 0, "%s: %s", m->cpu, err.text);
    return bytes;
}

Listing machine_listing(const dcn_spec *s, const Machine *m, const char *schedule)
{
    size_t size;
    char *text = machine_emit(s, m, schedule, DCN_EMIT_ASM, &size);
    Listing l = listing_open(text);
    free(text);
    return l;
}

void machine_guess(const dcn_spec *s, const Machine *m, char *schedule)
{
    dcn_target t;
    dcn_error err;
    cr_assert_eq(dcn_target_parse(m->cpu, NULL, NULL, &t, &err), 0);
    dcn_options opt = { .target = &t };
    dcn_choice what;
    cr_assert_eq(dcn_explain(s, &opt, &what, NULL, 0, &err), 0, "%s", err.text);
    memcpy(schedule, what.schedule, DCN_SCHEDULE_MAX);
}

int schedule_knob(const char *schedule, const char *name)
{
    char word[32];
    snprintf(word, sizeof word, " %s=", name);
    const char *at = strstr(schedule, word);
    cr_assert(at, "no knob %s in %s", name, schedule);
    return atoi(at + strlen(word));
}

/* Where a function keeps a frame pointer, its spills may lie below that. */
static int stack_accesses(const Listing *l, const Machine *m, int first, int last)
{
    int n = listing_count(l, first, last, m->stack);
    if (listing_count(l, 0, l->n, "%rsp, %rbp"))
        n += listing_count(l, first, last, "(%rbp");
    return n;
}

void machine_expect_product(const dcn_spec *s, const Machine *m)
{
    char schedule[DCN_SCHEDULE_MAX];
    machine_guess(s, m, schedule);
    cr_assert(!strncmp(schedule, "tiled ", 6), "%s: %s", s->name, schedule);
    int want = schedule_knob(schedule, "mr") * schedule_knob(schedule, "nv") *
               schedule_knob(schedule, "unroll");
    Listing l = machine_listing(s, m, NULL);
    int first, last, fmas = listing_loop(&l, "ukernel", m->fma, &first, &last);
    cr_expect_eq(fmas, want, "%s %s %s %s: %d multiply-adds in the inner loop, not %d", s->name,
                 m->cpu, dcn_dtype_name(s->dtype), schedule, fmas, want);
    int spills = fmas ? stack_accesses(&l, m, first, last) : 0;
    cr_expect_eq(spills, 0, "%s %s %s %s: %d accesses of the stack in the inner loop", s->name,
                 m->cpu, dcn_dtype_name(s->dtype), schedule, spills);
    listing_close(&l);
}
