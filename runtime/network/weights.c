/* weights.c: the parameters of a network from a file, by name, and into one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/weights.h"
#include "runtime/base/base.h"
#include "runtime/base/safetensors.h"
#include "runtime/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct NamedParam {
    const char *name;
    int param;
} NamedParam;

/* The first of what is wrong in one way are listed, and how many more there are. */
enum { LISTED_MAX = 8, FAULT_BYTES = 256, FAULTS_BYTES = 560 };
typedef struct Faults {
    int n;
    char text[LISTED_MAX][FAULT_BYTES];
} Faults;

typedef enum { MISSING, LEFT_OVER, MISSHAPED, NFAULTS } FaultKind;

typedef struct WeightsReader {
    const dcn_network *net;
    const rt_tensor_file *file;
    const char *name;    /* of the file */
    NamedParam *by_name; /* all parameters in plain_order of their names */
    int *tensor;         /* of the file, for each parameter; -1: none */
    char *out;
    Faults fault[NFAULTS];
} WeightsReader;

/* ---- what is wrong ------------------------------------------------------------------------------- */

static void RT_PRINTF(2, 3) add_fault(Faults *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (f->n < LISTED_MAX)
        vsnprintf(f->text[f->n], FAULT_BYTES, fmt, args);
    va_end(args);
    f->n++;
}

/* Lists as many faults as fit into so many bytes, the first of them anyway. */
static void list_faults(rt_text *t, const char *before, const Faults *f, size_t room)
{
    const size_t end = t->length + room;
    int i = 0;
    rt_text_item(t, "; ", "%s", before);
    for (; i < f->n && i < LISTED_MAX; i++) {
        if (i && t->length + strlen(f->text[i]) > end)
            break;
        rt_text_add(t, "%s%s", i ? ", " : "", f->text[i]);
    }
    if (i < f->n)
        rt_text_add(t, " and %d more", f->n - i);
}

/* "w.npz: missing: a.weight, b.bias; not in the network: c.weight and 3 more" */
static int check_faults(const WeightsReader *r, dcn_error *err)
{
    static const char *const before[NFAULTS] = { "missing: ", "not in the network: ", "" };
    char all[2 * FAULTS_BYTES];
    rt_text t = rt_text_in(all, sizeof all);
    int kinds = 0;
    for (int i = 0; i < NFAULTS; i++)
        kinds += r->fault[i].n > 0;
    for (int i = 0; i < NFAULTS; i++)
        if (r->fault[i].n)
            list_faults(&t, before[i], &r->fault[i], FAULTS_BYTES / (size_t)kinds);
    return kinds ? dcn_fail(err, DCN_EUSAGE, "%s: %s", r->name, all) : 0;
}

/* ---- names --------------------------------------------------------------------------------------- */

static char plain(char c)
{
    return c == '_' ? '.' : c;
}

/* Compares as strcmp does, but dots and underscores are the same. */
static int plain_order(const char *a, const char *b)
{
    for (; *a && plain(*a) == plain(*b); a++)
        b++;
    return (unsigned char)plain(*a) - (unsigned char)plain(*b);
}

static int by_plain_name(const void *a, const void *b)
{
    const NamedParam *x = a, *y = b;
    const int order = plain_order(x->name, y->name);
    return order ? order : x->param - y->param;
}

static int sort_names(WeightsReader *r, dcn_error *err)
{
    const dcn_network *n = r->net;
    r->by_name = calloc((size_t)n->nparams + 1, sizeof *r->by_name);
    r->tensor = calloc((size_t)n->nparams + 1, sizeof *r->tensor);
    if (!r->by_name || !r->tensor)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", r->name);
    for (int i = 0; i < n->nparams; i++) {
        r->by_name[i] = (NamedParam){ n->param[i].name, i };
        r->tensor[i] = -1;
    }
    if (n->nparams)
        qsort(r->by_name, (size_t)n->nparams, sizeof *r->by_name, by_plain_name);
    return 0;
}

