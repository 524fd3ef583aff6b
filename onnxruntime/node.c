/* node.c: from a node's declared shapes to a layer, and from one call's tensors to the layer's operands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/node.h"
#include "onnxruntime/fail.h"
#include "onnxruntime/layer.h"
#include "onnxruntime/loop.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024 };

struct OrtNodeState {
    OrtCalls calls;
    const OrtOp *op;
    OrtLayer *layer;
    bool prepared; /* the model tells all sizes and holds the weight: all is compiled and packed */
    char name[DCN_NAME_MAX];
};

/* ---- what the model declares ----------------------------------------------------------------- */

void ort_declared(const OrtCalls *c, const OrtTypeInfo *info, OrtShape *shape, int *element)
{
    const OrtTensorInfo *tensor = NULL;
    size_t rank = 0;
    *shape = (OrtShape){ .rank = info ? 0 : -1 };
    *element = 0;
    if (!info || !ort_succeeded(c, c->type_as_tensor(info, &tensor)) || !tensor)
        return;
    ort_succeeded(c, c->element_type(tensor, element));
    if (!ort_succeeded(c, c->rank(tensor, &rank)))
        return;
    shape->rank = rank < 1000 ? (int)rank : 1000;
    if (rank <= 4)
        ort_succeeded(c, c->dims(tensor, shape->dims, rank));
}

/* A missing input has no type. */
static void declared_input(const OrtCalls *c, const OrtKernelInfo *info, int i, OrtShape *shape,
                           int *element)
{
    size_t n = 0;
    OrtTypeInfo *type = NULL;
    if (i < 0 || !ort_succeeded(c, c->kernel_input_count(info, &n)) || (size_t)i >= n ||
        !ort_succeeded(c, c->kernel_input_type(info, (size_t)i, &type)))
        type = NULL;
    ort_declared(c, type, shape, element);
    if (type)
        c->release_type_info(type);
}

static const void *constant_input(const OrtCalls *c, const OrtKernelInfo *info, int i)
{
    int is_constant = 0;
    const OrtValue *value = NULL;
    const void *data = NULL;
    if (!ort_succeeded(c, c->kernel_constant(info, (size_t)i, &is_constant, &value)) ||
        !is_constant || !value || !ort_succeeded(c, c->tensor_data(value, &data)))
        return NULL;
    return data;
}

/* Entry `threads` of the session's configuration; 0 if there is none: as many as dcn_execute takes. */
static int read_threads(const OrtCalls *c, const OrtKernelInfo *info, int *threads, dcn_error *err)
{
    OrtKeyValuePairs *pairs = NULL;
    *threads = 0;
    if (!ort_succeeded(c, c->kernel_config(info, &pairs)))
        return 0;
    const char *text = c->get_value(pairs, ORT_CONFIG_PREFIX "threads");
    char *end = NULL;
    const long n = text ? strtol(text, &end, 10) : 0;
    const bool wrong = text && (end == text || *end || n < 0 || n > MAX_THREADS);
    *threads = (int)n;
    if (wrong)
        ort_error(err, DCN_EUSAGE, "option threads = %.40s, expected 0 to %d", text, MAX_THREADS);
    c->release_pairs(pairs);
    return wrong ? -1 : 0;
}

/* Batch, height and width of a map, whose channels are first or last; below 1 what is not known. */
static dcn_sizes sizes_of(const dcn_spec *s, const OrtShape *map)
{
    const int row = s->layout == DCN_NCHW ? 2 : 1;
    return (dcn_sizes){ map->dims[0], map->dims[row], map->dims[row + 1], 0 };
}

static void read_name(OrtNodeState *n, const OrtKernelInfo *info)
{
    char name[DCN_NAME_MAX] = "";
    size_t size = sizeof name;
    if (!ort_succeeded(&n->calls, n->calls.kernel_node_name(info, name, &size)) || !*name)
        snprintf(n->name, sizeof n->name, "a %s", n->op->name);
    else
        snprintf(n->name, sizeof n->name, "%s", name);
}

