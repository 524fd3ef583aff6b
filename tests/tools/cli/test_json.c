/* test_json.c: every --json report is JSON, with the keys and types that are promised.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char two_kernels[] =
    "return {\n"
    "  deform_conv2d { name = 'a', in_channels = 2, height = 5, width = 5, out_channels = 2,\n"
    "                  kernel_size = 3, padding = { 1, 0, 2, 0 }, modulation = 'mask' },\n"
    "  conv2d { name = 'b', in_channels = 2, height = 5, width = 5, out_channels = 2,\n"
    "           kernel_size = 3, dtype = 'f64', layout = 'nhwc' },\n"
    "}\n";

/* Run `dcngen <arguments>`, where %s in the arguments is a spec of two kernels. */
static json_t *report(const char *arguments)
{
    char dir[] = "/tmp/dcngen-json-XXXXXX", spec[64], command[1024];
    cr_assert_not_null(getenv("DCNGEN_BIN"));
    cr_assert_not_null(mkdtemp(dir));
    snprintf(spec, sizeof spec, "%s/two.lua", dir);
    FILE *f = fopen(spec, "w");
    cr_assert_not_null(f);
    fputs(two_kernels, f);
    fclose(f);
    snprintf(command, sizeof command, "cd %s && '%s' %s --json; code=$?; rm -rf %s; exit $code",
             dir, getenv("DCNGEN_BIN"), arguments, dir);
    FILE *p = popen(command, "r");
    cr_assert_not_null(p);
    json_error_t why;
    json_t *root = json_loadf(p, JSON_REJECT_DUPLICATES, &why);
    cr_expect_eq(pclose(p), 0, "%s fails", command);
    cr_assert_not_null(root, "%s: %s", command, why.text);
    cr_expect_eq(json_integer_value(json_object_get(root, "schema")), 1);
    return root;
}

/* The i-th of the two objects in the list `key`. */
static json_t *entry(json_t *root, const char *key, size_t i, size_t count)
{
    json_t *list = json_object_get(root, key);
    cr_assert_eq(json_array_size(list), count, "%s has %zu entries", key, json_array_size(list));
    return json_array_get(list, i);
}

static double number(json_t *object, const char *key)
{
    json_t *x = json_object_get(object, key);
    cr_assert(json_is_number(x), "%s is no number", key);
    return json_number_value(x);
}

static const char *text(json_t *object, const char *key)
{
    json_t *x = json_object_get(object, key);
    cr_assert(json_is_string(x), "%s is no text", key);
    return json_string_value(x);
}

static void expect_identity(json_t *k, const char *name, const char *op, const char *dtype,
                            const char *layout)
{
    cr_expect_str_eq(text(k, "name"), name);
    cr_expect_str_eq(text(k, "op"), op);
    cr_expect_str_eq(text(k, "dtype"), dtype);
    cr_expect_str_eq(text(k, "layout"), layout);
    cr_expect_neq(*text(k, "target"), 0);
    cr_expect_neq(*text(k, "schedule"), 0);
}

Test(json, bench)
{
    json_t *root = report("bench two.lua --time 0.01 --threads 1");
    json_t *a = entry(root, "kernels", 0, 2), *b = entry(root, "kernels", 1, 2);
    expect_identity(a, "a", "deform_conv2d", "f32", "nchw");
    expect_identity(b, "b", "conv2d", "f64", "nhwc");
    cr_expect_gt(number(root, "peak_gflops"), 0);
    cr_expect_eq(number(a, "threads"), 1);
    cr_expect_leq(number(a, "ns_min"), number(a, "ns_median"));
    cr_expect_leq(number(a, "ns_median"), number(a, "ns_max"));
    cr_expect_gt(number(a, "ns_min"), 0);
    cr_expect_gt(number(a, "gflops"), 0);
    cr_expect_gt(number(a, "peak_gflops"), 0);
    cr_expect_gt(number(a, "peak_fraction"), 0);
    cr_expect_geq(number(a, "workspace_bytes"), 0);
    cr_expect_geq(number(a, "rounds"), 1);
    /* input 2x5x5, weight 2x2x3x3, output 2x3x3, 8 bytes each */
    cr_expect_eq(number(b, "bytes"), 8 * (50 + 36 + 18));
    cr_expect(json_is_false(json_object_get(a, "tuned")));
    json_decref(root);
}