/* The first in plain_order that is not before the name. */
static int lower_bound(const WeightsReader *r, const char *name)
{
    int from = 0, to = r->net->nparams;
    while (from < to) {
        const int middle = from + (to - from) / 2;
        if (plain_order(r->by_name[middle].name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Whether, of two names that plain_order takes for the same, the layer's part is the same to the letter. What a
** layer took over from another one, as the scale of a product that became its epilogue, is called after that
** one. */
static bool is_same_layer(const dcn_network *n, int param, const char *name)
{
    const char *layer = n->layer[n->param[param].layer].name, *own = n->param[param].name;
    const size_t length = strlen(layer);
    return !strncmp(layer, own, length) && own[length] == '.' && !strncmp(own, name, length + 1);
}

/* The parameter that is called so to the letter, else one that may be; -1: there is none. */
static int find_param(const WeightsReader *r, const char *name)
{
    int found = -1;
    for (int i = lower_bound(r, name); i < r->net->nparams; i++) {
        const NamedParam *p = &r->by_name[i];
        if (plain_order(p->name, name) != 0)
            break;
        if (!strcmp(p->name, name))
            return p->param;
        if (found < 0 && is_same_layer(r->net, p->param, name))
            found = p->param;
    }
    return found;
}

static int match(WeightsReader *r, dcn_error *err)
{
    for (int i = 0; i < rt_tensor_file_count(r->file); i++) {
        const char *name = rt_tensor_file_name(r->file, i);
        const int p = find_param(r, name);
        if (p >= 0 && r->tensor[p] >= 0)
            return dcn_fail(err, DCN_EUSAGE, "%s: '%.192s' and '%.192s' are the same parameter",
                            r->name, rt_tensor_file_name(r->file, r->tensor[p]), name);
        if (p >= 0)
            r->tensor[p] = i;
        else
            add_fault(&r->fault[LEFT_OVER], "%s", name);
    }
    for (int p = 0; p < r->net->nparams; p++)
        if (r->tensor[p] < 0)
            add_fault(&r->fault[MISSING], "%s", r->net->param[p].name);
    return 0;
}

/* ---- shapes -------------------------------------------------------------------------------------- */

/* A matrix and a kernel of one tap are one another's, so sizes of 1 after the second may be missing. */
static bool fits(const net_param *p, const rt_array *a)
{
    const bool matrix = p->rank >= 2 && a->rank >= 2 && p->rank + a->rank == 6;
    const int least = p->rank < a->rank ? p->rank : a->rank;
    for (int i = 0; i < least; i++)
        if (p->dims[i] != a->dims[i])
            return false;
    return p->rank == a->rank || (matrix && p->count == a->count);
}

static int check_shape(WeightsReader *r, int param, dcn_error *err)
{
    const net_param *p = &r->net->param[param];
    char got[128], want[128];
    rt_text t = rt_text_in(got, sizeof got), u = rt_text_in(want, sizeof want);
    rt_array a;
    if (r->tensor[param] < 0)
        return 0;
    if (rt_tensor_file_shape(r->file, r->tensor[param], &a, err))
        return -1;
    if (fits(p, &a))
        return 0;
    rt_text_shape(&t, a.rank, a.dims);
    rt_text_shape(&u, p->rank, p->dims);
    add_fault(&r->fault[MISSHAPED], "%s is %s, but must be %s", p->name, got, want);
    return 0;
}

/* ---- numbers ------------------------------------------------------------------------------------- */

static int read_param(WeightsReader *r, int param, dcn_error *err)
{
    const net_param *p = &r->net->param[param];
    const size_t item = dcn_dtype_bytes(r->net->dtype);
    rt_array a;
    if (rt_tensor_file_get(r->file, r->tensor[param], &a, err))
        return -1;
    rt_convert(r->out + (size_t)p->at * item, rt_kind_of(r->net->dtype), a.data, a.kind, p->count);
    rt_array_free(&a);
    return 0;
}

static int read_all(WeightsReader *r, dcn_error *err)
{
    for (int p = 0; p < r->net->nparams; p++)
        if (check_shape(r, p, err))
            return -1;
    if (check_faults(r, err))
        return -1;
    r->out = calloc((size_t)r->net->parameters + 1, dcn_dtype_bytes(r->net->dtype));
    if (!r->out)
        return dcn_fail(err, DCN_EENV, "no memory for the %lld parameters of %s",
                        (long long)r->net->parameters, r->name);
    for (int p = 0; p < r->net->nparams; p++)
        if (read_param(r, p, err))
            return -1;
    return 0;
}

int net_weights_from(const dcn_network *n, const char *name, const rt_tensor_file *f, void **out,
                     dcn_error *err)
{
    WeightsReader *r = calloc(1, sizeof *r);
    if (!r)
        return dcn_fail(err, DCN_EENV, "no memory to read %s", name);
    r->net = n;
    r->file = f;
    r->name = name;
    const int failed = sort_names(r, err) || match(r, err) || read_all(r, err);
    if (failed)
        free(r->out);
    else
        *out = r->out;
    free(r->by_name);
    free(r->tensor);
    free(r);
    return failed ? -1 : 0;
}

int net_weights_read(const dcn_network *n, const char *path, void **out, dcn_error *err)
{
    rt_tensor_file *f;
    if (rt_tensor_file_open(path, n->parameters, &f, err))
        return -1;
    const int failed = net_weights_from(n, path, f, out, err);
    rt_tensor_file_close(f);
    return failed;
}

/* ---- writing ------------------------------------------------------------------------------------- */

int net_weights_write(const dcn_network *n, const char *path, const void *parameters,
                      dcn_error *err)
{
    const size_t item = dcn_dtype_bytes(n->dtype);
    rt_named_tensor *t = calloc((size_t)n->nparams + 1, sizeof *t);
    if (!t)
        return dcn_fail(err, DCN_EENV, "no memory to write %s", path);
    for (int i = 0; i < n->nparams; i++) {
        const net_param *p = &n->param[i];
        t[i] = (rt_named_tensor){ p->name, rt_kind_of(n->dtype), p->rank, p->dims,
                                  (const char *)parameters + (size_t)p->at * item };
    }
    const int failed = rt_safetensors_write(path, t, n->nparams, err);
    free(t);
    return failed;
}
