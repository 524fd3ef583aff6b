/* test_text.c: text appended to a buffer, arrays that grow.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/grow.h"
#include "runtime/base/text.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(text, what_does_not_fit_is_cut_and_counted)
{
    char buf[8] = "old text";
    rt_text t = rt_text_in(buf, sizeof buf);
    cr_expect_str_eq(buf, "");
    rt_text_add(&t, "%d and", 12);
    cr_expect_str_eq(buf, "12 and");
    cr_expect_not(rt_text_is_cut(&t));
    rt_text_add(&t, " more");
    cr_expect_str_eq(buf, "12 and ");
    cr_expect(rt_text_is_cut(&t));
    rt_text_add(&t, "!");
    cr_expect_str_eq(buf, "12 and ");
    cr_expect_eq(t.length, strlen("12 and more!"));
}

Test(text, the_last_byte_is_the_end)
{
    char buf[4];
    rt_text t = rt_text_in(buf, sizeof buf);
    rt_text_add(&t, "abc");
    cr_expect_not(rt_text_is_cut(&t));
    rt_text_add(&t, "%s", "");
    cr_expect_not(rt_text_is_cut(&t));
    rt_text_add(&t, "d");
    cr_expect(rt_text_is_cut(&t));
    cr_expect_str_eq(buf, "abc");
}

Test(text, it_goes_on_after_what_the_buffer_holds)
{
    char buf[8] = "a";
    rt_text t = rt_text_after(buf, sizeof buf);
    rt_text_item(&t, ",", "b");
    cr_expect_str_eq(buf, "a,b");
    rt_text_item(&t, ",", "%s", "cdef");
    cr_expect_str_eq(buf, "a,b,cde");
    cr_expect(rt_text_is_cut(&t));
    buf[0] = '\0';
    t = rt_text_after(buf, sizeof buf);
    rt_text_item(&t, ",", "c");
    cr_expect_str_eq(buf, "c");
}

Test(text, without_a_buffer_it_counts)
{
    rt_text t = rt_text_in(NULL, 0);
    rt_text_add(&t, "%s", "four");
    rt_text_item(&t, ", ", "%d", 5);
    cr_expect_eq(t.length, strlen("four, 5"));
}

Test(text, separators_stand_between_items)
{
    static const char *const names[] = { "a", "b", "c", NULL }, *const none[] = { NULL };
    char buf[8];
    cr_expect_str_eq(rt_join(names, buf, sizeof buf), "a, b, c");
    cr_expect_str_eq(rt_join(none, buf, sizeof buf), "");
}

Test(text, a_list_that_is_too_long_says_how_many_it_leaves_out)
{
    static const char *const names[] = { "first", "second", "third", "fourth", NULL };
    char buf[40];
    cr_expect_str_eq(rt_join(names, buf, 29), "first, second, third, fourth");
    cr_expect_str_eq(rt_join(names, buf, 28), "first and 3 more");
    cr_expect_str_eq(rt_join(names, buf, 22), "first and 3 more");
    cr_expect_str_eq(rt_join(names, buf, 21), "and 4 more");
    for (size_t size = 11; size < sizeof buf; size++)
        cr_expect_lt(strlen(rt_join(names, buf, size)), size);
}

Test(grow, keeps_what_there_is)
{
    int *array = NULL;
    size_t room = 0;
    for (int i = 0; i < 1000; i++) {
        int *grown = rt_grow(array, (size_t)i + 1, &room, sizeof *grown);
        cr_assert(grown && room > (size_t)i);
        array = grown;
        array[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(array[i], i);
    free(array);
}

Test(grow, a_size_that_does_not_fit_is_refused)
{
    size_t room = 0;
    int *array = rt_grow(NULL, 4, &room, sizeof *array);
    const size_t before = room;
    cr_assert(array);
    cr_expect_null(rt_grow(array, SIZE_MAX / 2, &room, sizeof *array));
    cr_expect_eq(room, before);
    array[3] = 1;
    free(array);
}
