/* test_golden.c: what torch's autograd says of two deformable layers whose offsets are given.
**
** Every folder of golden/ is one case; so is every viz_* folder of DCNGEN_SHARED_GOLDEN, where that is set.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/npy.h"
#include "tests/right/support/looked.h"
#include "tuner/support/region.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct VizCase {
    char dir[512];
    json_t *json;
    double rtol, atol;
    Looked l;
} VizCase;

static rt_array read_array(const VizCase *c, const char *name)
{
    char path[640];
    rt_array a;
    dcn_error err;
    snprintf(path, sizeof path, "%s/%s.npy", c->dir, name);
    cr_assert_eq(rt_npy_read(path, INT64_MAX, &a, &err), 0, "%s", err.text);
    return a;
}

static json_t *param(const VizCase *c, const char *name)
{
    return json_object_get(json_object_get(c->json, "params"), name);
}

static bool has(const VizCase *c, const char *name)
{
    return json_is_true(param(c, name));
}

/* ---- the network ------------------------------------------------------------------------------- */

static void write_layer(const VizCase *c, int k, int layers, FILE *f)
{
    char name[32];
    snprintf(name, sizeof name, "weight%d", k);
    rt_array w = read_array(c, name);
    const bool relu = has(c, "relu_between") && k < layers;
    fprintf(f,
            "local o%d = input { name = 'offset%d', channels = 18, height = H, width = W, dtype = "
            "'f64' }\n",
            k, k);
    if (has(c, "modulated"))
        fprintf(f,
                "local m%d = input { name = 'mask%d', channels = 9, height = H, width = W, dtype = "
                "'f64' }\n",
                k, k);
    fprintf(f,
            "x = deform_conv2d { x, name = 'layer%d', offset = o%d, %s out_channels = %d, "
            "kernel_size = 3, padding = 1%s }\n",
            k, k,
            !has(c, "modulated") ? ""
            : k == 1             ? "mask = m1, modulation = 'mask',"
                                 : "mask = m2, modulation = 'mask',",
            (int)w.dims[0], relu ? ", activation = 'relu'" : "");
    rt_array_free(&w);
}

static void load_case(VizCase *c)
{
    char text[4096];
    FILE *f = fmemopen(text, sizeof text, "w");
    rt_array image = read_array(c, "input");
    const int layers = (int)json_integer_value(param(c, "layers"));
    cr_assert_eq(layers, 2);
    fprintf(f, "local H, W = %d, %d\n", (int)image.dims[2], (int)image.dims[3]);
    fprintf(
        f,
        "local x = input { name = 'input', channels = %d, height = H, width = W, dtype = 'f64' }\n",
        (int)image.dims[1]);
    for (int k = 1; k <= layers; k++)
        write_layer(c, k, layers, f);
    fprintf(f, "return network { name = 'viz', outputs = { y = x } }\n");
    fclose(f);
    rt_array_free(&image);
    looked_load(&c->l, text);
}

static void take(const VizCase *c, const char *file, double *to, int64_t n)
{
    rt_array a = read_array(c, file);
    cr_assert_eq(a.kind, RT_F64);
    cr_assert_eq(a.count, n, "%s", file);
    memcpy(to, a.data, (size_t)n * sizeof *to);
    rt_array_free(&a);
}

static void fill_case(VizCase *c)
{
    const dcn_network *n = c->l.net;
    for (int i = 0; i < n->ninputs; i++)
        take(c, n->value[i].name, c->l.input[i], net_elements(n->value[i].shape));
    for (int i = 0; i < n->nparams; i++) {
        char name[32];
        snprintf(name, sizeof name, "weight%c", n->param[i].name[5]);
        take(c, name, c->l.parameters + n->param[i].at, n->param[i].count);
    }
}

static void open_case(VizCase *c, const char *root, const char *name)
{
    char path[640], node[64];
    snprintf(c->dir, sizeof c->dir, "%.400s/%.80s", root, name);
    snprintf(path, sizeof path, "%s/case.json", c->dir);
    c->json = json_load_file(path, 0, NULL);
    cr_assert(c->json, "%s", path);
    json_t *tolerance = json_object_get(c->json, "tolerance");
    c->rtol = json_number_value(json_object_get(tolerance, "rtol"));
    c->atol = json_number_value(json_object_get(tolerance, "atol"));
    load_case(c);
    fill_case(c);
    c->l.ask.response = SUPPORT_SUM;
    c->l.ask.fixed = true;
    snprintf(node, sizeof node, "layer2:%d,%d",
             (int)json_integer_value(json_array_get(param(c, "node"), 0)),
             (int)json_integer_value(json_array_get(param(c, "node"), 1)));
    looked_open(&c->l, node);
}

static void close_case(VizCase *c)
{
    looked_free(&c->l);
    json_decref(c->json);
}

/* ---- comparing --------------------------------------------------------------------------------- */

static void compare(const VizCase *c, const char *name, const double *got, int64_t n)
{
    rt_array want = read_array(c, name);
    cr_assert_eq(want.count, n, "%s/%s", c->dir, name);
    for (int64_t i = 0; i < n; i++) {
        const double w = ((const double *)want.data)[i];
        cr_assert(fabs(got[i] - w) <= c->atol + c->rtol * fabs(w), "%s/%s[%d]: %.17g, not %.17g",
                  c->dir, name, (int)i, got[i], w);
    }
    rt_array_free(&want);
}

