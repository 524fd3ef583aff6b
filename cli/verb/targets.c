/* targets.c: the verb that lists the CPUs that can be compiled for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/verbs.h"
#include "codegen/cg.h"
#include "runtime/base/base.h"

#include <inttypes.h>
#include <string.h>

static json_t *target_json(const dcn_target *t)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:b, s:b, s:I, s:I, s:I, s:s}", "cpu", t->cpu,
                     "triple", t->triple, "isa", t->isa, "vector_bytes", t->vector_bytes,
                     "registers", t->registers, "fma", t->fma, "gather", t->gather, "l1_bytes",
                     (json_int_t)t->l1_bytes, "l2_bytes", (json_int_t)t->l2_bytes, "l3_bytes",
                     (json_int_t)t->l3_bytes, "tested", cg_tested(t->cpu));
}

static const char *yes(bool flag)
{
    return flag ? "yes" : "no";
}

static void print_known(const dcn_target *t, bool here)
{
    printf("%c %-15s %-7s %4d %9d  %-4s %-6s  %-12s  %s\n", here ? '*' : ' ', t->cpu, t->isa,
           8 * t->vector_bytes, t->registers, yes(t->fma), yes(t->gather), cg_tested(t->cpu),
           t->triple);
}

/* "48 KB", or "unknown" for 0 */
static const char *cache_text(int64_t bytes, char buf[32])
{
    if (bytes)
        snprintf(buf, 32, "%" PRId64 " KB", bytes / 1024);
    else
        snprintf(buf, 32, "unknown");
    return buf;
}

/* The features that are on; those that are off would make the list three times as long. */
static void print_features(const char *list)
{
    printf("  features:");
    while (*list) {
        int length = (int)strcspn(list, ",");
        if (*list == '+')
            printf(" %.*s", length - 1, list + 1);
        list += length + (list[length] == ',');
    }
    putchar('\n');
}

static void print_native(const dcn_target *t)
{
    char l1[32], l2[32], l3[32];
    printf("\nnative: %s, %s, %s\n", t->cpu, t->isa, t->triple);
    printf("  %d registers of %d bits, fma %s, gather %s\n", t->registers, 8 * t->vector_bytes,
           yes(t->fma), yes(t->gather));
    printf("  caches of a core: L1 %s, L2 %s, L3 %s\n", cache_text(t->l1_bytes, l1),
           cache_text(t->l2_bytes, l2), cache_text(t->l3_bytes, l3));
    print_features(t->features);
}

/* The i-th known CPU; 1 past the last, -1 with err. */
static int known(int i, dcn_target *t, dcn_error *err)
{
    const char *cpu, *triple, *isa;
    if (dcn_target_known(i, &cpu, &triple, &isa))
        return 1;
    return dcn_target_parse(cpu, triple, NULL, t, err);
}

static int print_text(const dcn_target *native, dcn_error *err)
{
    dcn_target t;
    int status;
    printf("  %-15s %-7s %4s %9s  %-4s %-6s  %-12s  %s\n", "CPU", "ISA", "bits", "registers", "fma",
           "gather", "tested", "triple");
    for (int i = 0; !(status = known(i, &t, err)); i++)
        print_known(&t, !strcmp(t.cpu, native->cpu) && !strcmp(t.triple, native->triple));
    if (status > 0)
        print_native(native);
    return status < 0 ? -1 : 0;
}

static int print_all_json(const dcn_target *native, dcn_error *err)
{
    dcn_target t;
    int status;
    json_t *list = json_array();
    for (int i = 0; !(status = known(i, &t, err)); i++)
        json_array_append_new(list, target_json(&t));
    json_t *root = list_json("targets", list), *here = target_json(native);
    json_object_set_new(here, "features", json_string(native->features));
    json_object_set_new(root, "native", here);
    if (status > 0)
        return print_json(root, err);
    json_decref(root);
    return -1;
}

int verb_targets(const Args *a, dcn_error *err)
{
    dcn_target native;
    if (dcn_target_native(&native, err))
        return -1;
    return args_has(a, OPT_JSON) ? print_all_json(&native, err) : print_text(&native, err);
}
