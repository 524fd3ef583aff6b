/* test_fail.c: failing with one line, and the nearest of some names.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"

#include <criterion/criterion.h>
#include <string.h>

#define expect_text(err, want) cr_expect(strcmp((err).text, want) == 0, "%s", (err).text)

Test(fail, fills_every_member)
{
    dcn_error err;
    memset(&err, 'x', sizeof err);
    cr_expect(dcn_fail(&err, DCN_EENV, "%s is %d", "n", 3) == -1);
    cr_expect(err.code == DCN_EENV && err.line == 0 && err.file[0] == 0);
    expect_text(err, "n is 3");
    cr_expect(dcn_fail_at(&err, DCN_ESPEC, "a/b.lua", 7, "no") == -1);
    cr_expect(err.code == DCN_ESPEC && err.line == 7 && strcmp(err.file, "a/b.lua") == 0);
    expect_text(err, "no");
    cr_expect(dcn_fail_at(&err, DCN_ESPEC, NULL, 0, "no") == -1 && err.file[0] == 0);
}

Test(fail, may_be_told_to_nobody)
{
    cr_expect(dcn_fail(NULL, DCN_EENV, "%d", 1) == -1);
    cr_expect(dcn_fail_at(NULL, DCN_EENV, "f", 1, "x") == -1);
}

Test(fail, arguments_may_come_from_the_same_error)
{
    dcn_error err;
    dcn_fail_at(&err, DCN_ESPEC, "file", 1, "inner");
    dcn_fail_at(&err, DCN_ESPEC, err.file, 2, "outer: %s", err.text);
    expect_text(err, "outer: inner");
    cr_expect(strcmp(err.file, "file") == 0 && err.line == 2);
}

Test(fail, long_texts_and_paths_are_cut)
{
    dcn_error err;
    char big[5000];
    memset(big, 'a', sizeof big);
    memcpy(big + sizeof big - 5, ".lua", 5);
    dcn_fail_at(&err, DCN_ESPEC, big, 1, "%s", big);
    cr_expect(strlen(err.text) == sizeof err.text - 1);
    cr_expect(strcmp(err.text + sizeof err.text - 5, "a...") == 0);
    cr_expect(strlen(err.file) == sizeof err.file - 1);
    cr_expect(strncmp(err.file, "...a", 4) == 0);
    cr_expect(strcmp(err.file + sizeof err.file - 6, "a.lua") == 0);
    big[sizeof err.text - 1] = 0;
    dcn_fail(&err, DCN_ESPEC, "%s", big);
    cr_expect(strcmp(err.text, big) == 0, "what fits is not cut");
}

Test(fail, text_is_one_line_of_valid_utf8)
{
    static const struct {
        const char *given, *want;
    } cases[] = {
        { "a\nb\tc\rd", "a b c d" },
        { "\033[31mred\177", "?[31mred?" },
        { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
          "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
        { "\xff\xfe", "??" },
        { "\xc3", "?" },
        { "\xe2\x82", "??" },
        { "\xc0\x80", "??" },           /* overlong */
        { "\xed\xa0\x80", "???" },      /* a surrogate */
        { "\xf4\x90\x80\x80", "????" }, /* beyond U+10FFFF */
        { "\xc2\x9b", "??" },           /* a control character: CSI */
        { "\xc2\xa0", "\xc2\xa0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dcn_error err;
        dcn_fail_at(&err, DCN_ESPEC, cases[i].given, 0, "%s", cases[i].given);
        expect_text(err, cases[i].want);
        cr_expect(strcmp(err.file, cases[i].want) == 0, "%s", err.file);
    }
}

Test(fail, a_cut_never_splits_a_character)
{
    for (int shift = 0; shift < 4; shift++) {
        char text[1200] = "abc";
        size_t used = (size_t)shift;
        while (used + 4 < sizeof text) {
            memcpy(text + used, "\xf0\x9f\x98\x80", 5);
            used += 4;
        }
        dcn_error err;
        dcn_fail(&err, DCN_ESPEC, "%s", text);
        cr_expect(strchr(err.text, '?') == NULL, "%s", err.text);
        cr_expect((strlen(err.text) - (size_t)shift - 3) % 4 == 0);
    }
}

/* ---- nearest names ----------------------------------------------------------------------- */

static const char *const names[] = { "stride",      "padding",      "kernel_size", "zero", "clamp",
                                     "in_channels", "out_channels", "h",           NULL };

static void expect_nearest(const char *word, const char *want)
{
    const char *got = rt_nearest(word, names);
    cr_expect((!got && !want) || (got && want && strcmp(got, want) == 0), "%s: %s", word,
              got ? got : "none");
}

Test(nearest, finds_what_was_meant)
{
    expect_nearest("strid", "stride");
    expect_nearest("strides", "stride");
    expect_nearest("srtide", "stride");
    expect_nearest("STRIDE", "stride");
    expect_nearest("stride", "stride");
    expect_nearest("zeros", "zero");
    expect_nearest("paddnig", "padding");
    expect_nearest("pad", "padding");
    expect_nearest("kernel", "kernel_size");
    expect_nearest("out_chanels", "out_channels");
    expect_nearest("in_channel", "in_channels");
}

Test(nearest, finds_nothing_where_nothing_is_near)
{
    expect_nearest("", NULL);
    expect_nearest("x", NULL);
    expect_nearest("colour", NULL);
    expect_nearest("reflect", NULL);
    expect_nearest("pa", NULL);
    expect_nearest("a_very_long_word_that_has_more_than_sixty_three_letters_in_its_body", NULL);
    cr_expect(rt_nearest("x", (const char *const[]){ NULL }) == NULL);
}
