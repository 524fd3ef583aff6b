/* test_load.c: specs that load, and what becomes of them.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <dcngen.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZES "in_channels = 8, height = 20, width = 20, out_channels = 4, "

static dcn_module *load_with(const char *text, const dcn_param *params, int n)
{
    dcn_module *m;
    dcn_error err;
    cr_assert(dcn_load_text(text, "spec.lua", params, n, &m, &err) == 0, "line %d: %s", err.line,
              err.text);
    return m;
}

/* The only kernel of a text. */
static dcn_spec load_one(const char *text)
{
    dcn_module *m = load_with(text, NULL, 0);
    cr_assert(dcn_module_count(m) == 1);
    const dcn_spec s = *dcn_module_spec(m, 0);
    dcn_module_free(m);
    return s;
}

static void expect_error(const char *text, const dcn_param *params, int n, const char *want)
{
    dcn_module *m;
    dcn_error err;
    char got[1200];
    cr_assert(dcn_load_text(text, "spec.lua", params, n, &m, &err) == -1, "accepted: %s", text);
    cr_expect(!m);
    dcn_error_print(&err, got, sizeof got);
    cr_expect(strcmp(got, want) == 0, "\n got %s\nwant %s", got, want);
}

Test(load, defaults_are_those_of_spec_init)
{
    dcn_spec want, s = load_one("return deform_conv2d { " SIZES "kernel_size = 3 }");
    dcn_spec_init(&want, DCN_OP_DEFORM_CONV2D);
    cr_expect(strcmp(s.name, "deform_conv2d") == 0);
    cr_expect(s.batch == 1 && s.in_channels == 8 && s.out_channels == 4);
    cr_expect(s.height == 20 && s.width == 20 && s.kernel[0] == 3 && s.kernel[1] == 3);
    cr_expect(s.stride[0] == 1 && s.dilation[1] == 1 && s.padding[0] == 0 && s.padding[3] == 0);
    cr_expect(s.groups == 1 && s.offset_groups == 1 && s.modulation == DCN_MODULATION_NONE);
    cr_expect(s.modulation_scale == 1 && s.border == DCN_BORDER_ZERO && !s.bias);
    cr_expect(s.offset_order == DCN_ORDER_YX && s.activation == DCN_ACT_NONE);
    cr_expect(s.dtype == DCN_F32 && s.layout == DCN_NCHW && !*s.target && !*s.schedule);
    want.in_channels = 8, want.out_channels = 4, want.height = want.width = 20;
    want.kernel[0] = want.kernel[1] = 3;
    cr_expect(memcmp(&want, &s, sizeof s) == 0);
}

Test(load, every_key)
{
    dcn_spec s = load_one(
        "return deform_conv2d { name = 'k', batch = 2, in_channels = 8.0, height = 20,\n"
        "width = dynamic, out_channels = 4, kernel_size = {3, 5}, stride = {2, 1}, dilation = 2,\n"
        "padding = {1, 2, 3, 4}, groups = 2, offset_groups = 4, modulation = 'softmax',\n"
        "modulation_scale = 2.5, border = 'hybrid', offset_order = 'xy', bias = true,\n"
        "activation = 'gelu', dtype = 'f64', layout = 'nhwc', target = 'native',\n"
        "schedule = 'tiled mr=6', gradient = false }");
    cr_expect(strcmp(s.name, "k") == 0 && s.batch == 2 && s.width == DCN_DYNAMIC);
    cr_expect(s.kernel[0] == 3 && s.kernel[1] == 5 && s.stride[0] == 2 && s.stride[1] == 1);
    for (int i = 0; i < 4; i++)
        cr_expect(s.padding[i] == i + 1);
    cr_expect(s.dilation[0] == 2 && s.groups == 2 && s.offset_groups == 4 && s.bias);
    cr_expect(s.modulation == DCN_MODULATION_SOFTMAX && s.modulation_scale == 2.5);
    cr_expect(s.border == DCN_BORDER_HYBRID && s.offset_order == DCN_ORDER_XY);
    cr_expect(s.activation == DCN_ACT_GELU && s.dtype == DCN_F64 && s.layout == DCN_NHWC);
    cr_expect(strcmp(s.target, "native") == 0 && strcmp(s.schedule, "tiled mr=6") == 0);
}

