/* test_choose.c: which machine runs which code.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/api/choose.h"

#include <criterion/criterion.h>
#include <string.h>

static dcn_target target(const char *triple, const char *cpu, const char *features, int bytes)
{
    dcn_target t = { .vector_bytes = bytes };
    strcpy(t.triple, triple);
    strcpy(t.cpu, cpu);
    strcpy(t.features, features);
    strcpy(t.isa, bytes == 64 ? "avx512" : "avx2");
    return t;
}

static void expect(const dcn_target *t, const char *message)
{
    const dcn_target native =
        target("x86_64-pc-linux-gnu", "haswell", "+avx2,-avx512f,+fma,-amx-tile", 32);
    dcn_error err = { .text = "" };
    cr_expect_eq(tune_can_run(t, &native, &err), *message ? -1 : 0);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(err.code, *message ? DCN_EENV : DCN_OK);
}

Test(choose, code_for_this_machine_runs)
{
    dcn_target t = target("x86_64-unknown-linux-gnu", "skylake", "+avx2,+fma,+fast-gather", 32);
    expect(&t, "");
    t = target("x86_64-pc-linux-gnu", "x86-64-v2", "", 16);
    expect(&t, "");
    t = target("x86_64-pc-linux-gnu", "skylake", "-avx512f,+avx2", 32);
    expect(&t, "");
}

Test(choose, another_architecture_does_not)
{
    dcn_target t = target("aarch64-unknown-linux-gnu", "neoverse-n1", "", 16);
    expect(&t,
           "code for aarch64-unknown-linux-gnu does not run on this machine (x86_64-pc-linux-gnu)");
    t = target("x86-pc-linux-gnu", "i686", "", 16);
    expect(&t, "code for x86-pc-linux-gnu does not run on this machine (x86_64-pc-linux-gnu)");
}

Test(choose, wider_vectors_do_not)
{
    dcn_target t = target("x86_64-pc-linux-gnu", "sapphirerapids", "", 64);
    expect(&t,
           "code for sapphirerapids (avx512) does not run on this machine (avx2): it lacks "
           "avx512f, avx512bw, avx512cd, avx512dq, avx512vl, avx512ifma, avx512vbmi, avx512vbmi2, "
           "avx512vnni, avx512bitalg, avx512vpopcntdq, avx512bf16, avx512fp16, avxvnni, gfni");
}

Test(choose, a_missing_feature_is_named)
{
    dcn_target t = target("x86_64-pc-linux-gnu", "haswell", "+avx2,+amx-tile", 32);
    expect(&t, "code for haswell (avx2) does not run on this machine (avx2): it lacks amx-tile");
    t = target("x86_64-pc-linux-gnu", "alderlake", "", 32);
    expect(&t,
           "code for alderlake (avx2) does not run on this machine (avx2): it lacks avxvnni, gfni");
    t = target("x86_64-pc-linux-gnu", "alderlake", "-gfni,+avxvnni,-avxvnni", 32);
    expect(&t, "");
}
