/* golden.c: reads golden cases.
**
** The words of the sources (SEMANTICS: kernel, pad, has_mask) become keys of the spec here and
** nowhere else.
** SPDX-License-Identifier: Apache-2.0
*/
#include "golden.h"
#include "runtime/base.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- case.json ---------------------------------------------------------------------------- */

static void read_pair(const json_t *params, const char *key, int to[2])
{
    for (size_t i = 0; i < 2; i++)
        to[i] = (int)json_integer_value(json_array_get(json_object_get(params, key), i));
}

static int read_params(const json_t *params, dcn_spec *s)
{
    static const char *const borders[] = { "zero", "clamp", "hybrid" };
    const json_t *pad = json_object_get(params, "pad");
    if (json_array_size(pad) != 4)
        return -1;
    for (size_t i = 0; i < 4; i++)
        s->padding[i] = (int)json_integer_value(json_array_get(pad, i));
    read_pair(params, "kernel", s->kernel);
    read_pair(params, "stride", s->stride);
    read_pair(params, "dilation", s->dilation);
    s->groups = (int)json_integer_value(json_object_get(params, "groups"));
    s->bias = json_is_true(json_object_get(params, "has_bias"));
    if (s->op == DCN_OP_CONV2D)
        return 0;
    s->offset_groups = (int)json_integer_value(json_object_get(params, "offset_groups"));
    s->modulation = json_is_true(json_object_get(params, "has_mask")) ? DCN_MODULATION_MASK
                                                                      : DCN_MODULATION_NONE;
    const char *border = json_string_value(json_object_get(params, "border"));
    for (int i = 0; i < 3; i++) {
        if (border && !strcmp(border, borders[i])) {
            s->border = (dcn_border)i;
            return 0;
        }
    }
    return -1;
}

static int read_op(const json_t *root, dcn_spec *s)
{
    static const struct {
        const char *name;
        dcn_op op;
    } ops[] = {
        { "conv2d", DCN_OP_CONV2D },
        { "depthwise_conv2d", DCN_OP_CONV2D },
        { "pointwise_conv2d", DCN_OP_CONV2D },
        { "deform_conv2d", DCN_OP_DEFORM_CONV2D },
        { "modulated_deform_conv2d", DCN_OP_DEFORM_CONV2D },
    };
    const char *name = json_string_value(json_object_get(root, "op"));
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (name && !strcmp(name, ops[i].name)) {
            dcn_spec_init(s, ops[i].op);
            return 0;
        }
    }
    return -1;
}

static const char *file_of(const json_t *root, const char *tensor)
{
    static const char *const where[] = { "inputs", "outputs" };
    for (int i = 0; i < 2; i++) {
        const json_t *t = json_object_get(json_object_get(root, where[i]), tensor);
        if (t)
            return json_string_value(json_object_get(t, "file"));
    }
    return NULL;
}

static int read_tensor(const json_t *root, const char *dir, const char *name, rt_array *a,
                       dcn_error *err)
{
    char path[1024];
    const char *file = file_of(root, name);
    if (!file)
        return dcn_fail(err, DCN_EFAILED, "%s: no tensor '%s'", dir, name);
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (rt_npy_read(path, a, err))
        return -1;
    return a->kind == RT_F64 ? 0 : dcn_fail(err, DCN_EFAILED, "%s: not f8", path);
}

static int check_shape(const Golden *g, const char *dir, const dcn_tensor *t, const rt_array *a,
                       dcn_error *err)
{
    bool same = a->rank == t->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = t->dims[i] == a->dims[i] || (t->dims[i] == DCN_DYNAMIC && a->dims[i] == g->batch);
    return same ? 0 : dcn_fail(err, DCN_EFAILED, "%s: shape of '%s'", dir, t->name);
}

/* The sizes that the parameters leave to the tensors. */
static void take_sizes(Golden *g, const rt_array *input, const rt_array *weight)
{
    g->batch = input->dims[0];
    g->spec.batch = g->batch ? g->batch : DCN_DYNAMIC;
    g->spec.in_channels = input->dims[1];
    g->spec.height = input->dims[2];
    g->spec.width = input->dims[3];
    g->spec.out_channels = weight->dims[0];
}

static int read_tensors(const json_t *root, const char *dir, Golden *g, dcn_error *err)
{
    dcn_tensor t[DCN_MAX_TENSORS];
    g->n = dcn_spec_tensors(&g->spec, t);
    for (int i = 0; i < g->n; i++) {
        if (read_tensor(root, dir, t[i].name, &g->tensor[i], err))
            return -1;
    }
    take_sizes(g, &g->tensor[0], &g->tensor[1]);
    dcn_spec_tensors(&g->spec, t);
    for (int i = 0; i < g->n; i++) {
        if (check_shape(g, dir, &t[i], &g->tensor[i], err))
            return -1;
    }
    return 0;
}

int golden_open(const char *dir, Golden *g, dcn_error *err)
{
    char path[1024];
    *g = (Golden){ .n = 0 };
    snprintf(path, sizeof path, "%s/case.json", dir);
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *tolerance = json_object_get(root, "tolerance");
    g->rtol = json_number_value(json_object_get(tolerance, "rtol"));
    g->atol = json_number_value(json_object_get(tolerance, "atol"));
    int status = -1;
    if (!root || read_op(root, &g->spec) || read_params(json_object_get(root, "params"), &g->spec))
        dcn_fail(err, DCN_EFAILED, "%s: not a case of a convolution", path);
    else if (!read_tensors(root, dir, g, err)) {
        snprintf(g->spec.name, sizeof g->spec.name, "golden");
        status = dcn_spec_check(&g->spec, err);
    }
    json_decref(root);
    return status;
}

