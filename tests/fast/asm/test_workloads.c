/* test_workloads.c: the code of the layers that dcngen is measured on (bench/workloads.lua, nhwc).
**
** Targets are given by name, so what is tested does not depend on the machine that tests.  How the work grows
** is counted in instructions: a clock would tell as much of the machine.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "tests/fast/asm/machine.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OBJECT_BYTES = 64 << 10, NX86 = 2 };

static dcn_module *load_op(const char *op, int least)
{
    const dcn_param params[] = { { "layout", "nhwc" }, { "op", op } };
    dcn_module *w = NULL;
    dcn_error err = { .text = "" };
    cr_assert_eq(dcn_load_file(SOURCE_DIR "/bench/workloads.lua", params, 2, &w, &err), 0, "%s",
                 err.text);
    cr_assert_geq(dcn_module_count(w), least);
    return w;
}

static dcn_module *load_workloads(void)
{
    return load_op("deform_conv2d", 8);
}

/* Every kernel of a module, which is freed, on AVX-512 and on AVX2. */
static void each_of(dcn_module *w, void (*expect)(const dcn_spec *s, const Machine *m))
{
    for (int i = 0; i < dcn_module_count(w); i++)
        for (int m = 0; m < NX86; m++)
            if (thin_takes(THIN_LISTINGS))
                expect(dcn_module_spec(w, i), &machines[m]);
    dcn_module_free(w);
}

static void each(void (*expect)(const dcn_spec *s, const Machine *m))
{
    each_of(load_workloads(), expect);
}

Test(workloads, the_inner_loop_is_the_register_tile_and_does_not_spill)
{
    each(machine_expect_product);
}

static void expect_no_gather(const dcn_spec *s, const Machine *m)
{
    Listing l = machine_listing(s, m, "tiled");
    for (int i = 0; i < l.n; i++)
        cr_expect_null(strstr(l.line[i], "gather"), "%s %s: %s", s->name, m->cpu, l.line[i]);
    cr_expect_gt(listing_count(&l, 0, l.n, m->wide), 100, "%s %s", s->name, m->cpu);
    listing_close(&l);
}

Test(workloads, tiled_gathers_nothing)
{
    each(expect_no_gather);
}

/* The word that is looked for above is what the other lowering has. */
Test(workloads, direct_gathers)
{
    dcn_module *w = load_workloads();
    Listing l = machine_listing(dcn_module_spec(w, 0), &machines[0], "direct");
    cr_expect_gt(listing_count(&l, 0, l.n, "gather"), 0);
    listing_close(&l);
    dcn_module_free(w);
}

/* Where one lane after another takes less time; of x86-64-v4 they are worth emitting. */
Test(workloads, slow_gathers_are_not_emitted)
{
    const Machine zen4 = { .cpu = "znver4", .elf = 62, .vector_bytes = 64, .wide = "zmm" };
    const Machine icelake = {
        .cpu = "icelake-server", .elf = 62, .vector_bytes = 64, .wide = "zmm"
    };
    const Machine *const all[] = { &machines[0], &zen4, &icelake };
    dcn_module *w = load_workloads();
    dcn_spec s = *dcn_module_spec(w, 0);
    s.layout = DCN_NHWC;
    for (int i = 0; i < 3; i++) {
        Listing l = machine_listing(&s, all[i], "direct");
        const int gathers = listing_count(&l, 0, l.n, "vgather");
        const int scatters = listing_count(&l, 0, l.n, "vscatter");
        cr_expect(i ? gathers + scatters == 0 : gathers > 0 && scatters > 0, "%s: %d and %d",
                  all[i]->cpu, gathers, scatters);
        listing_close(&l);
    }
    dcn_module_free(w);
}

static int gathers(dcn_spec s, dcn_layout layout, int stride)
{
    s.layout = layout;
    s.stride[1] = stride;
    Listing l = machine_listing(&s, &machines[0], "direct");
    int n = listing_count(&l, 0, l.n, "gather");
    listing_close(&l);
    return n;
}

/* A plain convolution at a stride of 1 looks at columns that lie side by side in planes. */
Test(workloads, direct_loads_neighbours)
{
    dcn_module *w = load_op("conv2d", 1);
    const dcn_spec *s = dcn_module_spec(w, 0);
    cr_expect_eq(gathers(*s, DCN_NCHW, 1), 0);
    cr_expect_gt(gathers(*s, DCN_NCHW, 2), 0);
    cr_expect_gt(gathers(*s, DCN_NHWC, 1), 0);
    dcn_module_free(w);
}

static void expect_small_object(const dcn_spec *s, const Machine *m)
{
    size_t size;
    free(machine_emit(s, m, NULL, DCN_EMIT_OBJ, &size));
    cr_expect_lt(size, (size_t)MOST_OBJECT_BYTES, "%s %s: %zu bytes", s->name, m->cpu, size);
    cr_expect_gt(size, (size_t)1024, "%s %s: %zu bytes", s->name, m->cpu, size);
}

Test(workloads, objects_are_small)
{
    each(expect_small_object);
}