Test(load, padding_of_two_is_for_both_sides)
{
    dcn_spec s = load_one("return conv2d { " SIZES "kernel_size = 1, padding = {1, 2} }");
    cr_expect(s.padding[0] == 1 && s.padding[1] == 2 && s.padding[2] == 1 && s.padding[3] == 2);
    s = load_one("return conv2d { " SIZES "kernel_size = 1, padding = 7 }");
    for (int i = 0; i < 4; i++)
        cr_expect(s.padding[i] == 7);
}

Test(load, schedule_tables_become_text_with_sorted_knobs)
{
    static const struct {
        const char *lua, *want;
    } cases[] = { { "{ 'tiled', nv = 4, mr = 6 }", "tiled mr=6 nv=4" },
                  { "{ mr = 6 }", "mr=6" },
                  { "{ 'direct' }", "direct" },
                  { "{ 'direct', order = 'rows' }", "direct order=rows" },
                  { "{ 's', b = {'t', n = 2, m = 6}, a = {c = 1}}", "s a={c=1} b={t m=6 n=2}" },
                  { "{}", "" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        snprintf(text, sizeof text, "return conv2d { " SIZES "kernel_size = 1, schedule = %s }",
                 cases[i].lua);
        const dcn_spec s = load_one(text);
        cr_expect(strcmp(s.schedule, cases[i].want) == 0, "%s: %s", cases[i].lua, s.schedule);
    }
}

static const char *name_of(const dcn_module *m, int i)
{
    return dcn_module_spec(m, i)->name;
}

Test(load, names_are_given_in_order_and_avoid_those_taken)
{
    dcn_module *m =
        load_with("local function k(name)\n"
                  "  return deform_conv2d { " SIZES "kernel_size = 1, name = name }\n"
                  "end\n"
                  "local c = conv2d { " SIZES "kernel_size = 1 }\n"
                  "return { k(), { k('deform_conv2d_2'), k() }, c, {}, { { k() } }, c }",
                  NULL, 0);
    static const char *const want[] = { "deform_conv2d", "deform_conv2d_2", "deform_conv2d_3",
                                        "conv2d",        "deform_conv2d_4", "conv2d_2" };
    cr_assert(dcn_module_count(m) == 6);
    for (int i = 0; i < 6; i++)
        cr_expect(strcmp(name_of(m, i), want[i]) == 0, "%d: %s", i, name_of(m, i));
    cr_expect(dcn_module_spec(m, 6) == NULL && dcn_module_spec(m, -1) == NULL);
    cr_expect(dcn_module_file(m, 0) == NULL, "a text is no file");
    dcn_module_free(m);
    dcn_module_free(NULL);
}

static void expect_place(const dcn_module *m, int i, const char *key, const char *want)
{
    char got[300];
    const char *file;
    const int line = dcn_module_where(m, i, key, &file);
    snprintf(got, sizeof got, "%s:%d", file ? file : "nowhere", line);
    cr_expect(strcmp(got, want) == 0, "kernel %d, %s: got %s, want %s", i, key ? key : "its call",
              got, want);
    cr_expect(dcn_module_where(m, i, key, NULL) == line);
}

Test(load, a_module_knows_where_a_key_is_written)
{
    dcn_module *m = load_with("local t = { " SIZES "kernel_size = 1,\n"
                              "  target = 'haswell' }\n"
                              "local function k(schedule)\n"
                              "  return conv2d {\n"
                              "    " SIZES "kernel_size = 1, -- target = 'none'\n"
                              "    schedule = schedule,\n"
                              "    target = 'native' }\n"
                              "end\n"
                              "return { k '', k 'direct',\n"
                              "  conv2d(t) }\n",
                              NULL, 0);
    expect_place(m, 0, "schedule", "spec.lua:6");
    expect_place(m, 1, "target", "spec.lua:7");
    expect_place(m, 1, "groups", "spec.lua:4");
    expect_place(m, 1, NULL, "spec.lua:4");
    expect_place(m, 2, "target", "spec.lua:10");
    expect_place(m, 3, "target", "nowhere:0");
    expect_place(m, -1, NULL, "nowhere:0");
    dcn_module_free(m);
}

Test(load, pairs_is_sorted)
{
    const dcn_spec s =
        load_one("local t = { b = 1, a = 2, [10] = 3, [2] = 4, [1.5] = 5, [true] = 6 }\n"
                 "local s = ''\n"
                 "for k, v in pairs(t) do s = s .. tostring(k) .. '=' .. v .. ' ' end\n"
                 "t = { x = 1, y = 2, z = 3 }\n"
                 "for k in pairs(t) do t.y = nil; s = s .. k end\n"
                 "return conv2d { " SIZES "kernel_size = 1, target = s }");
    cr_expect(strcmp(s.target, "1.5=5 2=4 10=3 a=2 b=1 true=6 xz") == 0, "%s", s.target);
}

Test(load, ordinary_lua_works)
{
    const dcn_spec s =
        load_one("local t = {}\n"
                 "for i = 1, 3 do table.insert(t, ('%d'):format(i * i)) end\n"
                 "total = #t // 1\n"
                 "local word = ('stage_4'):match('^(%a+)_%d+$') .. string.rep('-', 2)\n"
                 "word = word .. table.concat(t, ','):gsub(',', '+') .. select('#', 1, 2)\n"
                 "for w in ('a b'):gmatch('%a') do word = word .. w end\n"
                 "return conv2d { " SIZES "kernel_size = math.max(1, total), target = word }");
    cr_expect(strcmp(s.target, "stage--1+4+92ab") == 0, "%s", s.target);
    cr_expect(s.kernel[0] == 3);
}

/* ---- param ------------------------------------------------------------------------------ */

Test(param, is_read_as_its_default)
{
    static const char text[] =
        "local any, flag = param('any'), param('flag', false)\n"
        "assert(any == 3 and flag == true and param('hex', 0) == 16)\n"
        "assert(param('free') == 'x3' and param('yes') == true)\n"
        "assert(param('unset', 5) == 5 and param('no', true) == false)\n"
        "return conv2d { in_channels = 8, height = param('h', 1), width = param('w', dynamic),\n"
        "  out_channels = 1, kernel_size = 1, batch = param('n', 1), name = param('name', 'x') }";
    static const dcn_param params[] = { { "any", "3" },     { "flag", "true" }, { "hex", "0x10" },
                                        { "h", "1" },       { "h", "56" },      { "w", "84" },
                                        { "n", "dynamic" }, { "name", "k3" },   { "no", "false" },
                                        { "free", "x3" },   { "yes", "true" } };
    dcn_module *m = load_with(text, params, sizeof params / sizeof *params);
    const dcn_spec *s = dcn_module_spec(m, 0);
    cr_expect(s->height == 56, "of two the last counts");
    cr_expect(s->width == 84 && s->batch == DCN_DYNAMIC && strcmp(s->name, "k3") == 0);
    dcn_module_free(m);
}

Test(param, wrong_values_name_the_line_of_the_param)
{
    static const char text[] = "local h = param('height', 5)\nlocal b = param('bias', false)\n"
                               "return conv2d { in_channels = 1, height = h, width = 5,\n"
                               "  out_channels = 1, kernel_size = 1, bias = b }";
    expect_error(text, &(dcn_param){ "height", "x" }, 1, "spec.lua:1: -D height=x is not a number");
    expect_error(text, &(dcn_param){ "height", "" }, 1, "spec.lua:1: -D height= is not a number");
    expect_error(text, &(dcn_param){ "bias", "1" }, 1,
                 "spec.lua:2: -D bias=1 is not true or false");
    expect_error(
        text, &(dcn_param){ "heigth", "9" }, 1,
        "spec.lua:1: -D heigth=9: the spec has no param 'heigth' (did you mean 'height'?)");
    expect_error(text, &(dcn_param){ "zoom", "9" }, 1,
                 "spec.lua: -D zoom=9: the spec has no param 'zoom'");
    expect_error(text, &(dcn_param){ "height", "0" }, 1,
                 "spec.lua:3: 'height' = 0 is outside 1..1048576 and not dynamic");
}

/* ---- files ------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

static char folder[] = "/tmp/dcngen_load_XXXXXX";

/* Every test of files has an empty folder of its own. */
static void enter_folder(void)
{
    cr_assert(mkdtemp(folder) && chdir(folder) == 0);
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *at)
{
    (void)about, (void)type, (void)at;
    return remove(path);
}

static void leave_folder(void)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(include, .init = enter_folder, .fini = leave_folder);
TestSuite(file, .init = enter_folder, .fini = leave_folder);

Test(include, is_relative_to_the_file_and_recorded)
{
    cr_assert(mkdir("sub", 0700) == 0 && mkdir("sub/deep", 0700) == 0);
    write_file("sub/deep/sizes.lua", "return { h = 20 }, 'second'\n");
    write_file("sub/stage.lua", "local sizes, s = include 'deep/sizes.lua'\n"
                                "assert(s == 'second')\n"
                                "return conv2d { in_channels = 8, height = sizes.h, width = 20,\n"
                                "  out_channels = 4, kernel_size = 1 }\n");
    write_file("main.lua", "return { include 'sub/stage.lua', include('sub/../sub/stage.lua') }\n");
    dcn_module *m;
    dcn_error err;
    cr_assert(dcn_load_file("./main.lua", NULL, 0, &m, &err) == 0, "%s:%d: %s", err.file, err.line,
              err.text);
    static const char *const files[] = { "./main.lua", "./sub/stage.lua", "./sub/deep/sizes.lua",
                                         "./sub/../sub/stage.lua", "./sub/../sub/deep/sizes.lua" };
    cr_expect(dcn_module_count(m) == 2 && dcn_module_spec(m, 1)->height == 20);
    const char *made_in;
    cr_expect(dcn_module_where(m, 1, "out_channels", &made_in) == 4);
    cr_expect(strcmp(made_in, files[3]) == 0, "%s", made_in);
    for (int i = 0; i < 5; i++)
        cr_expect(strcmp(dcn_module_file(m, i), files[i]) == 0, "%s", dcn_module_file(m, i));
    cr_expect(dcn_module_file(m, 5) == NULL && dcn_module_file(m, -1) == NULL);
    dcn_module_free(m);
}

Test(include, of_a_file_twice_reads_it_once_and_runs_it_twice)
{
    write_file("count.lua", "n = n + 1\nreturn n\n");
    write_file("main.lua",
               "n = 0\ninclude 'count.lua'\n"
               "return conv2d { in_channels = 1, height = include 'count.lua', width = 1,\n"
               "  out_channels = 1, kernel_size = 1 }\n");
    dcn_module *m;
    cr_assert(dcn_load_file("main.lua", NULL, 0, &m, NULL) == 0);
    cr_expect(dcn_module_spec(m, 0)->height == 2);
    cr_expect(strcmp(dcn_module_file(m, 1), "count.lua") == 0 && !dcn_module_file(m, 2));
    dcn_module_free(m);
}

Test(include, chains_end_at_the_limit)
{
    for (int i = 0; i < 20; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "c%d.lua", i);
        snprintf(text, sizeof text, "return include 'c%d.lua'\n", i + 1);
        write_file(path, text);
    }
    dcn_module *m;
    dcn_error err;
    cr_assert(dcn_load_file("c0.lua", NULL, 0, &m, &err) == -1);
    cr_expect(strcmp(err.file, "c16.lua") == 0 && err.line == 1, "%s", err.file);
    cr_expect(strcmp(err.text, "include \"c17.lua\": files include each other more than 16 deep") ==
                  0,
              "%s", err.text);
}

