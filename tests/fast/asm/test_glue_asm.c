/* test_glue_asm.c: kernels of layers that are no operators stand alone on every class of machine.
**
** Rounding, division and fused sums become calls of the C library where a machine has no instruction for
** them, and copies become calls of memcpy, unless they are written with care.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/pipeline.h"
#include "codegen/glue/glue.h"
#include "tests/fast/asm/elf.h"
#include "tests/support/glue_cases.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_alone(const GlueCase *c, const dcn_target *t, dcn_dtype dtype, bool back)
{
    dcn_error err = { .text = "" };
    Build b;
    GlueNet g;
    void *bytes = NULL;
    size_t size = 0;
    dcn_spec s = { .name = "layer", .dtype = dtype };
    Kernel kernel = { .s = &s };
    glue_net(&g, c, 19, dtype);
    cr_assert_eq(build_open(&b, CG_OBJ, s.name, dtype, t, &err), 0, "%s", err.text);
    (back ? glue_emit_back : glue_emit)(&b.e, &kernel, &g.net, &g.layer);
    cr_assert_eq(build_finish(&b, &bytes, &size, &err), 0, "%s: %s", c->name, err.text);
    const ElfFacts f = elf_facts(bytes, size);
    cr_expect_eq(f.undefined, 0, "%s on %s: undefined symbol %s", c->name, t->cpu, f.symbol);
    cr_expect_eq(f.writable, 0, "%s on %s: writable data", c->name, t->cpu);
    free(bytes);
}

static void every_layer(const dcn_target *t)
{
    for (int i = 0; glue_case(i); i++)
        for (int back = 0; back < 2; back++)
            if (thin_takes(THIN_LISTINGS))
                expect_alone(glue_case(i), t, (dcn_dtype)((i + back) % 2), back);
}

/* The first CPU of each class that the table has. */
Test(alone, glue)
{
    enum { MAX_CLASSES = 32 };
    const char *cpu, *triple, *isa, *seen[MAX_CLASSES];
    int n = 0;
    for (int i = 0; dcn_target_known(i, &cpu, &triple, &isa) == 0; i++) {
        dcn_target t;
        dcn_error err = { .text = "" };
        int at = 0;
        while (at < n && strcmp(seen[at], isa) != 0)
            at++;
        if (at < n || n == MAX_CLASSES)
            continue;
        seen[n++] = isa;
        cr_assert_eq(dcn_target_parse(cpu, triple, NULL, &t, &err), 0, "%s", err.text);
        every_layer(&t);
    }
    cr_expect_gt(n, 4);
}