void golden_close(Golden *g)
{
    for (int i = 0; i < g->n; i++)
        rt_array_free(&g->tensor[i]);
}

/* ---- other types and layouts -------------------------------------------------------------- */

dcn_spec golden_spec(const Golden *g, dcn_dtype dtype, dcn_layout layout)
{
    dcn_spec s = g->spec;
    s.dtype = dtype;
    s.layout = layout;
    return s;
}

/* Where element i of an nchw tensor is in nhwc. */
static int64_t nhwc_at(const int64_t *d, int64_t i)
{
    int64_t x = i % d[3], y = i / d[3] % d[2], c = i / (d[2] * d[3]) % d[1];
    return ((i / (d[1] * d[2] * d[3]) * d[2] + y) * d[3] + x) * d[1] + c;
}

static bool is_moved(const rt_array *a, int i, dcn_layout layout)
{
    return layout == DCN_NHWC && a->rank == 4 && i != 1; /* 1 is the weight */
}

static void put(void *to, dcn_dtype dtype, int64_t at, double v)
{
    if (dtype == DCN_F64)
        ((double *)to)[at] = v;
    else
        ((float *)to)[at] = (float)v;
}

void *golden_tensor(const Golden *g, int i, dcn_dtype dtype, dcn_layout layout, int64_t *dims)
{
    const rt_array *a = &g->tensor[i];
    const bool moved = is_moved(a, i, layout);
    static const int order[] = { 0, 2, 3, 1 };
    for (int d = 0; dims && d < a->rank; d++)
        dims[d] = a->dims[moved ? order[d] : d];
    void *to = malloc((size_t)a->count * dcn_dtype_bytes(dtype) + 1);
    for (int64_t at = 0; to && at < a->count; at++)
        put(to, dtype, moved ? nhwc_at(a->dims, at) : at, ((const double *)a->data)[at]);
    return to;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void allowed(const Golden *g, const rt_array *want, dcn_dtype dtype, double *rtol,
                    double *atol)
{
    double largest = 1;
    for (int64_t i = 0; i < want->count; i++)
        largest = fmax(largest, fabs(((const double *)want->data)[i]));
    *rtol = dtype == DCN_F32 ? fmax(2e-4, g->rtol) : g->rtol;
    *atol = dtype == DCN_F32 ? fmax(5e-5 * largest, g->atol) : g->atol;
}

int64_t golden_compare(const Golden *g, const void *output, dcn_dtype dtype, dcn_layout layout,
                       char what[256])
{
    const rt_array *want = &g->tensor[g->n - 1];
    double rtol, atol;
    int64_t wrong = 0;
    allowed(g, want, dtype, &rtol, &atol);
    for (int64_t i = 0; i < want->count; i++) {
        int64_t at = layout == DCN_NHWC ? nhwc_at(want->dims, i) : i;
        double b = ((const double *)want->data)[i];
        double a = dtype == DCN_F64 ? ((const double *)output)[at] : ((const float *)output)[at];
        if (fabs(a - b) <= atol + rtol * fabs(b))
            continue;
        if (!wrong++)
            snprintf(what, 256, "element %lld (in nchw) is %.9g, expected %.9g", (long long)i, a,
                     b);
    }
    return wrong;
}

/* ---- which cases there are ---------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const GoldenName *)a)->name, ((const GoldenName *)b)->name);
}

/* name in folder; dir stays "" if there is no such case. */
static void add(GoldenName *out, const char *folder, const char *name)
{
    char path[1024];
    *out = (GoldenName){ .dir = "" };
    snprintf(out->name, sizeof out->name, "%.63s", name);
    int n = snprintf(path, sizeof path, "%s/%s/case.json", folder, out->name);
    size_t dir = (size_t)n - strlen("/case.json");
    if (dir < sizeof out->dir && !access(path, R_OK))
        memcpy(out->dir, path, dir);
}

static int list_folder(const char *folder, GoldenName *out, int most)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && n < most && (e = readdir(d));) {
        add(&out[n], folder, e->d_name);
        n += out[n].dir[0] && e->d_name[0] != '.';
    }
    if (d)
        closedir(d);
    return n;
}

static int list_literal(const char *names, const char *folder, GoldenName *out, int most)
{
    int n = 0;
    char line[80];
    FILE *f = fopen(names, "r");
    while (f && n < most && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        add(&out[n++], folder, line);
    }
    if (f)
        fclose(f);
    return n;
}

int golden_list(const char *source_dir, GoldenName *out, int most)
{
    char here[512], names[512], beside[512];
    const char *shared = getenv("DCNGEN_SHARED_GOLDEN");
    snprintf(here, sizeof here, "%s/tests/golden", source_dir);
    snprintf(names, sizeof names, "%s/tests/golden/literal.txt", source_dir);
    snprintf(beside, sizeof beside, "%s/../shared/golden", source_dir);
    int n = list_folder(here, out, most);
    n += list_literal(names, shared ? shared : beside, out + n, most - n);
    qsort(out, (size_t)n, sizeof *out, by_name);
    return n;
}