static void expect_unreadable(const char *path, dcn_status code, const char *text)
{
    dcn_module *m;
    dcn_error err;
    cr_assert(dcn_load_file(path, NULL, 0, &m, &err) == -1);
    cr_expect(err.code == code && err.line == 0, "%s: code %d", path, (int)err.code);
    cr_expect(strcmp(err.file, path) == 0 && strcmp(err.text, text) == 0, "%s: %s", err.file,
              err.text);
}

Test(file, that_cannot_be_read)
{
    expect_unreadable("missing.lua", DCN_ESPEC, "cannot be read: No such file or directory");
    expect_unreadable(".", DCN_ESPEC, "cannot be read: Is a directory");
    write_file("plain", "");
    expect_unreadable("plain/x.lua", DCN_ESPEC, "cannot be read: Not a directory");
    if (geteuid() != 0) {
        cr_assert(chmod("plain", 0) == 0);
        expect_unreadable("plain", DCN_EENV, "cannot be read: Permission denied");
    }
}

Test(file, may_have_a_mebibyte_and_no_more)
{
    FILE *file = fopen("big.lua", "w");
    static const char last[] = "\nreturn conv2d { " SIZES "kernel_size = 1 }\n";
    fputs("--", file);
    for (size_t i = 2; i < (1 << 20) - (sizeof last - 1); i++)
        fputc('-', file);
    fputs(last, file);
    cr_assert(fclose(file) == 0);
    dcn_module *m;
    dcn_error err;
    cr_expect(dcn_load_file("big.lua", NULL, 0, &m, &err) == 0, "%s", err.text);
    dcn_module_free(m);
    file = fopen("big.lua", "a");
    fputc('\n', file);
    cr_assert(fclose(file) == 0);
    expect_unreadable("big.lua", DCN_ESPEC, "is longer than 1048576 bytes");
}

