/* test_labels.c: words of a chart never lie on each other or on a mark.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/labels.c" /* of the program, which is no library */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static PlotFrame frame = { NULL, 560, 320, 52, 548, 34, 276 };

static void expect_apart(const Labels *l, const char *what)
{
    for (int i = 0; i < l->n; i++)
        for (int j = 0; j < i; j++) {
            const LabelBox *a = &l->taken[i], *b = &l->taken[j];
            cr_expect(a->right <= b->left || b->right <= a->left || a->bottom <= b->top ||
                          b->bottom <= a->top,
                      "%s: %d lies on %d", what, i, j);
        }
}

/* Two points, whose marks may cover each other, and names of both; how many were written. */
static int write_two(double x, double y, double dx, double dy, const char *what)
{
    Labels l = { .frame = &frame };
    char *text = NULL;
    size_t size;
    frame.f = open_memstream(&text, &size);
    int written = labels_put(&l, x, y, "label", "in use 100.5 GFLOP/s, 98%");
    written += labels_put(&l, x + dx, y + dy, "label", "guess 100.4 GFLOP/s, 98%");
    for (int i = 0; i < 6; i++)
        written += labels_put(&l, x + dx, y, "note", "30 GB/s");
    fclose(frame.f);
    expect_apart(&l, what);
    int texts = 0;
    for (const char *at = text; (at = strstr(at, "<text")); at++)
        texts++;
    cr_expect_eq(texts, written);
    free(text);
    return written;
}

Test(labels, of_points_that_are_almost_the_same)
{
    static const double apart[] = { 0, 0.5, -0.5, 3, -3, 12, -12, 20 };
    for (int i = 0; i < 64; i++) {
        char what[64];
        const double dx = apart[i % 8], dy = apart[i / 8];
        snprintf(what, sizeof what, "%g, %g apart", dx, dy);
        cr_expect_geq(write_two(300, 150, dx, dy, what), 2, "%s", what);
    }
}

Test(labels, at_the_edges_of_the_picture)
{
    static const double at[][2] = { { 52, 34 }, { 548, 34 }, { 52, 276 }, { 548, 276 } };
    for (int i = 0; i < 4; i++)
        cr_expect_geq(write_two(at[i][0], at[i][1], 1, -1, "at a corner"), 2, "corner %d", i);
}

Test(labels, without_room_there_is_none)
{
    Labels l = { .frame = &frame };
    labels_take(&l, (LabelBox){ 0, 0, 560, 320 });
    frame.f = tmpfile();
    cr_expect_not(labels_put(&l, 300, 150, "label", "x"));
    cr_expect_eq(ftell(frame.f), 0);
    fclose(frame.f);
}
