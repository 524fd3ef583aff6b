/* sketch.c: a network that somebody else runs, as its deformable layers and what leads to what.
**
** For each of these three layers stand in the sketch: two of no meaning, which make the map that it samples and what
** says where, and itself.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/support/internal.h"
#include "tuner/support/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SKETCHED = (NET_MAX_LAYERS - 1) / 3 };
static const int64_t MAX_ELEMENTS = 1 << 28; /* of one value */

/* ---- shapes ---------------------------------------------------------------------------------- */

/* An operand of a spec inside; false: it has none of that name. */
static bool operand_shape(const dcn_spec *s, rt_operand which, net_shape *shape)
{
    dcn_tensor t[RT_NUM_OPERANDS];
    const int n = dcn_spec_tensors(s, t, RT_NUM_OPERANDS);
    int i = 0;
    while (i < n && strcmp(t[i].name, rt_operand_names[which]) != 0)
        i++;
    if (i == n)
        return false;
    const int64_t *d = t[i].dims;
    if (t[i].rank == 2)
        *shape = (net_shape){ d[0], 1, 1, d[1] };
    else if (s->layout == DCN_NCHW)
        *shape = (net_shape){ d[0], d[2], d[3], d[1] };
    else
        *shape = (net_shape){ d[0], d[1], d[2], d[3] };
    return true;
}

/* Which operand says where it samples; RT_NUM_OPERANDS: none does. */
static rt_operand says_where(const dcn_spec *s)
{
    static const rt_operand says[] = { RT_OFFSET, RT_OFFSET_MASK, RT_TRANS };
    net_shape shape;
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (operand_shape(s, says[i], &shape))
            return says[i];
    return RT_NUM_OPERANDS;
}

static bool is_small(net_shape z)
{
    const int64_t size[] = { z.n, z.h, z.w, z.c };
    int64_t all = 1;
    for (int i = 0; i < 4; i++) {
        if (size[i] < 1 || size[i] > MAX_ELEMENTS / all)
            return false;
        all *= size[i];
    }
    return true;
}

static int check_layer(const Sketch *k, int i, dcn_error *err)
{
    const SketchLayer *l = &k->at[i];
    net_shape shape[2];
    if (l->spec->network || l->spec->gradient || says_where(l->spec) == RT_NUM_OPERANDS ||
        !operand_shape(l->spec, RT_INPUT, &shape[0]))
        return dcn_fail(err, DCN_EUSAGE, "layer '%s': its spec samples where no operand says",
                        l->name);
    operand_shape(l->spec, says_where(l->spec), &shape[1]);
    if (!is_small(shape[0]) || !is_small(shape[1]))
        return dcn_fail(err, DCN_EUSAGE, "layer '%s': its maps are too large", l->name);
    if (l->below < -1 || l->below >= i)
        return dcn_fail(err, DCN_EUSAGE, "layer '%s': number %d is no layer before it", l->name,
                        l->below);
    for (int other = 0; other < i; other++)
        if (strcmp(k->at[other].name, l->name) == 0)
            return dcn_fail(err, DCN_EUSAGE, "two deformable layers are called '%s'", l->name);
    return 0;
}

static int check(const Sketch *k, dcn_error *err)
{
    int regions = 0;
    if (k->n > MAX_SKETCHED)
        return dcn_fail(err, DCN_EUSAGE, "%d deformable layers; there can be %d", k->n,
                        MAX_SKETCHED);
    if (!is_small(k->image) || !is_small(k->node))
        return dcn_fail(err, DCN_EUSAGE, "'%s' or the image is empty, or too large", k->layer);
    if (k->last < -1 || k->last >= k->n)
        return dcn_fail(err, DCN_EUSAGE, "'%s': number %d is no deformable layer", k->layer,
                        k->last);
    for (int i = 0; i < k->n; i++) {
        if (check_layer(k, i, err))
            return -1;
        regions += rt_op_has(k->at[i].spec->op, RT_HAS_ROIS) != 0;
    }
    if (regions > SKETCH_MAX_REGIONS)
        return dcn_fail(err, DCN_EUSAGE, "%d layers on regions; there can be %d", regions,
                        SKETCH_MAX_REGIONS);
    return 0;
}