static int open_layer(OrtNodeState *n, const OrtNodeInfo *info, const dcn_spec *spec,
                      dcn_error *err)
{
    int threads;
    const int place = n->op->input[ORT_W];
    const void *weight = place >= 0 ? constant_input(&n->calls, info->info, place) : NULL;
    const dcn_sizes sizes = sizes_of(spec, &info->shape[ORT_X]);
    if (read_threads(&n->calls, info->info, &threads, err))
        return -1;
    n->layer = ort_layer_open(spec, threads, weight != NULL, err);
    if (!n->layer)
        return -1;
    if (sizes.batch < 1 || sizes.height < 1 || sizes.width < 1)
        return 0;
    n->prepared = weight != NULL;
    return ort_layer_prepare(n->layer, sizes, weight, err);
}

static OrtStatus *open_node(OrtNodeState *n, const OrtKernelInfo *info)
{
    OrtNodeInfo node = { .op = n->op, .calls = &n->calls, .info = info };
    int element[ORT_NUM_INPUTS];
    dcn_spec spec;
    dcn_error err;
    for (int i = 0; i < ORT_NUM_INPUTS; i++)
        declared_input(&n->calls, info, n->op->input[i], &node.shape[i], &element[i]);
    const dcn_dtype dtype = element[ORT_X] == ORT_TYPE_F64 ? DCN_F64 : DCN_F32;
    OrtStatus *status = ort_op_spec(&node, dtype, &spec);
    if (!status && open_layer(n, &node, &spec, &err))
        status = ort_fail(&n->calls, n->name, &err);
    return status;
}

OrtStatus *ort_node_open(const OrtCalls *c, const OrtOp *op, const OrtKernelInfo *info,
                         OrtNodeState **out)
{
    OrtNodeState *n = calloc(1, sizeof *n);
    if (!n)
        return c->create_status(ORT_FAIL, "dcngen: no memory");
    n->calls = *c;
    n->op = op;
    read_name(n, info);
    OrtStatus *status = open_node(n, info);
    if (status) {
        ort_node_close(n);
        n = NULL;
    }
    *out = n;
    return status;
}

void ort_node_close(OrtNodeState *n)
{
    if (n)
        ort_layer_close(n->layer);
    free(n);
}

bool ort_node_done_with(const OrtNodeState *n, int i)
{
    return n->prepared && i == n->op->input[ORT_W];
}

/* ---- a call ------------------------------------------------------------------------------ */

/* The inputs of one call; data is NULL where there is none. */
typedef struct OrtArrays {
    const void *data[ORT_NUM_INPUTS];
    OrtShape shape[ORT_NUM_INPUTS];
} OrtArrays;

static OrtStatus *read_array(const OrtCalls *c, const OrtValue *value, OrtShape *shape,
                             const void **data)
{
    OrtTensorInfo *info = NULL;
    size_t rank = 0;
    OrtStatus *status = c->tensor_shape(value, &info);
    if (!status)
        status = c->rank(info, &rank);
    shape->rank = rank < 1000 ? (int)rank : 1000;
    if (!status && rank <= 4)
        status = c->dims(info, shape->dims, rank);
    if (!status)
        status = c->tensor_data(value, data);
    if (info)
        c->release_tensor_info(info);
    return status;
}

static OrtStatus *read_input(const OrtNodeState *n, const OrtKernelContext *context, size_t count,
                             int i, OrtArrays *a)
{
    const OrtCalls *c = &n->calls;
    const OrtValue *value = NULL;
    const int place = n->op->input[i];
    a->data[i] = NULL;
    a->shape[i] = (OrtShape){ .rank = -1 };
    if (place < 0 || (size_t)place >= count || ort_node_done_with(n, place))
        return NULL;
    OrtStatus *status = c->input(context, (size_t)place, &value);
    return status || !value ? status : read_array(c, value, &a->shape[i], &a->data[i]);
}

