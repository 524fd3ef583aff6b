/* test_json.c: structs as JSON by a table of their members.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sampled {
    char text[8];
    bool flag;
    int count;
    int64_t large;
    uint64_t seed;
    double real;
} Sampled;

static const rt_member members[] = {
    RT_MEMBER("text", Sampled, text),   RT_MEMBER("flag", Sampled, flag),
    RT_MEMBER("count", Sampled, count), RT_MEMBER("large", Sampled, large),
    RT_MEMBER("seed", Sampled, seed),   RT_MEMBER("real", Sampled, real),
};
enum { NMEMBERS = sizeof members / sizeof *members };

static const Sampled sampled = { "seven b", true, 3, INT64_MAX, UINT64_MAX, 0.1 };

Test(json, is_read_as_it_was_written)
{
    char *text;
    size_t size;
    Sampled back;
    dcn_error err;
    json_t *o = json_object();
    cr_assert_eq(rt_json_put(o, members, NMEMBERS, &sampled), 0);
    FILE *to = open_memstream(&text, &size);
    cr_assert_eq(rt_json_write(to, o, 17), 0);
    fclose(to);
    o = json_loads(text, 0, NULL);
    memset(&back, 0, sizeof back);
    cr_assert_eq(rt_json_get(o, members, NMEMBERS, &back, &err), 0, "%s", err.text);
    cr_expect_str_eq(back.text, sampled.text);
    cr_expect(back.flag && back.count == 3 && back.large == INT64_MAX && back.seed == UINT64_MAX);
    cr_expect_eq(back.real, 0.1);
    json_decref(o);
    free(text);
}

static void expect_refused(const char *name, json_t *value, const char *says)
{
    Sampled back;
    dcn_error err;
    json_t *o = json_object();
    rt_json_put(o, members, NMEMBERS, &sampled);
    json_object_set_new(o, name, value);
    cr_expect_eq(rt_json_get(o, members, NMEMBERS, &back, &err), -1, "%s", name);
    cr_expect_eq(err.code, DCN_EUSAGE);
    cr_expect_str_eq(err.text, says);
    json_decref(o);
}

Test(json, what_does_not_fit_is_named)
{
    expect_refused("text", json_string("eight by"), "'text' is not a text that is short enough");
    expect_refused("text", json_null(), "'text' is not a text that is short enough");
    expect_refused("flag", json_true(), "'flag' is not a whole number that is not negative");
    expect_refused("count", json_integer((json_int_t)1 << 31),
                   "'count' is not a whole number that is not negative");
    expect_refused("large", json_integer(-1), "'large' is not a whole number that is not negative");
    expect_refused("seed", json_real(1), "'seed' is not a whole number that is not negative");
    expect_refused("real", json_integer(-1), "'real' is not a number that is not negative");
}

static int add(void *sum, const json_t *object, dcn_error *err)
{
    const json_t *v = json_object_get(object, "v");
    *(int *)sum += (int)json_integer_value(v);
    return v ? 0 : rt_json_wrong("v", "there", err);
}

Test(json, lines_are_told_apart)
{
    static const char good[] = "{\"v\": 1}\n\n{\"v\": 20}", bad[] = "{\"v\": 1}\n{\"w\": 2}\n",
                      torn[] = "{\"v\": 1}\n\n{\"v\"";
    int sum = 0;
    dcn_error err;
    cr_expect_eq(rt_json_lines("f", good, strlen(good), add, &sum, &err), 0);
    cr_expect_eq(sum, 21);
    cr_expect_eq(rt_json_lines("f", bad, strlen(bad), add, &sum, &err), -1);
    cr_expect(!strcmp(err.file, "f") && err.line == 2 && !strcmp(err.text, "'v' is not there"));
    cr_expect_eq(rt_json_lines("f", torn, strlen(torn), add, &sum, &err), -1);
    cr_expect(err.line == 3 && strstr(err.text, "not JSON"));
}
