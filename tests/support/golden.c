/* golden.c: reads golden cases.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/golden.h"
#include "runtime/base/base.h"
#include "runtime/spec/fields.h"
#include "tests/support/golden_params.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- case.json ---------------------------------------------------------------------------- */

static const char *file_of(const json_t *root, const char *tensor)
{
    static const char *const where[] = { "inputs", "outputs", "grads" };
    for (int i = 0; i < 3; i++) {
        const json_t *t = json_object_get(json_object_get(root, where[i]), tensor);
        if (t)
            return json_string_value(json_object_get(t, "file"));
    }
    return NULL;
}

/* The file of an operand, which may be a parameter of a module; of a gradient, d_NAME. */
static const char *file_of_operand(const json_t *root, const char *name)
{
    static const char *const forms[] = { "%s", "param_%s" }, *const grads[] = { "d_%s",
                                                                                "d_param_%s" };
    const size_t prefix = strlen("grad_");
    const bool grad = !strncmp(name, "grad_", prefix) && strcmp(name, "grad_output") != 0;
    const char *file = NULL;
    for (int i = 0; i < 2 && !file; i++) {
        char word[160];
        snprintf(word, sizeof word, grad ? grads[i] : forms[i], grad ? name + prefix : name);
        file = file_of(root, word);
    }
    return file;
}

static int read_tensor(const json_t *root, const char *dir, const char *name, rt_array *a,
                       dcn_error *err)
{
    char path[1024];
    const char *file = file_of_operand(root, name);
    if (!file)
        return dcn_fail(err, DCN_EFAILED, "%s: no tensor '%s'", dir, name);
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (rt_npy_read(path, INT64_MAX, a, err))
        return -1;
    return a->kind == RT_F64 ? 0 : dcn_fail(err, DCN_EFAILED, "%s: not f8", path);
}

/* Modules of dcnv4 have rows of pixels: [N, H*W, C]. */
static void split_pixels(const dcn_spec *s, rt_array *a)
{
    if (s->op != DCN_OP_DCNV4_MODULE || a->rank != 3)
        return;
    a->rank = 4;
    a->dims[3] = a->dims[2];
    a->dims[1] = s->height;
    a->dims[2] = s->width;
}

static int check_shape(const Golden *g, const char *dir, const dcn_tensor *t, const rt_array *a,
                       dcn_error *err)
{
    bool same = a->rank == t->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = t->dims[i] == a->dims[i] || (t->dims[i] == DCN_DYNAMIC && a->dims[i] == g->batch);
    return same ? 0 : dcn_fail(err, DCN_EFAILED, "%s: shape of '%s'", dir, t->name);
}

/* All tensors of g->spec, in calling order; shapes are compared where `sized`. */
static int read_list(const json_t *root, const char *dir, Golden *g, bool sized, dcn_error *err)
{
    const rt_operands o = rt_operands_of(&g->spec);
    g->n = o.n;
    for (int i = 0; i < g->n; i++) {
        if (read_tensor(root, dir, o.tensor[i].name, &g->tensor[i], err))
            return -1;
        split_pixels(&g->spec, &g->tensor[i]);
        g->weight[i] = rt_operand_is_weight(&g->spec, o.which[i]);
        if (sized && check_shape(g, dir, &o.tensor[i], &g->tensor[i], err))
            return -1;
    }
    return 0;
}

/* The sizes that the parameters leave to the tensors: rows begin at axis 2 or 1. */
static void take_sizes(Golden *g)
{
    const rt_array *input = &g->tensor[0], *output = &g->tensor[g->output];
    const bool nhwc = g->spec.layout == DCN_NHWC;
    g->batch = input->dims[0];
    g->spec.batch = g->batch ? g->batch : DCN_DYNAMIC;
    g->spec.in_channels = input->dims[nhwc ? 3 : 1];
    g->spec.height = input->dims[nhwc ? 1 : 2];
    g->spec.width = input->dims[nhwc ? 2 : 3];
    g->spec.out_channels = output->dims[nhwc ? 3 : 1];
    if (rt_op_has(g->spec.op, RT_HAS_ROIS))
        g->spec.rois = g->tensor[1].dims[0];
    dcn_spec_complete(&g->spec);
}

