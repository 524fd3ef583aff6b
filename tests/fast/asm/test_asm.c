/* test_asm.c: what the machine code of a kernel contains, and what it must not.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/fast/asm/elf.h"
#include "tests/fast/asm/machine.h"
#include "tests/support/case.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- objects that stand alone ---------------------------------------------------------------- */

static void expect_alone(const dcn_spec *s, const Machine *m, const char *schedule)
{
    static const char *const entries[] = { "k_run", "k_tasks", "k_workspace_bytes", "k_pack",
                                           "k_packed_bytes" };
    char what[2048];
    size_t size;
    if (!thin_takes(THIN_LISTINGS))
        return;
    int n = snprintf(what, sizeof what, "%s %s: ", m->cpu, schedule);
    dcn_spec_print(s, what + n, sizeof what - (size_t)n);
    char *object = machine_emit(s, m, schedule, DCN_EMIT_OBJ, &size);
    ElfFacts f = elf_facts(object, size);
    cr_expect_eq(f.machine, m->elf, "%s", what);
    cr_expect_eq(f.undefined, 0, "%s: undefined symbol %s", what, f.symbol);
    cr_expect_eq(f.writable, 0, "%s: writable data", what);
    cr_expect_gt(f.text, 0);
    cr_expect_eq(f.globals, 5, "%s: %d symbols are global", what, f.globals);
    cr_expect_eq(f.executable_stack, 0, "%s", what);
    for (int i = 0; i < 5; i++)
        cr_expect(elf_defines(object, size, entries[i]), "%s: no %s", what, entries[i]);
    free(object);
    Listing l = machine_listing(s, m, schedule);
    const char *stray = listing_stray_call(&l);
    cr_expect_null(stray, "%s: leaves the object: %s", what, stray);
    listing_close(&l);
}

static void every_machine_and_lowering(dcn_spec s)
{
    for (int m = 0; m < NMACHINES; m++)
        for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++) {
            s.dtype = (dcn_dtype)dtype;
            expect_alone(&s, &machines[m], "direct");
            expect_alone(&s, &machines[m], "tiled");
        }
}

Test(alone, every_activation)
{
    for (int a = DCN_ACT_NONE; a <= DCN_ACT_TANH; a++) {
        dcn_spec s = case_spec(DCN_OP_CONV2D, 5, 19, 6, 7);
        s.activation = (dcn_activation)a;
        s.bias = a % 2;
        every_machine_and_lowering(s);
    }
}

Test(alone, every_modulation)
{
    for (int m = DCN_MODULATION_NONE; m <= DCN_MODULATION_SOFTMAX; m++) {
        dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 5, 19, 6, 7);
        s.modulation = (dcn_modulation)m;
        s.border = (dcn_border)(m % 3);
        s.layout = m % 2 ? DCN_NHWC : DCN_NCHW;
        every_machine_and_lowering(s);
    }
}

/* Copies and zeroing of long rows would become calls of memcpy and memset. */
Test(alone, long_rows_and_dynamic_sizes)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 256, 256, DCN_DYNAMIC, DCN_DYNAMIC);
    s.batch = DCN_DYNAMIC;
    every_machine_and_lowering(s);
    s.layout = DCN_NHWC;
    every_machine_and_lowering(s);
}

/* ---- the product's loop ------------------------------------------------------------------------- */

/* Between them the output channels lead the guess to every register tile that it knows. */
Test(product, multiply_adds_of_the_register_tile_and_no_spill)
{
    static const int outputs[] = { 8, 16, 24, 32, 48, 64, 96, 256 };
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        for (int m = 0; m < NMACHINES; m++)
            for (int dtype = DCN_F32; machines[m].fma && dtype <= DCN_F64; dtype++) {
                dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, outputs[i], 28, 28);
                s.modulation = DCN_MODULATION_MASK;
                s.dtype = (dcn_dtype)dtype;
                s.layout = i % 2 ? DCN_NHWC : DCN_NCHW;
                s.bias = true;
                s.activation = DCN_ACT_RELU;
                if (thin_takes(THIN_LISTINGS))
                    machine_expect_product(&s, &machines[m]);
            }
}

/* A plain convolution asks for nothing else. */
Test(product, weights_that_are_asked_for_ahead)
{
    dcn_spec s = case_spec(DCN_OP_CONV2D, 512, 512, 7, 7);
    s.layout = DCN_NHWC;
    for (int m = 0; m < NMACHINES; m++) {
        if (machines[m].elf != EM_X86_64)
            continue;
        Listing with = machine_listing(&s, &machines[m], "tiled loop_order=1 weights_ahead=1");
        Listing without = machine_listing(&s, &machines[m], "tiled loop_order=1 weights_ahead=0");
        cr_expect_gt(listing_count(&with, 0, with.n, "prefetcht1"), 0, "%s", machines[m].cpu);
        cr_expect_eq(listing_count(&without, 0, without.n, "prefetch"), 0, "%s", machines[m].cpu);
        listing_close(&with);
        listing_close(&without);
    }
}

Test(product, full_vectors)
{
    for (int m = 0; m < NMACHINES; m++)
        for (int lowering = 0; lowering < 2; lowering++) {
            static const char *const names[] = { "tiled", "direct" };
            dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 28);
            Listing l = machine_listing(&s, &machines[m], names[lowering]);
            cr_expect_gt(listing_count(&l, 0, l.n, machines[m].wide), 20, "%s %s: no %s registers",
                         machines[m].cpu, names[lowering], machines[m].wide);
            listing_close(&l);
        }
}

/* No narrower machine's code may use what it lacks. */
Test(product, no_wider_register_than_the_machine_has)
{
    dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 64, 64, 28, 28);
    s.modulation = DCN_MODULATION_SIGMOID;
    for (int i = 0; i < 2; i++) {
        static const char *const names[] = { "tiled", "direct" };
        Listing v3 = machine_listing(&s, &machines[1], names[i]);
        Listing v2 = machine_listing(&s, &machines[2], names[i]);
        cr_expect_eq(listing_count(&v3, 0, v3.n, "%zmm"), 0);
        cr_expect_eq(listing_count(&v2, 0, v2.n, "%ymm"), 0);
        cr_expect_eq(listing_count(&v2, 0, v2.n, "vfmadd"), 0);
        listing_close(&v3);
        listing_close(&v2);
    }
}

/* ---- the reader of listings ------------------------------------------------------------------------ */

Test(listing, finds_the_loop_and_the_stray_call)
{
    static const char text[] = "f:\n\tnop\n.L1:\n\tvfmadd x\n\tvfmadd y\n\tjl\t.L1\n"
                               ".L2:\n\tvfmadd z\n\tmov (%rsp)\n\tjne\t.L2\n\tcallq\tg\n";
    Listing l = listing_open(text);
    int first, last;
    cr_expect_eq(listing_loop(&l, "", "vfmadd", &first, &last), 2);
    cr_expect_eq(first, 2);
    cr_expect_eq(last, 6);
    cr_expect_str_eq(listing_stray_call(&l), "\tcallq\tg");
    listing_close(&l);
    l = listing_open("f:\n.LBB0_1:\n\tfmla v0.4s, v1.4s, v2.s[0]\n\tcbnz\tx9, .LBB0_1\n\tbl\tf\n");
    cr_expect_eq(listing_loop(&l, "", "fmla", &first, &last), 1);
    cr_expect_null(listing_stray_call(&l));
    listing_close(&l);
}
