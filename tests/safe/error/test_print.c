/* test_print.c: an error as one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <dcngen.h>
#include <string.h>

static void expect(const dcn_error *err, const char *want)
{
    char line[DCN_ERROR_MAX];
    cr_expect_eq(dcn_error_print(err, line, sizeof line), (int)strlen(want));
    cr_expect_str_eq(line, want);
}

Test(print, what_is_known_of_the_place)
{
    expect(&(dcn_error){ .file = "a.lua", .line = 7, .text = "no" }, "a.lua:7: no");
    expect(&(dcn_error){ .file = "a.lua", .text = "no" }, "a.lua: no");
    expect(&(dcn_error){ .line = 7, .text = "no" }, "no");
    expect(&(dcn_error){ .text = "" }, "");
}

Test(print, cuts_to_fit)
{
    const dcn_error err = { .file = "a.lua", .line = 7, .text = "no" };
    char line[6] = "xxxxx";
    cr_expect_eq(dcn_error_print(&err, line, sizeof line), 11);
    cr_expect_str_eq(line, "a.lua");
    cr_expect_eq(dcn_error_print(&err, NULL, 0), 11);
}

Test(print, the_longest_error_fits)
{
    dcn_error err = { .line = -2147483647 - 1 };
    memset(err.file, 'f', sizeof err.file - 1);
    memset(err.text, 't', sizeof err.text - 1);
    cr_expect_lt(dcn_error_print(&err, NULL, 0), DCN_ERROR_MAX);
}
