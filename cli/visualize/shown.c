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
}

/* NODE.METHOD or NODE.METHOD.PART */
static void make_name(char name[SHOWN_NAME], const Shown *s, const NodeView *n, const char *part)
{
    snprintf(name, SHOWN_NAME, "%.90s.%s%s%.40s", n->id, s->method, *part ? "." : "", part);
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

double *shown_copy(const double *from, int64_t n)
{
    double *to = malloc((size_t)n * sizeof *to + 1);
    if (to)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}
