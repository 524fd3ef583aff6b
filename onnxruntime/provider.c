/* provider.c: which nodes of a model are taken, and the registry of kernels for them.
**
** A node is taken if the registry has a kernel for its name, version and types, the shape of its weight is known, if it
** has one, and its input is a map of images as far as the model tells.  All others are left to the providers that come
** after this one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/provider.h"
#include "onnxruntime/node.h"

#include <stdlib.h>

enum { MAX_INPUTS = 8 };

typedef struct OrtProvider OrtProvider;

/* What a kernel is registered with. */
typedef struct OrtEntry {
    const OrtProvider *provider;
    const OrtOp *op;
} OrtEntry;

struct OrtProvider {
    OrtEpTable table; /* first: ONNX Runtime knows this one */
    OrtCalls calls;
    OrtEpCalls ep;
    OrtKernelRegistry *registry;
    OrtEntry entry[ORT_MAX_OPS];
};

/* ---- kernels ----------------------------------------------------------------------------- */

typedef struct OrtNodeKernel {
    OrtKernelTable table; /* first */
    OrtNodeState *node;
} OrtNodeKernel;

static OrtStatus *kernel_compute(OrtKernelTable *self, OrtKernelContext *context)
{
    return ort_node_run(((OrtNodeKernel *)self)->node, context);
}

static void kernel_release(OrtKernelTable *self)
{
    ort_node_close(((OrtNodeKernel *)self)->node);
    free(self);
}

/* Weights are packed when the node is opened; here it is said whether ONNX Runtime may free its own. */
static OrtStatus *kernel_prepack(OrtKernelTable *self, const OrtValue *value, int input,
                                 OrtAllocator *allocator, void *cache, bool *packed)
{
    (void)value;
    (void)allocator;
    (void)cache;
    *packed = ort_node_done_with(((OrtNodeKernel *)self)->node, input);
    return NULL;
}

static OrtStatus *create_kernel(void *state, const OrtKernelInfo *info, OrtKernelTable **out)
{
    const OrtEntry *entry = state;
    const OrtCalls *c = &entry->provider->calls;
    OrtNodeKernel *k = calloc(1, sizeof *k);
    if (!k)
        return c->create_status(ORT_FAIL, "dcngen: no memory");
    k->table = (OrtKernelTable){ .version = ORT_VERSION,
                                 .at = { [KERNEL_COMPUTE] = (OrtFunction)kernel_compute,
                                         [KERNEL_RELEASE] = (OrtFunction)kernel_release,
                                         [KERNEL_PREPACK] = (OrtFunction)kernel_prepack } };
    OrtStatus *status = ort_node_open(c, entry->op, info, &k->node);
    if (status) {
        free(k);
        k = NULL;
    }
    *out = k ? &k->table : NULL;
    return status;
}

/* ---- the registry ------------------------------------------------------------------------ */

static OrtStatus *add_types(const OrtProvider *p, OrtKernelDefBuilder *b, const OrtOp *op)
{
    const OrtDataType *type[2];
    OrtStatus *status = p->ep.data_type(ORT_TYPE_F32, &type[0]);
    if (!status)
        status = p->ep.data_type(ORT_TYPE_F64, &type[1]);
    return status ? status : p->ep.add_constraint(b, op->constraint, type, 2);
}

static OrtStatus *describe(const OrtProvider *p, OrtKernelDefBuilder *b, const OrtOp *op)
{
    OrtStatus *status = p->ep.set_operator(b, op->name);
    if (!status)
        status = p->ep.set_domain(b, op->domain);
    if (!status)
        status = p->ep.set_since(b, op->first_version, op->last_version);
    if (!status)
        status = p->ep.set_provider(b, ORT_PROVIDER);
    if (!status && op->constraint)
        status = add_types(p, b, op);
    return status;
}

static OrtStatus *add_kernel(OrtProvider *p, int i)
{
    OrtKernelDefBuilder *b = NULL;
    OrtKernelDef *def = NULL;
    p->entry[i] = (OrtEntry){ p, ort_op(i) };
    OrtStatus *status = p->ep.create_builder(&b);
    if (!status)
        status = describe(p, b, p->entry[i].op);
    if (!status)
        status = p->ep.build(b, &def);
    if (!status)
        status = p->ep.add_kernel(p->registry, def, create_kernel, &p->entry[i]);
    if (def)
        p->ep.release_def(def);
    if (b)
        p->ep.release_builder(b);
    return status;
}