static void check_field(VizCase *c)
{
    dcn_error err;
    SupportField f = { .h = 0 };
    cr_assert_eq(support_field(c->l.support, &f, &err), 0, "%s", err.text);
    double *planes = calloc((size_t)(f.h * f.w * f.c), sizeof *planes);
    for (int64_t i = 0; i < f.h * f.w * f.c; i++)
        planes[i % f.c * f.h * f.w + i / f.c] = f.gradient[i];
    compare(c, "d_input", planes, f.h * f.w * f.c);
    compare(c, "erf_abs_sum", f.magnitude, f.h * f.w);
    free(planes);
    support_field_free(&f);
}

/* The taps of the node's pixel. */
static void check_upper(const VizCase *c, const SupportLayer *l)
{
    const SupportNode node = support_node(c->l.support);
    const int64_t at = (node.y * l->q + node.x) * l->taps;
    compare(c, "layer2_position", l->position + 2 * at, 2 * l->taps);
    compare(c, "layer2_strength", l->strength + at, l->taps);
    compare(c, "layer2_d_offset", l->gradient + 2 * at, 2 * l->taps);
}

/* A case has taps outermost: [k][p][q][each] of [p][q][k][each], or with `planes` [k][each][p][q]. */
static void compare_taps(const VizCase *c, const char *name, const SupportLayer *l,
                         const double *got, int64_t each, bool planes)
{
    const int64_t pixels = l->p * l->q, n = pixels * l->taps * each;
    double *sorted = calloc((size_t)n, sizeof *sorted);
    for (int64_t i = 0; i < n; i++) {
        const int64_t pixel = i / (l->taps * each), k = i / each % l->taps, e = i % each;
        sorted[planes ? (k * each + e) * pixels + pixel : (k * pixels + pixel) * each + e] = got[i];
    }
    compare(c, name, sorted, n);
    free(sorted);
}

static void check_lower(const VizCase *c, const SupportLayer *l)
{
    compare_taps(c, "layer1_position", l, l->position, 2, false);
    compare_taps(c, "layer1_strength", l, l->strength, 1, false);
    compare_taps(c, "layer1_d_offset", l, l->gradient, 2, true);
}

static void check_sampling(VizCase *c)
{
    dcn_error err;
    SupportLayers l;
    cr_assert_eq(support_sampling(c->l.support, &l, &err), 0, "%s", err.text);
    cr_assert_eq(l.n, 2);
    check_lower(c, &l.layer[0]);
    check_upper(c, &l.layer[1]);
    support_layers_free(&l);
}

static void check_region(VizCase *c)
{
    const SupportRegionAsk ask = { .epsilon = json_number_value(param(c, "epsilon")),
                                   .step = 1,
                                   .block = (int)json_integer_value(param(c, "block")) };
    dcn_error err;
    SupportRegion r;
    cr_assert_eq(support_region(c->l.support, &ask, &r, &err), 0, "%s", err.text);
    rt_array square = read_array(c, "rectangle"), removed = read_array(c, "removed_order");
    const double own[4] = { (double)r.square[0], (double)r.square[1], (double)r.square[2],
                            (double)r.square[3] };
    double *mask = calloc((size_t)(r.h * r.w), sizeof *mask), want[4];
    for (int64_t i = 0; i < r.h * r.w; i++)
        mask[i] = r.mask[i];
    compare(c, "mask", mask, r.h * r.w);
    rt_convert(want, RT_F64, square.data, square.kind, 4);
    cr_assert_eq(memcmp(own, want, sizeof own), 0, "%s", c->dir);
    cr_assert_eq(removed.count, r.nremoved, "%s", c->dir);
    compare(c, "errors", r.errors, r.nremoved + 1);
    rt_array_free(&square);
    rt_array_free(&removed);
    free(mask);
    support_region_free(&r);
}

/* ---- all cases --------------------------------------------------------------------------------- */

/* How many cases of that op there are below a folder. */
static int check_all(const char *root, const char *begin, void (*check)(VizCase *c))
{
    DIR *d = opendir(root);
    int n = 0;
    cr_assert(d, "%s", root);
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, begin, strlen(begin)) != 0)
            continue;
        VizCase c;
        open_case(&c, root, e->d_name);
        check(&c);
        close_case(&c);
        n++;
    }
    closedir(d);
    return n;
}

static void check_everywhere(const char *begin, void (*check)(VizCase *c))
{
    const char *shared = getenv("DCNGEN_SHARED_GOLDEN");
    cr_assert_gt(check_all(SOURCE_DIR "/tests/right/support/golden", begin, check), 0);
    if (shared)
        check_all(shared, begin, check);
}

Test(support, fields_are_those_of_autograd)
{
    check_everywhere("viz_erf_", check_field);
}

Test(support, sampling_is_that_of_autograd)
{
    check_everywhere("viz_esl_", check_sampling);
}

Test(support, regions_are_those_of_plain_greed)
{
    check_everywhere("viz_ebsr_", check_region);
}

/* A case of another kind would be in no test. */
static void check_kinds(const char *root)
{
    static const char *const kinds[] = { "viz_erf_", "viz_esl_", "viz_ebsr_" };
    DIR *d = opendir(root);
    cr_assert(d, "%s", root);
    for (struct dirent *e; (e = readdir(d));) {
        bool known = strncmp(e->d_name, "viz_", 4) != 0;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            known = known || !strncmp(e->d_name, kinds[k], strlen(kinds[k]));
        cr_expect(known, "%s/%s", root, e->d_name);
    }
    closedir(d);
}

Test(support, every_case_is_of_a_kind_that_is_checked)
{
    const char *shared = getenv("DCNGEN_SHARED_GOLDEN");
    check_kinds(SOURCE_DIR "/tests/right/support/golden");
    if (shared)
        check_kinds(shared);
}