Test(json, verify)
{
    json_t *root = report("verify two.lua");
    json_t *a = entry(root, "kernels", 0, 2);
    expect_identity(a, "a", "deform_conv2d", "f32", "nchw");
    cr_expect_gt(number(a, "cases"), 0);
    cr_expect_eq(number(a, "failures"), 0);
    cr_expect_gt(number(a, "checked"), 0);
    cr_expect_eq(number(a, "checked"), number(a, "outputs"));
    cr_expect_leq(number(a, "worst"), 1);
    cr_expect_geq(number(a, "max_abs"), 0);
    cr_expect(json_is_true(json_object_get(a, "ok")));
    cr_expect_str_eq(text(a, "what"), "");
    json_decref(root);
}

Test(json, compile)
{
    json_t *root = report("compile two.lua -o out --emit obj,header -M --kernel b");
    json_t *object = entry(root, "files", 0, 3), *depfile = entry(root, "files", 2, 3);
    cr_expect_str_eq(text(object, "kernel"), "b");
    cr_expect_str_eq(text(object, "kind"), "obj");
    cr_expect_str_eq(text(object, "path"), "out/b.o");
    cr_expect_gt(number(object, "bytes"), 0);
    cr_expect_str_eq(text(entry(root, "files", 1, 3), "kind"), "header");
    cr_expect_str_eq(text(depfile, "path"), "out/b.d");
    cr_expect_eq(number(depfile, "bytes"), sizeof "out/b.o out/b.h: two.lua\n" - 1);
    json_decref(root);
}

Test(json, show_spec)
{
    json_t *root = report("show spec two.lua");
    json_t *a = entry(root, "kernels", 0, 2);
    cr_expect_str_eq(text(a, "op"), "deform_conv2d");
    cr_expect_str_eq(text(a, "modulation"), "mask");
    cr_expect_eq(number(a, "height"), 5);
    cr_expect_eq(number(a, "modulation_scale"), 1);
    cr_expect(json_is_false(json_object_get(a, "bias")));
    static const int padding[] = { 1, 0, 2, 0 };
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(json_integer_value(json_array_get(json_object_get(a, "padding"), i)),
                     padding[i]);
    cr_expect_null(json_object_get(entry(root, "kernels", 1, 2), "border"));
    json_decref(root);
}

Test(json, show_schedule)
{
    json_t *root = report("show schedule two.lua --schedule direct --target x86-64-v3");
    json_t *a = entry(root, "kernels", 0, 2);
    cr_expect_str_eq(text(a, "target"), "x86-64-v3");
    cr_expect_str_eq(text(a, "isa"), "avx2");
    cr_expect_eq(strncmp(text(a, "schedule"), "direct ", 7), 0);
    cr_expect_neq(*text(a, "why"), 0);
    json_decref(root);
}

/* Every point that was walked is legal or has a reason; returns how many are legal. */
static double expect_balance(json_t *space)
{
    size_t i;
    json_t *reason;
    double refused = 0;
    json_array_foreach(json_object_get(space, "refused"), i, reason)
    {
        cr_expect_neq(*text(reason, "reason"), 0);
        refused += number(reason, "count");
    }
    cr_expect_eq(number(space, "legal") + refused, number(space, "walked"));
    cr_expect_leq(number(space, "walked"), number(space, "points"));
    return number(space, "legal");
}

Test(json, show_space)
{
    json_t *root = report("show space two.lua --kernel a"), *space, *knob;
    json_t *lowerings = json_object_get(entry(root, "kernels", 0, 1), "lowerings");
    size_t i, k;
    double legal = 0;
    cr_expect_geq(json_array_size(lowerings), 2);
    json_array_foreach(lowerings, i, space)
    {
        legal += expect_balance(space);
        double points = 1;
        json_array_foreach(json_object_get(space, "knobs"), k, knob)
        {
            cr_expect_neq(*text(knob, "name"), 0);
            cr_expect_neq(*text(knob, "meaning"), 0);
            points *= (double)json_array_size(json_object_get(knob, "choices"));
        }
        cr_expect_eq(number(space, "points"), points);
    }
    cr_expect_gt(legal, 1);
    json_decref(root);
}

Test(json, machine)
{
    json_t *root = report("targets");
    json_t *native = json_object_get(root, "native");
    cr_expect_gt(json_array_size(json_object_get(root, "targets")), 20);
    cr_expect_neq(*text(native, "cpu"), 0);
    cr_expect_neq(*text(native, "isa"), 0);
    cr_expect_gt(number(native, "vector_bytes"), 0);
    text(native, "features");
    json_decref(root);
    root = report("doctor");
    cr_expect_str_eq(text(entry(root, "checks", 0, 10), "status"), "ok");
    json_decref(root);
    root = report("version");
    cr_expect_neq(*text(root, "dcngen"), 0);
    cr_expect_neq(*text(root, "llvm"), 0);
    json_decref(root);
}