static OrtStatus *get_registry(OrtEpTable *self, const OrtKernelRegistry **out)
{
    *out = ((OrtProvider *)self)->registry;
    return NULL;
}

/* ---- nodes ------------------------------------------------------------------------------- */

static OrtStatus *input_shapes(const OrtCalls *c, const OrtNode *node, OrtShape *shape, size_t *n)
{
    const OrtValueInfo *value[MAX_INPUTS];
    OrtStatus *status = c->node_input_count(node, n);
    if (!status && *n > MAX_INPUTS)
        *n = 0;
    if (!status)
        status = c->node_inputs(node, value, *n);
    for (size_t i = 0; i < *n && !status; i++) {
        const OrtTypeInfo *type = NULL;
        int element;
        if (value[i])
            status = c->value_type(value[i], &type);
        ort_declared(c, type, &shape[i], &element);
    }
    return status;
}

static OrtStatus *shapes_fit(const OrtCalls *c, const OrtNode *node, const OrtOp *op, bool *fit)
{
    OrtShape shape[MAX_INPUTS];
    size_t n = 0;
    OrtStatus *status = input_shapes(c, node, shape, &n);
    *fit = !status && n >= (size_t)op->required;
    if (!*fit)
        return status;
    const OrtShape *x = &shape[op->input[ORT_X]];
    const OrtShape *w = op->input[ORT_W] >= 0 ? &shape[op->input[ORT_W]] : NULL;
    *fit = (x->rank == 4 || x->rank == 0) && (!w || w->rank == 4);
    for (int i = 0; i < 4 && w; i++)
        *fit = *fit && w->dims[i] > 0;
    return NULL;
}

static OrtStatus *consider(const OrtProvider *p, OrtSupportInfo *support, const OrtNode *node)
{
    const char *domain = "", *name = "";
    const OrtKernelDef *def = NULL;
    bool fit = false;
    OrtStatus *status = p->calls.node_domain(node, &domain);
    if (!status)
        status = p->calls.node_op(node, &name);
    const OrtOp *op = status ? NULL : ort_op_find(domain, name);
    if (!op)
        return status;
    status = p->ep.look_up(support, node, &def);
    if (!status && def)
        status = shapes_fit(&p->calls, node, op, &fit);
    return status || !fit ? status : p->ep.add_single_node(support, node);
}

static OrtStatus *get_capability(OrtEpTable *self, const OrtGraph *graph, OrtSupportInfo *support)
{
    const OrtProvider *p = (const OrtProvider *)self;
    size_t n = 0;
    OrtStatus *status = p->calls.graph_count(graph, &n);
    const OrtNode **node = calloc(n + 1, sizeof *node);
    if (!status && !node)
        status = p->calls.create_status(ORT_FAIL, "dcngen: no memory");
    if (!status)
        status = p->calls.graph_nodes(graph, node, n);
    for (size_t i = 0; i < n && !status; i++)
        status = consider(p, support, node[i]);
    free(node);
    return status;
}

/* ---- the provider ------------------------------------------------------------------------ */

static const char *get_name(const OrtEpTable *self)
{
    (void)self;
    return ORT_PROVIDER;
}

OrtStatus *ort_provider_open(const OrtCalls *c, const OrtEpCalls *ep, OrtEpTable **out)
{
    *out = NULL;
    OrtProvider *p = calloc(1, sizeof *p);
    if (!p)
        return c->create_status(ORT_FAIL, "dcngen: no memory");
    p->calls = *c;
    p->ep = *ep;
    p->table = (OrtEpTable){ .version = ORT_VERSION,
                             .at = { [EP_GET_NAME] = (OrtFunction)get_name,
                                     [EP_GET_CAPABILITY] = (OrtFunction)get_capability,
                                     [EP_GET_REGISTRY] = (OrtFunction)get_registry } };
    OrtStatus *status = ep->create_registry(&p->registry);
    for (int i = 0; ort_op(i) && !status; i++)
        status = add_kernel(p, i);
    if (status)
        ort_provider_close(&p->table);
    else
        *out = &p->table;
    return status;
}

void ort_provider_close(OrtEpTable *provider)
{
    OrtProvider *p = (OrtProvider *)provider;
    if (p && p->registry)
        p->ep.release_registry(p->registry);
    free(p);
}
