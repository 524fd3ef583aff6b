/* bins.c: the bins of deformable RoI pooling over the photograph, each as strong as it matters.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECKED = 9 }; /* bins of a layer by small steps: the strongest, and as many at random */

typedef struct StrongBin {
    double box[4]; /* y, x of its corner, height, width, in pixels of the
                    photograph */
    double strength;
} StrongBin;

static int by_strength(const void *a, const void *b)
{
    const double d = ((const StrongBin *)a)->strength - ((const StrongBin *)b)->strength;
    return (d > 0) - (d < 0);
}

/* Bins of the node's region; all classes, or groups, of a bin. */
static int64_t bins_of(const SupportLayer *l)
{
    return l->p * l->q * l->groups * l->taps;
}

static StrongBin make_bin(const SupportLayer *l, int64_t k)
{
    double at[2];
    support_to_image(l, l->position + 2 * k, at);
    const double h = l->size[2 * k] * l->scale[0], w = l->size[2 * k + 1] * l->scale[1];
    return (StrongBin){ { at[0] - h / 2, at[1] - w / 2, h, w }, l->strength[k] };
}

static int draw_layer(NodeView *n, Shown *s, const SupportLayer *l, dcn_error *err)
{
    static const SheetKey key = { KEY_BIN, "a bin, as opaque as it is strong" };
    const int64_t count = bins_of(l), first = n->node.image * count;
    StrongBin *bin = malloc((size_t)count * sizeof *bin);
    Sheet t;
    double total = 0;
    if (!bin)
        return dcn_fail(err, DCN_EENV, "no memory for %lld bins", (long long)count);
    for (int64_t k = 0; k < count; k++) {
        bin[k] = make_bin(l, first + k);
        total += bin[k].strength;
    }
    qsort(bin, (size_t)count, sizeof *bin, by_strength);
    const double most = count ? bin[count - 1].strength : 0, number = (double)count;
    shown_figure(s, l->name, "bins", &number, 1, "%.64s: %lld bins", l->name, (long long)count);
    shown_figure(s, l->name, "strength", &total, 1, "strength %.4g in all, %.4g at most", total,
                 most);
    sheet_open(&t, n, shown_picture(s, n, l->name), BACKDROP_GREY);
    for (int64_t k = 0; k < count; k++)
        sheet_box(&t, bin[k].box, 2 * t.size, colour_point,
                  most > 0 ? 0.25 + 0.75 * sqrt(bin[k].strength / most) : 1);
    sheet_close(&t,
                "Bins where the offsets put them; strength is the length of the "
                "gradient by the place.",
                &key, 1, s);
    free(bin);
    return 0;
}

static int check_layer(NodeView *n, Shown *s, int number, dcn_error *err)
{
    const SupportTaps taps = { number, CHECKED, CHECKED, n->view->args->seed };
    SupportCheck c;
    if (support_check_taps(n->support, &n->layers, &taps, &c, err))
        return -1;
    shown_steps(s, n->layers.layer[number].name, &c, "bins");
    return 0;
}

static int put_arrays(NodeView *n, Shown *s, const SupportLayer *l, dcn_error *err)
{
    const int64_t count = l->n * bins_of(l);
    const ShownArray a = { .rank = 6, .dims = { l->n, l->p, l->q, l->groups, l->taps, 2 } };
    const double *const from[] = { l->position, l->size, l->gradient };
    static const char *const what[] = { "position", "size", "gradient" };
    int status = 0;
    for (int i = 0; i < 3 && !status; i++) {
        char name[NET_NAME_MAX + 16];
        ShownArray one = a;
        snprintf(name, sizeof name, "%s.%s", l->name, what[i]);
        one.data = shown_copy(from[i], 2 * count);
        status = shown_array(s, n, name, &one, err);
    }
    return status;
}

int show_bins(NodeView *n, Shown *s, dcn_error *err)
{
    int status = node_layers(n, s, (LayersWanted){ true, true }, err);
    for (int i = 0; i < n->layers.n && !status; i++) {
        const SupportLayer *l = &n->layers.layer[i];
        if (l->regions)
            status =
                put_arrays(n, s, l, err) || check_layer(n, s, i, err) || draw_layer(n, s, l, err)
                    ? -1
                    : 0;
    }
    return status;
}
