/* sampling.c: effective sampling locations: where deformable layers look, each as large as it matters.
**
** All layers share one scale. Weak places are drawn first, those below WEAK of the strongest are left out and counted.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/methods.h"
#include "cli/visualize/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double WEAK = 0.01;
enum { CHECKED = 20 }; /* places of a layer by small steps: the strongest, and as many at random */
static const double LARGEST = 6; /* radius of the strongest, on a picture of 600 pixels */

typedef struct StrongPlace {
    double y, x, strength;
} StrongPlace;

typedef struct StrongPlaces {
    StrongPlace *at;
    int64_t n, weak; /* drawn; left out although they matter a little */
    double most;     /* strength of the strongest of all layers */
} StrongPlaces;

static int64_t count_places(const SupportLayer *l)
{
    return l->n * l->p * l->q * l->groups * l->taps;
}

static int by_strength(const void *a, const void *b)
{
    const double d = ((const StrongPlace *)a)->strength - ((const StrongPlace *)b)->strength;
    return (d > 0) - (d < 0);
}

static double strongest(const SupportLayers *all)
{
    double most = 0;
    for (int i = 0; i < all->n; i++)
        for (int64_t k = 0; k < count_places(&all->layer[i]) && !all->layer[i].regions; k++)
            most = fmax(most, all->layer[i].strength[k]);
    return most;
}

static void add_layer(StrongPlaces *p, const SupportLayer *l)
{
    for (int64_t k = 0; k < count_places(l) && !l->regions; k++) {
        const double strength = l->strength[k];
        double at[2];
        if (!(strength > 0))
            continue;
        if (strength < WEAK * p->most) {
            p->weak++;
            continue;
        }
        support_to_image(l, l->position + 2 * k, at);
        p->at[p->n++] = (StrongPlace){ at[0], at[1], strength };
    }
}

/* The places where layers first to last - 1 sample, weakest first. */
static int collect(const SupportLayers *all, int first, int last, StrongPlaces *p, dcn_error *err)
{
    int64_t n = 0;
    for (int i = first; i < last; i++)
        n += count_places(&all->layer[i]);
    *p = (StrongPlaces){ .at = malloc((size_t)n * sizeof *p->at + 1), .most = strongest(all) };
    if (!p->at)
        return dcn_fail(err, DCN_EENV, "no memory for %lld sampling locations", (long long)n);
    for (int i = first; i < last; i++)
        add_layer(p, &all->layer[i]);
    qsort(p->at, (size_t)p->n, sizeof *p->at, by_strength);
    return 0;
}

/* ---- pictures -------------------------------------------------------------------------------- */

static void draw_places(Sheet *t, const StrongPlaces *p)
{
    for (int64_t i = 0; i < p->n; i++) {
        const double share = p->at[i].strength / p->most, radius = LARGEST * t->size * sqrt(share);
        scene_disc(t->scene, sheet_x(t, p->at[i].x), sheet_y(t, p->at[i].y), fmax(radius, 0.8),
                   sheet_mark_colour(sqrt(share)), 0.85);
    }
}

static int draw_layers(NodeView *n, Shown *s, int first, int last, dcn_error *err)
{
    const bool one = last - first == 1 && n->layers.n > 1;
    StrongPlaces p;
    if (collect(&n->layers, first, last, &p, err))
        return -1;
    ShownPicture *picture = shown_picture(s, n, one ? n->layers.layer[first].name : "");
    SheetKey key = { .kind = KEY_STRENGTH };
    Sheet sheet;
    char how[400];
    snprintf(key.words, sizeof key.words, "strength to %.3g, by area", p.most);
    snprintf(how, sizeof how,
             "Where %s%.128s look%s: strength is the length of the gradient by "
             "the place. %lld places, "
             "%lld below 1 %% of the strongest left out.",
             one ? "layer " : "deformable layers", one ? n->layers.layer[first].name : "",
             one ? "s" : "", (long long)p.n, (long long)p.weak);
    sheet_open(&sheet, n, picture, BACKDROP_GREY);
    draw_places(&sheet, &p);
    sheet_close(&sheet, how, &key, 1, s);
    free(p.at);
    return 0;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static int put_arrays(NodeView *n, Shown *s, const SupportLayer *l, dcn_error *err)
{
    const int64_t count = count_places(l);
    const ShownArray one = { .rank = 5, .dims = { l->n, l->p, l->q, l->groups, l->taps, 2 } };
    ShownArray position = one, gradient = one, strength = one;
    char name[3][NET_NAME_MAX + 16];
    static const char *const what[] = { "position", "gradient", "strength" };
    for (int i = 0; i < 3; i++)
        snprintf(name[i], sizeof name[i], "%s.%s", l->name, what[i]);
    position.rank = gradient.rank = 6;
    position.data = shown_copy(l->position, 2 * count);
    gradient.data = shown_copy(l->gradient, 2 * count);
    strength.data = shown_copy(l->strength, count);
    int failed = shown_array(s, n, name[0], &position, err);
    failed |= shown_array(s, n, name[1], &gradient, err);
    return shown_array(s, n, name[2], &strength, err) | failed ? -1 : 0;
}

static double total_strength(const SupportLayer *l)
{
    double sum = 0;
    for (int64_t k = 0; k < count_places(l); k++)
        sum += l->strength[k];
    return sum;
}

/* Places that matter and lie on whole rows or columns, where the slope to either side is another one. */
static int64_t count_whole(const SupportLayer *l)
{
    int64_t n = 0;
    for (int64_t k = 0; k < count_places(l); k++) {
        const double *at = l->position + 2 * k;
        n += l->strength[k] > 0 && (at[0] == floor(at[0]) || at[1] == floor(at[1]));
    }
    return n;
}

static void put_whole(Shown *s, const SupportLayer *l)
{
    const double whole = (double)count_whole(l);
    char words[96] = "";
    if (whole > 0)
        snprintf(words, sizeof words, "%.0f on whole rows or columns: slopes down and to the right",
                 whole);
    shown_figure(s, l->name, "whole", &whole, 1, "%s", words);
}

static int put_numbers(NodeView *n, Shown *s, dcn_error *err)
{
    int failed = 0;
    for (int i = 0; i < n->layers.n; i++) {
        const SupportLayer *l = &n->layers.layer[i];
        const double total = total_strength(l);
        shown_figure(s, l->name, "strength", &total, 1, "%.64s: strength %.4g in all", l->name,
                     total);
        put_whole(s, l);
        failed |= put_arrays(n, s, l, err);
    }
    return failed ? -1 : 0;
}

static int check_layers(NodeView *n, Shown *s, dcn_error *err)
{
    for (int i = 0; i < n->layers.n; i++) {
        const SupportTaps taps = { i, CHECKED, CHECKED, n->view->args->seed };
        SupportCheck c;
        if (support_check_taps(n->support, &n->layers, &taps, &c, err))
            return -1;
        shown_steps(s, n->layers.layer[i].name, &c, "places");
    }
    return 0;
}

int show_sampling(NodeView *n, Shown *s, dcn_error *err)
{
    if (node_layers(n, s, (LayersWanted){ .gradients = true }, err) || put_numbers(n, s, err) ||
        check_layers(n, s, err) || draw_layers(n, s, 0, n->layers.n, err))
        return -1;
    int status = 0;
    for (int i = 0; i < n->layers.n && n->layers.n > 1 && !status; i++)
        if (!n->layers.layer[i].regions)
            status = draw_layers(n, s, i, i + 1, err);
    return status;
}
