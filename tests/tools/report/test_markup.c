/* test_markup.c: the checker of pages finds what is wrong.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/report/markup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *wrong(const char *body)
{
    static char page[512];
    snprintf(page, sizeof page, "<!DOCTYPE html>\n%s", body);
    return markup_wrong(page);
}

Test(markup, takes_what_is_right)
{
    cr_expect_null(wrong("<a b=\"c &amp; d\"><e/>text \u00d7 &lt;</a>\n"));
    cr_expect_null(wrong("<a><style>b { c: d > e }</style><script>f('g');</script></a>"));
}

Test(markup, finds_what_is_wrong)
{
    static const char *const pages[][2] = {
        { "<a><b></a></b>", "not the last one opened" },
        { "<a>", "not closed" },
        { "</a>", "not the last one opened" },
        { "<a b=c></a>", "quoted" },
        { "<a b=\"c\" b=\"d\"></a>", "attribute is there twice" },
        { "<a b=\"<\"></a>", "does not end" },
        { "<a>x & y</a>", "entity" },
        { "<a>&nbsp;</a>", "entity" },
        { "<a>\001</a>", "control" },
        { "<a>\xff</a>", "UTF-8" },
        { "<a>\xc3</a>", "UTF-8" },
        { "<a>< b</a>", "a name" },
        { "<a id=\"x\"/><b id=\"x\"/>", "id is there twice" },
        { "<script>if (a < b) c();</script>", "markup in style or script" },
        { "<style>", "does not end" },
        { "text", "outside" },
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        const char *why = wrong(pages[i][0]);
        cr_assert_not_null(why, "taken: %s", pages[i][0]);
        cr_expect(strstr(why, pages[i][1]), "%s: %s", pages[i][0], why);
    }
    cr_expect(strstr(markup_wrong("<html></html>"), "doctype"));
}

Test(markup, counts_elements)
{
    cr_expect_eq(markup_count("<tr><td/><tr a=\"b\"></tr><track>", "tr"), 2);
}
