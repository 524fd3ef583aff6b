/* clash.c: kernels of one command that could not be used in one program.
**
** Names of kernels differ, but what is made of them need not: kernel `a` defines a_run, as a kernel
** of that name does, and the constants of `a` and `A` are spelt alike.  All names are sorted, and
** equal ones of different kernels are found side by side.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/clash.h"
#include "codegen/cg.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ClashName {
    char text[CG_NAME_MAX];
    int kernel;
} ClashName;

typedef struct ClashList {
    ClashName *at;
    size_t n, room;
    int kernel; /* whose names are added */
    bool full;  /* there was no memory for one */
} ClashList;

static void add(void *self, const char *name)
{
    ClashList *l = self;
    ClashName *at = rt_grow(l->at, l->n + 1, &l->room, sizeof *at);
    if (!at) {
        l->full = true;
        return;
    }
    l->at = at;
    snprintf(at[l->n].text, sizeof at->text, "%s", name);
    at[l->n++].kernel = l->kernel;
}

static int in_order(const void *x, const void *y)
{
    const ClashName *a = x, *b = y;
    const int order = strcmp(a->text, b->text);
    return order ? order : a->kernel - b->kernel;
}

/* The name that two kernels define and whose second kernel comes first in the spec; NULL:
** there is none.  The first kernel's entry is the one before it. */
static const ClashName *first_clash(const ClashList *l)
{
    const ClashName *found = NULL;
    for (size_t i = 1; i < l->n; i++) {
        const ClashName *a = &l->at[i - 1], *b = &l->at[i];
        if (a->kernel != b->kernel && !strcmp(a->text, b->text) &&
            (!found || b->kernel < found->kernel))
            found = b;
    }
    return found;
}

static int fail_clash(const Kernels *k, const ClashName *second, dcn_error *err)
{
    const dcn_spec *s = k->spec[second->kernel];
    dcn_fail(err, DCN_ESPEC, "'name' = \"%s\" clashes with kernel '%s': both would define %s",
             s->name, k->spec[second[-1].kernel]->name, second->text);
    return kernel_fail(k, s, err);
}

int clash_check(const Kernels *k, int targets, dcn_error *err)
{
    ClashList list = { .at = NULL };
    for (; list.kernel < k->n; list.kernel++)
        cg_c_names(k->spec[list.kernel], targets, &(CgNames){ add, &list });
    if (list.n)
        qsort(list.at, list.n, sizeof *list.at, in_order);
    const ClashName *second = first_clash(&list);
    int failed = 0;
    if (list.full)
        failed = dcn_fail(err, DCN_EENV, "no memory for the names of %d kernels", k->n);
    else if (second)
        failed = fail_clash(k, second, err);
    free(list.at);
    return failed;
}