static void expect_file_error(const char *path, const dcn_param *params, int n, const char *want)
{
    dcn_module *m;
    dcn_error err;
    char got[1200];
    cr_assert(dcn_load_file(path, params, n, &m, &err) == -1);
    dcn_error_print(&err, got, sizeof got);
    cr_expect(strcmp(got, want) == 0, "\n got %s\nwant %s", got, want);
}

Test(file, places_in_other_files_are_named)
{
    write_file("sizes.lua", "\nreturn param('height', 3)\n");
    write_file("one.lua", "\n\nreturn conv2d { " SIZES "kernel_size = 1, name = 'k' }\n");
    write_file("main.lua", "local h = include 'sizes.lua'\n"
                           "return { include 'one.lua',\n"
                           "  conv2d { " SIZES "kernel_size = 1,\n"
                           "    name = 'k' } }\n");
    expect_file_error(
        "main.lua", &(dcn_param){ "heigt", "4" }, 1,
        "sizes.lua:2: -D heigt=4: the spec has no param 'heigt' (did you mean 'height'?)");
    expect_file_error("main.lua", NULL, 0,
                      "main.lua:4: two kernels are called 'k' (the first was made in one.lua:3)");
}

Test(file, errors_may_be_ignored)
{
    dcn_module *m;
    cr_expect(dcn_load_file("/nonexistent", NULL, 0, &m, NULL) == -1 && !m);
    cr_expect(dcn_load_text("return 1", NULL, NULL, 0, &m, NULL) == -1 && !m);
}

Test(load, two_loads_at_once_do_not_know_of_each_other)
{
    dcn_module *a = load_with("x = 5 return conv2d { " SIZES "kernel_size = x }", NULL, 0);
    expect_error("return conv2d { " SIZES "kernel_size = x }", NULL, 0,
                 "spec.lua:1: unknown name 'x'");
    dcn_module_free(a);
}