static OrtStatus *read_inputs(const OrtNodeState *n, const OrtKernelContext *context, OrtArrays *a)
{
    size_t count = 0;
    OrtStatus *status = n->calls.input_count(context, &count);
    for (int i = 0; i < ORT_NUM_INPUTS && !status; i++)
        status = read_input(n, context, count, i, a);
    return status;
}

static void print_shape(int rank, const int64_t *dims, char *text, size_t size)
{
    *text = 0;
    for (int i = 0; i < rank; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%lld", i ? " x " : "", (long long)dims[i]);
    }
}

static int expect(const OrtShape *s, const dcn_tensor *t, dcn_error *err)
{
    if (s->rank == t->rank && !memcmp(s->dims, t->dims, (size_t)t->rank * sizeof *t->dims))
        return 0;
    char want[100], got[100] = "of another rank";
    print_shape(t->rank, t->dims, want, sizeof want);
    if (s->rank >= 0 && s->rank <= 4)
        print_shape(s->rank, s->dims, got, sizeof got);
    return ort_error(err, DCN_EUSAGE, "%s has shape %s, expected %s", t->name, got, want);
}

/* ORT_NUM_INPUTS: it is the output. */
static int input_of(const char *name)
{
    int i = 0;
    while (i < ORT_NUM_INPUTS && strcmp(ort_input_name((OrtInput)i), name) != 0)
        i++;
    return i;
}

/* Operands in the kernel's order, once their shapes are found to be what this input needs.  Returns which of them is
** the output, whose shape goes to *output; -1 with err. */
static int list_operands(const OrtNodeState *n, const OrtArrays *a, OrtLayerCall *call,
                         dcn_tensor *output, dcn_error *err)
{
    int out = -1;
    const dcn_spec *s = ort_layer_spec(n->layer);
    dcn_tensor tensor[ORT_MAX_OPERANDS];
    if (a->shape[ORT_X].rank != 4)
        return ort_error(err, DCN_EUSAGE, "input has not four dimensions");
    call->sizes = sizes_of(s, &a->shape[ORT_X]);
    const int count = ort_layer_operands(n->layer, call->sizes, tensor, err);
    if (count < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        if (tensor[i].role == DCN_OUT) {
            assert(out < 0); /* ONNX's operators have one */
            out = i;
            continue;
        }
        const int input = input_of(tensor[i].name);
        assert(input < ORT_NUM_INPUTS);
        if (!(input == ORT_W && n->prepared) && expect(&a->shape[input], &tensor[i], err))
            return -1;
        call->operand[i] = a->data[input];
    }
    assert(out >= 0);
    *output = tensor[out];
    return out;
}

static OrtStatus *get_output(const OrtCalls *c, OrtKernelContext *context, const dcn_tensor *t,
                             void **data)
{
    OrtValue *value = NULL;
    OrtStatus *status = c->output(context, 0, t->dims, (size_t)t->rank, &value);
    return status ? status : c->tensor_mutable_data(value, data);
}

OrtStatus *ort_node_run(OrtNodeState *n, OrtKernelContext *context)
{
    OrtArrays a;
    dcn_tensor output;
    dcn_error err;
    OrtLoop loop = { &n->calls, context };
    OrtLayerCall call = { .loop = ort_loop_run, .loop_self = &loop };
    OrtStatus *status = read_inputs(n, context, &a);
    if (status)
        return status;
    const int out = list_operands(n, &a, &call, &output, &err);
    if (out < 0)
        return ort_fail(&n->calls, n->name, &err);
    void *data = NULL;
    status = get_output(&n->calls, context, &output, &data);
    if (status || call.sizes.batch == 0)
        return status;
    call.operand[out] = data;
    return ort_layer_run(n->layer, &call, &err) ? ort_fail(&n->calls, n->name, &err) : NULL;
}
