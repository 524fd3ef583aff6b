/* test_constants.c: networks whose parameters are part of the code.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/cg.h"
#include "runtime/spec/gradient.h"
#include "tests/right/network/net_call.h"
#include "tests/right/network/random_net.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A network, and the same with constants in place of its parameters. */
typedef struct Pair {
    dcn_spec variable, constant;
    dcn_network with;
    void *values;
} Pair;

static void open_pair(Pair *p, uint64_t seed)
{
    rt_rng r = rt_rng_seed(seed);
    p->variable = random_network(&r, 8);
    p->constant = net_with_constants(&r, &p->variable, &p->with, &p->values);
}

static void close_pair(Pair *p)
{
    net_release((dcn_network *)p->variable.network);
    free(p->values);
}

static dcn_kernel *compiled(const dcn_spec *s)
{
    dcn_kernel *k;
    dcn_error err;
    cr_assert_eq(dcn_compile(s, NULL, &k, &err), 0, "%s", err.text);
    return k;
}

Test(constants, are_no_operand)
{
    Pair p;
    open_pair(&p, 3);
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(&p.constant, t, RT_NUM_OPERANDS);
    cr_expect_eq(n, dcn_spec_tensors(&p.variable, NULL, 0) - 1);
    for (int i = 0; i < n; i++) {
        cr_expect_neq(t[i].role, DCN_WEIGHT);
        cr_expect_str_neq(t[i].name, "parameters");
    }
    close_pair(&p);
}

/* Fills the calls' inputs alike, packs the parameters of one of them, and compares all outputs. */
Test(constants, give_what_packed_parameters_give, .timeout = 300)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        Pair p;
        NetCall with, without;
        open_pair(&p, seed);
        if (!p.with.parameters) {
            close_pair(&p);
            continue;
        }
        dcn_kernel *k = compiled(&p.variable), *c = compiled(&p.constant);
        net_call_open(&with, c, seed);
        net_call_open(&without, k, seed);
        const int at = net_parameters_at(p.variable.network);
        const size_t each = dcn_dtype_bytes(p.with.dtype);
        memcpy(without.typed[at], p.values, (size_t)p.with.parameters * each);
        for (int i = 0; i < p.with.ninputs; i++)
            memcpy(without.typed[i], with.typed[i], (size_t)with.count[i] * each);
        net_call_run(&with, 2, GUARD_AFTER, "constants");
        net_call_run(&without, 1, GUARD_AFTER, "parameters");
        net_call_check(&with, "constants");
        for (int i = p.with.ninputs; i < with.o.n; i++)
            cr_expect_arr_eq(with.typed[i], without.typed[i + 1], (size_t)with.count[i] * each);
        net_call_close(&with);
        net_call_close(&without);
        dcn_kernel_free(k);
        dcn_kernel_free(c);
        close_pair(&p);
    }
}

/* The gradients of inputs by a network whose parameters are in the code. */
Test(constants, are_read_by_gradients, .timeout = 300)
{
    for (uint64_t seed = 20; seed < 30; seed++) {
        Pair p;
        NetCall call;
        open_pair(&p, seed);
        p.constant.gradient = rt_differentiable(&p.constant);
        if (p.with.parameters && p.constant.gradient) {
            dcn_kernel *k = compiled(&p.constant);
            net_call_open(&call, k, seed);
            net_call_run(&call, 2, GUARD_AFTER, "gradients");
            net_call_check(&call, "gradients");
            net_call_close(&call);
            dcn_kernel_free(k);
        }
        close_pair(&p);
    }
}

/* Looks into an ELF object: whether a read-only section of data of at least so many bytes begins on a page, and how
** many symbols are undefined. */
static int look_into(const char *object, int64_t least, int *undefined)
{
    Elf64_Ehdr head;
    int found = 0;
    memcpy(&head, object, sizeof head);
    *undefined = 0;
    for (int i = 0; i < head.e_shnum; i++) {
        Elf64_Shdr s;
        memcpy(&s, object + head.e_shoff + (size_t)i * sizeof s, sizeof s);
        found += s.sh_type == SHT_PROGBITS && !(s.sh_flags & (SHF_WRITE | SHF_EXECINSTR)) &&
                 s.sh_addralign == 4096 && (int64_t)s.sh_size >= least;
        for (size_t at = sizeof(Elf64_Sym); s.sh_type == SHT_SYMTAB && at < s.sh_size;
             at += sizeof(Elf64_Sym)) {
            Elf64_Sym sym;
            memcpy(&sym, object + s.sh_offset + at, sizeof sym);
            *undefined += sym.st_shndx == SHN_UNDEF;
        }
    }
    return found;
}

/* For machines of other vectors than this one, too: they are packed here all the same. */
Test(constants, lie_in_a_read_only_section_of_pages_of_an_object_that_needs_nothing)
{
    static const char *const cpus[][2] = { { "native", NULL },
                                           { "x86-64-v2", "x86_64-linux-gnu" },
                                           { "x86-64-v4", "x86_64-linux-gnu" },
                                           { "generic", "aarch64-linux-gnu" },
                                           { "a64fx", "aarch64-linux-gnu" },
                                           { "rv64gcv", "riscv64-linux-gnu" } };
    Pair p;
    open_pair(&p, 3);
    for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
        dcn_target t;
        dcn_error err;
        void *object;
        size_t size;
        int undefined;
        cr_assert_eq(dcn_target_parse(cpus[i][0], cpus[i][1], NULL, &t, &err), 0, "%s", err.text);
        const dcn_options options = { .target = &t };
        cr_assert_eq(dcn_emit(&p.constant, &options, DCN_EMIT_OBJ, &object, &size, &err), 0, "%s",
                     err.text);
        const int64_t least = p.with.parameters * (int64_t)dcn_dtype_bytes(p.with.dtype);
        cr_expect_eq(look_into(object, least, &undefined), 1, "%s", cpus[i][0]);
        cr_expect_eq(undefined, 0, "%s", cpus[i][0]);
        free(object);
    }
    close_pair(&p);
}