/* ---- the network ----------------------------------------------------------------------------- */

static int add_value(dcn_network *n, net_shape shape, int layer)
{
    n->value[n->nvalues] = (net_value){
        .shape = shape, .dtype = DCN_F64, .layer = layer, .layout = DCN_NCHW, .rank = 4
    };
    return n->nvalues++;
}

static void add_inputs(dcn_network *n, const Sketch *k)
{
    snprintf(n->value[add_value(n, k->image, -1)].name, NET_NAME_MAX, "image");
    for (int i = 0, regions = 0; i < k->n; i++) {
        net_shape shape;
        if (!operand_shape(k->at[i].spec, RT_ROIS, &shape))
            continue;
        net_value *v = &n->value[add_value(n, shape, -1)];
        snprintf(v->name, NET_NAME_MAX, "regions_%d", regions++);
        v->rank = 2;
    }
    n->ninputs = n->nvalues;
}

/* What is known of a layer is the value that it reads and the shape of what it makes. */
static int add_layer(dcn_network *n, const char *name, int from, net_shape shape)
{
    net_layer *l = &n->layer[n->nlayers];
    *l = (net_layer){ .kind = NET_ACTIVATION, .nargs = 1, .arg[0] = { "a", from, -1 } };
    snprintf(l->name, NET_NAME_MAX, "%s", name);
    l->out = add_value(n, shape, n->nlayers++);
    return l->out;
}

/* Layer i of the sketch; `value` is what each of them makes.  -1 without memory. */
static int add_deformed(dcn_network *n, const Sketch *k, int i, int *rois, int *value)
{
    const SketchLayer *at = &k->at[i];
    const int from = at->below < 0 ? 0 : value[at->below];
    net_shape map, where, regions;
    operand_shape(at->spec, RT_INPUT, &map);
    operand_shape(at->spec, says_where(at->spec), &where);
    const int input = add_layer(n, "", from, map), place = add_layer(n, "", from, where);
    value[i] = add_layer(n, at->name, input, where);
    net_layer *l = &n->layer[n->nlayers - 1];
    l->kind = NET_OPERATOR;
    l->arg[0].operand = rt_operand_names[RT_INPUT];
    l->arg[l->nargs++] = (net_arg){ rt_operand_names[says_where(at->spec)], place, -1 };
    if (operand_shape(at->spec, RT_ROIS, &regions))
        l->arg[l->nargs++] = (net_arg){ rt_operand_names[RT_ROIS], (*rois)++, -1 };
    l->spec = malloc(sizeof *l->spec);
    if (l->spec)
        *l->spec = *at->spec;
    return l->spec ? 0 : -1;
}

static int fill(dcn_network *n, const Sketch *k)
{
    int *value = calloc((size_t)k->n + 1, sizeof *value), rois = 1;
    int failed = value ? 0 : -1;
    if (!failed)
        add_inputs(n, k);
    for (int i = 0; i < k->n && !failed; i++)
        failed = add_deformed(n, k, i, &rois, value);
    if (!failed)
        n->output[n->noutputs++] =
            add_layer(n, k->layer, k->last < 0 ? 0 : value[k->last], k->node);
    free(value);
    return failed;
}

int support_sketch(const Sketch *k, dcn_network **out, dcn_error *err)
{
    *out = NULL;
    if (check(k, err))
        return -1;
    dcn_network *n = calloc(1, sizeof *n);
    if (!n)
        return support_no_memory(err);
    n->refs = 1;
    n->dtype = DCN_F64;
    n->value = calloc((size_t)k->n * 4 + 2, sizeof *n->value);
    n->layer = calloc((size_t)k->n * 3 + 1, sizeof *n->layer);
    if (n->value && n->layer && !fill(n, k)) {
        *out = n;
        return 0;
    }
    net_release(n);
    return support_no_memory(err);
}
