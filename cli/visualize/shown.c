/* shown.c: pictures, arrays and figures of a method, collected.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/shown.h"
#include "cli/out/print.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shown_free(Shown *s)
{
    for (int i = 0; i < s->npictures; i++)
        scene_free(&s->picture[i].scene);
    for (int i = 0; i < s->narrays; i++)
        free(s->array[i].data);
    for (int i = 0; i < s->nfigures; i++)
        json_decref(s->figure[i].value);
    for (int i = 0; i < s->nchecks; i++)
        json_decref(s->check[i].value);
    for (int i = 0; i < s->nfiles; i++)
        free(s->file[i].bytes);
}

/* NODE.METHOD or NODE.METHOD.PART */
static void make_name(char name[SHOWN_NAME], const Shown *s, const NodeView *n, const char *part)
{
    snprintf(name, SHOWN_NAME, "%s.%s%s%s", n->id, s->method, *part ? "." : "", part);
}

ShownPicture *shown_picture(Shown *s, const NodeView *n, const char *part)
{
    assert(s->npictures < SHOWN_PICTURES);
    ShownPicture *p = &s->picture[s->npictures++];
    make_name(p->name, s, n, part);
    snprintf(p->part, sizeof p->part, "%s", part);
    snprintf(p->title, sizeof p->title, "%s of %s%s%s", s->title, part, *part ? ", from " : "",
             n->words);
    return p;
}

int shown_array(Shown *s, const NodeView *n, const char *part, const ShownArray *a, dcn_error *err)
{
    assert(s->narrays < SHOWN_ARRAYS);
    ShownArray *to = &s->array[s->narrays++];
    *to = *a;
    make_name(to->name, s, n, part);
    return to->data ? 0 : dcn_fail(err, DCN_EENV, "no memory for the numbers of '%s'", to->name);
}

void shown_figure(Shown *s, const char *of, const char *key, const double *value, int n,
                  const char *words, ...)
{
    assert(s->nfigures < SHOWN_FIGURES);
    ShownFigure *f = &s->figure[s->nfigures++];
    f->of = of;
    f->key = key;
    f->value = n == 1 ? number_json(*value) : json_array();
    for (int i = 0; n > 1 && i < n; i++)
        json_array_append_new(f->value, number_json(value[i]));
    va_list args;
    va_start(args, words);
    vsnprintf(f->text, sizeof f->text, words, args);
    va_end(args);
}

void shown_list(Shown *s, const char *key, json_t *list)
{
    assert(s->nfigures < SHOWN_FIGURES);
    s->figure[s->nfigures++] = (ShownFigure){ .of = "", .key = key, .value = list };
}

void shown_check(Shown *s, const char *of, const char *key, bool passed, json_t *value,
                 const char *words, ...)
{
    assert(s->nchecks < SHOWN_CHECKS);
    ShownCheck *c = &s->check[s->nchecks++];
    *c = (ShownCheck){ .of = of, .key = key, .passed = passed, .value = value };
    va_list args;
    va_start(args, words);
    vsnprintf(c->text, sizeof c->text, words, args);
    va_end(args);
}

void shown_steps(Shown *s, const char *of, const SupportCheck *c, const char *what)
{
    static const struct {
        const char *word, *text;
    } outcomes[] = {
        [SUPPORT_COMPARED] = { "compared", "" },
        [SUPPORT_ALL_ZERO] = { "all zero", "; NOTHING matters: every gradient is zero" },
        [SUPPORT_NOT_FINITE] = { "not finite", "the response or its gradient is NO finite number" },
        [SUPPORT_TOO_LARGE] = { "too large", "the network is too large" },
        [SUPPORT_TOO_SMALL] = { "too small",
                                "gradients are too small beside the response, which is rounded" },
    };
    char hidden[64] = "";
    if (c->tried && c->hidden)
        snprintf(hidden, sizeof hidden, "; %d more are too small to compare", c->hidden);
    const char *space = *of ? " " : "", *text = outcomes[c->outcome].text;
    json_t *value = json_pack("{s:s, s:i, s:i, s:o, s:o, s:o}", "outcome",
                              outcomes[c->outcome].word, "tried", c->tried, "too_small", c->hidden,
                              "worst", number_json(c->worst), "bound", number_json(c->bound),
                              "passed", c->tried ? json_boolean(c->passed) : json_null());
    if (!c->tried)
        shown_check(s, of, "small_steps", true, value, "%.40s%snot checked by small steps: %s", of,
                    space, text);
    else
        shown_check(s, of, "small_steps", c->passed, value,
                    "%.40s%schecked by small steps: %d %s, off by %.1e at most%s%s%s", of, space,
                    c->tried, what, c->worst, c->passed ? "" : ", which is WRONG", hidden, text);
}

void shown_file(Shown *s, const NodeView *n, const char *part, const ShownFile *f)
{
    assert(s->nfiles < SHOWN_FILES);
    ShownFile *to = &s->file[s->nfiles++];
    *to = *f;
    make_name(to->name, s, n, part);
}

double *shown_copy(const double *from, int64_t n)
{
    double *to = malloc((size_t)n * sizeof *to + 1);
    if (to)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}