static int read_tensors(const json_t *root, const char *dir, Golden *g, dcn_error *err)
{
    g->output = rt_operand_at(&g->spec, RT_OUTPUT);
    if (read_list(root, dir, g, false, err))
        return -1;
    take_sizes(g);
    const rt_operands o = rt_operands_of(&g->spec);
    for (int i = 0; i < g->n; i++)
        if (check_shape(g, dir, &o.tensor[i], &g->tensor[i], err))
            return -1;
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
    if (!root || golden_params(root, &g->spec))
        dcn_fail(err, DCN_EFAILED, "%s: not a case of an operator", path);
    else if (!read_tensors(root, dir, g, err)) {
        snprintf(g->spec.name, sizeof g->spec.name, "golden");
        status = dcn_spec_check(&g->spec, err);
    }
    json_decref(root);
    return status;
}

/* The operands of g that the case has gradients of. */
static rt_operand_set gradients_of(const json_t *root, const Golden *g)
{
    const rt_operands o = rt_operands_of(&g->spec);
    rt_operand_set set = 0;
    for (int i = 0; i < o.n; i++)
        if (i != g->output && file_of_operand(root, rt_operand_names[rt_grad_of(o.which[i])]))
            set |= (rt_operand_set)1 << o.which[i];
    return set;
}

/* From a case without its gradients. */
static int take_gradient(const char *dir, const Golden *g, Golden *out, dcn_error *err)
{
    char path[1024];
    *out = (Golden){ .spec = g->spec, .batch = g->batch, .rtol = g->rtol, .atol = g->atol };
    snprintf(path, sizeof path, "%s/case.json", dir);
    json_t *root = json_load_file(path, 0, NULL);
    const char *rule =
        json_string_value(json_object_get(json_object_get(root, "params"), "grad_boundary"));
    out->spec.gradient = gradients_of(root, g);
    out->spec.gradient_border =
        rule && !strcmp(rule, "torchvision") ? DCN_GRADIENT_TORCHVISION : DCN_GRADIENT_MMCV;
    int status = out->spec.gradient ? 0 : 1;
    if (!status && (read_list(root, dir, out, true, err) || dcn_spec_check(&out->spec, err)))
        status = -1;
    json_decref(root);
    return status;
}

int golden_open_gradient(const char *dir, Golden *g, dcn_error *err)
{
    Golden plain;
    *g = (Golden){ .n = 0 };
    const int status = golden_open(dir, &plain, err) ? -1 : take_gradient(dir, &plain, g, err);
    golden_close(&plain);
    return status;
}

void golden_close(Golden *g)
{
    for (int i = 0; i < g->n; i++)
        rt_array_free(&g->tensor[i]);
}

bool golden_has_layout(const Golden *g, dcn_layout layout)
{
    dcn_spec s = golden_spec(g, DCN_F64, layout);
    return dcn_spec_check(&s, NULL) == 0;
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

/* Cases are nchw, but for dcnv3 and dcnv4, which have no other layout than theirs. */
static bool is_moved(const Golden *g, int i, dcn_layout layout)
{
    return layout != g->spec.layout && g->tensor[i].rank == 4 && !g->weight[i];
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
    const bool moved = is_moved(g, i, layout);
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
    return golden_compare_tensor(g, g->output, output, dtype, layout, what);
}

int64_t golden_compare_tensor(const Golden *g, int at_operand, const void *output, dcn_dtype dtype,
                              dcn_layout layout, char what[256])
{
    const rt_array *want = &g->tensor[at_operand];
    double rtol, atol;
    int64_t wrong = 0;
    allowed(g, want, dtype, &rtol, &atol);
    for (int64_t i = 0; i < want->count; i++) {
        int64_t at = is_moved(g, at_operand, layout) ? nhwc_at(want->dims, i) : i;
        double b = ((const double *)want->data)[i];
        double a = dtype == DCN_F64 ? ((const double *)output)[at] : ((const float *)output)[at];
        if (fabs(a - b) <= atol + rtol * fabs(b))
            continue;
        if (!wrong++)
            snprintf(what, 256, "element %lld (in the case's layout) is %.9g, expected %.9g",
                     (long long)i, a, b);
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
