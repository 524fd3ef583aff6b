/* labels.c: words beside points of a chart that do not lie on each other.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/labels.h"

#include <assert.h>
#include <math.h>

/* The style sheet's font is 12 units high: a bold letter is 7 wide on average, and no word has wide ones only. */
static const double LETTER = 7, ABOVE = 10, BELOW = 4;

static int letters(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

LabelBox label_box(double x, double y, const char *text, bool ends)
{
    const double width = LETTER * letters(text);
    return (LabelBox){ ends ? x - width : x, y - ABOVE, ends ? x : x + width, y + BELOW };
}

void labels_take(Labels *l, LabelBox box)
{
    assert(l->n < MAX_LABELS);
    l->taken[l->n++] = box;
}

static bool is_free(const Labels *l, const LabelBox *b)
{
    const PlotFrame *f = l->frame;
    if (b->left < f->left || b->right > f->width || b->top < 0 || b->bottom > f->bottom)
        return false;
    for (int i = 0; i < l->n; i++) {
        const LabelBox *o = &l->taken[i];
        if (b->left < o->right && o->left < b->right && b->top < o->bottom && o->top < b->bottom)
            return false;
    }
    return true;
}

bool labels_put(Labels *l, double x, double y, const char *how, const char *text)
{
    enum { STEPS = 13 };
    static const double BESIDE = 12, STEP = 15;
    const bool left_first = x > (l->frame->left + l->frame->right) / 2;
    for (int i = 0; i < 2 * STEPS && l->n < MAX_LABELS; i++) {
        const bool ends = (i % 2 != 0) != left_first;
        const int step = i / 2, down = step % 2 ? (step + 1) / 2 : -step / 2; /* 0 1 -1 2 -2 ... */
        const double at = ends ? x - BESIDE : x + BESIDE, base = y + 5 + STEP * down;
        const LabelBox box = label_box(at, base, text, ends);
        if (!is_free(l, &box))
            continue;
        char class[32];
        snprintf(class, sizeof class, "%s%s", how, ends ? " end" : "");
        frame_text(l->frame, at, base, class, text);
        labels_take(l, box);
        return true;
    }
    return false;
}