/* ---- DCNv3 ---------------------------------------------------------------------------------- */

/* Four corners of nine points for each vector of the (pixel, group)s side by side; the first of a sum is a product.
** With those beside them that turn sums into outputs there are a few more. */
static void expect_sums(const dcn_spec *s, const Machine *m)
{
    char schedule[DCN_SCHEDULE_MAX];
    machine_guess(s, m, schedule);
    int width = (int)(s->in_channels / s->offset_groups * (int)sizeof(float));
    int want = 36 * schedule_knob(schedule, "jam") * width / m->vector_bytes, first, last;
    Listing l = machine_listing(s, m, NULL);
    cr_assert(listing_function(&l, "accumulate", &first, &last), "%s %s", s->name, m->cpu);
    int work = listing_count(&l, first, last, m->fma) + listing_count(&l, first, last, "vmulps");
    cr_expect_geq(work, want, "%s %s: %d of %d", s->name, m->cpu, work, want);
    cr_expect_leq(work, want + want / 4, "%s %s: %d of %d", s->name, m->cpu, work, want);
    cr_expect_eq(listing_count(&l, first, last, m->stack), 0, "%s %s spills", s->name, m->cpu);
    cr_expect_eq(listing_count(&l, first, last, "vgather"), 0, "%s %s gathers", s->name, m->cpu);
    listing_close(&l);
}

Test(workloads, sums_of_dcnv3_stay_in_registers)
{
    each_of(load_op("dcnv3", 4), expect_sums);
}

/* ---- how code grows with a knob ------------------------------------------------------------- */

typedef struct Growth {
    const dcn_spec *s;
    const Machine *m;
    dcn_target target;
    Schedule at; /* the guess */
} Growth;

/* Lines that are instructions: neither labels nor directives nor comments. */
static int instructions(const Growth *g, const Schedule *sc)
{
    char text[DCN_SCHEDULE_MAX];
    sched_print(sc, text, sizeof text);
    Listing l = machine_listing(g->s, g->m, text);
    int n = 0;
    for (int i = 0; i < l.n; i++)
        n += l.line[i][0] == '\t' && l.line[i][1] >= 'a' && l.line[i][1] <= 'z';
    listing_close(&l);
    return n;
}

/* Code grows at most as fast as the value: twice the tile is at most twice the code, with a quarter of slack
** for what is kept in registers or not. */
static void expect_at_most_linear(const Growth *g, int knob)
{
    const Knob *q = g->at.lowering->knobs[knob];
    int before = 0, code = 0;
    for (int i = 0; i < q->nchoices; i++) {
        Schedule sc = g->at;
        sc.k[knob] = q->choice[i];
        if (q->choice[i] <= 0 || sc.lowering->refuse(g->s, &g->target, sc.k))
            continue; /* 0 means all, or is a switch */
        const int now = instructions(g, &sc);
        if (before && q->choice[i] > before)
            cr_expect_lt((double)now / code, 1.25 * q->choice[i] / before,
                         "%s %s: %s from %d to %d makes %d instructions of %d", g->s->name,
                         g->m->cpu, q->name, before, q->choice[i], now, code);
        before = q->choice[i];
        code = now;
    }
}

static void every_knob(int workload, const Machine *m)
{
    dcn_module *w = load_workloads();
    dcn_error err = { .text = "" };
    Growth g = { .s = dcn_module_spec(w, workload), .m = m };
    cr_assert_eq(dcn_target_parse(m->cpu, NULL, NULL, &g.target, &err), 0, "%s", err.text);
    cr_assert_eq(sched_guess(&(SchedFor){ g.s, &g.target, 0, NULL }, &g.at, &err), 0, "%s",
                 err.text);
    for (int i = 0; i < g.at.lowering->nknobs; i++)
        if (thin_takes(THIN_LISTINGS))
            expect_at_most_linear(&g, i);
    dcn_module_free(w);
}

Test(growth, wide_vectors)
{
    every_knob(1, &machines[0]);
}

Test(growth, narrow_vectors)
{
    every_knob(1, &machines[1]);
}

/* The pixels of a tile, its channels and taps are loops: the largest tile has hardly more code than the
** smallest. */
Test(growth, a_tile_is_loops)
{
    static const char *const tiles[] = { "tiled tile_h=1 tile_w=4 kc_channels=16",
                                         "tiled tile_h=8 tile_w=16 kc_channels=64",
                                         "tiled tile_h=16 tile_w=64 kc_channels=0" };
    dcn_module *w = load_workloads();
    const dcn_spec *s = dcn_module_spec(w, 0); /* 128 channels */
    for (int m = 0; m < NX86; m++) {
        int least = 1 << 30, most = 0;
        for (int i = 0; i < 3; i++) {
            Listing l = machine_listing(s, &machines[m], tiles[i]);
            least = l.n < least ? l.n : least;
            most = l.n > most ? l.n : most;
            listing_close(&l);
        }
        cr_expect_lt(most, 1.25 * least, "%s: %d to %d lines", machines[m].cpu, least, most);
    }
    dcn_module_free(w);
}
