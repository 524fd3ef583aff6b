/* expand.c: one line for many schedules.
**
** The first {a,b,...} or =* of the text is replaced by each of its values, and each result is
** expanded in turn, so the last choice of the line turns fastest.
** SPDX-License-Identifier: Apache-2.0
*/
#include "bench/expand.h"
#include "codegen/lowering.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

typedef struct Expansion {
    void (*take)(void *self, const char *text);
    void *self;
} Expansion;

static void expand(const Expansion *x, const char *text);

/* text with [from, to) replaced by n characters of value */
static void splice(const Expansion *x, const char *text, const char *from, const char *to,
                   const char *value, size_t n)
{
    char next[TEXT_MAX];
    snprintf(next, sizeof next, "%.*s%.*s%s", (int)(from - text), text, (int)n, value, to);
    expand(x, next);
}

static void expand_list(const Expansion *x, const char *text, const char *open, const char *close)
{
    for (const char *at = open + 1; at <= close;) {
        size_t n = strcspn(at, ",}");
        splice(x, text, open, close + 1, at, n);
        at += n + 1;
    }
}

/* The knob whose name ends at `equals`, of the lowering that the text names, or that the schedule
** of a part names in whose braces the knob stands; if none is named, of any lowering. */
static const Knob *find_knob(const char *text, const char *equals)
{
    const char *name = equals, *all = text;
    while (name > text && !strchr(" {", name[-1]))
        name--;
    for (const char *at = all; at < name; at++)
        text = *at == '{' ? at + 1 : *at == '}' ? all : text;
    size_t n = (size_t)(equals - name), word = strcspn(text, " =}");
    for (int i = 0; cg_lowerings[i]; i++) {
        const Lowering *how = cg_lowerings[i];
        bool named = text[word] == ' ' || !text[word];
        if (named && (strlen(how->name) != word || strncmp(how->name, text, word) != 0))
            continue;
        for (int k = 0; k < how->nknobs; k++)
            if (strlen(how->knobs[k]->name) == n && !strncmp(how->knobs[k]->name, name, n))
                return how->knobs[k];
    }
    return NULL;
}

static void expand_all(const Expansion *x, const char *text, const char *star)
{
    const Knob *q = find_knob(text, star - 1);
    for (int i = 0; q && i < q->nchoices; i++) {
        char value[16];
        int n = snprintf(value, sizeof value, "%d", q->choice[i]);
        splice(x, text, star, star + 1, value, (size_t)n);
    }
}

/* The first braces that hold values; braces with a '=' inside hold the schedule of a part. */
static const char *find_list(const char *text, const char **close)
{
    const char *open = strchr(text, '{');
    while (open && open[1 + strcspn(open + 1, "{=}")] != '}')
        open = strchr(open + 1, '{');
    *close = open ? strchr(open, '}') : NULL;
    return open;
}

static void expand(const Expansion *x, const char *text)
{
    const char *close, *open = find_list(text, &close);
    const char *star = strstr(text, "=*");
    if (close)
        expand_list(x, text, open, close);
    else if (star)
        expand_all(x, text, star + 1);
    else
        x->take(x->self, text);
}

void bench_expand(const char *pattern, void (*take)(void *self, const char *text), void *self)
{
    expand(&(Expansion){ take, self }, pattern);
}
