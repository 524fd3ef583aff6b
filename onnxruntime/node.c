/* node.c: from a node's declared shapes to a layer, and from one call's tensors to the layer's operands.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/node.h"
#include "onnxruntime/fail.h"
#include "onnxruntime/layer.h"
#include "onnxruntime/loop.h"

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

static const char *const input_names[ORT_NUM_INPUTS] = { "input", "weight", "offset", "bias",
                                                         "mask" };

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

static bool all_known(const OrtShape *input)
{
    return input->rank == 4 && input->dims[0] > 0 && input->dims[2] > 0 && input->dims[3] > 0;
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

static int open_layer(OrtNodeState *n, const OrtKernelInfo *info, const dcn_spec *spec,
                      const OrtShape *input, dcn_error *err)
{
    int threads;
    const void *weight = constant_input(&n->calls, info, n->op->input[ORT_W]);
    if (read_threads(&n->calls, info, &threads, err))
        return -1;
    n->layer = ort_layer_open(spec, threads, weight != NULL, err);
    if (!n->layer)
        return -1;
    if (!all_known(input))
        return 0;
    n->prepared = weight != NULL;
    const dcn_sizes sizes = { input->dims[0], input->dims[2], input->dims[3], 0 };
    return ort_layer_prepare(n->layer, sizes, weight, err);
}

static OrtStatus *open_node(OrtNodeState *n, const OrtKernelInfo *info)
{
    OrtShape shape[ORT_NUM_INPUTS];
    int element[ORT_NUM_INPUTS];
    dcn_spec spec;
    dcn_error err;
    for (int i = 0; i < ORT_NUM_INPUTS; i++)
        declared_input(&n->calls, info, n->op->input[i], &shape[i], &element[i]);
    const dcn_dtype dtype = element[ORT_X] == ORT_TYPE_F64 ? DCN_F64 : DCN_F32;
    OrtStatus *status = ort_op_spec(n->op, &n->calls, info, shape, dtype, &spec);
    if (!status && open_layer(n, info, &spec, &shape[ORT_X], &err))
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

static int expect(int input, const OrtShape *s, int rank, const int64_t *dims, dcn_error *err)
{
    if (s->rank == rank && !memcmp(s->dims, dims, (size_t)rank * sizeof *dims))
        return 0;
    char want[100] = "", got[100] = "";
    for (int i = 0; i < rank; i++)
        snprintf(want + strlen(want), sizeof want - strlen(want), "%s%lld", i ? " x " : "",
                 (long long)dims[i]);
    for (int i = 0; i < s->rank && i < 4; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld", i ? " x " : "",
                 (long long)s->dims[i]);
    return ort_error(err, DCN_EUSAGE, "%s has shape %s, expected %s", input_names[input],
                     s->rank < 0 || s->rank > 4 ? "of another rank" : got, want);
}

/* All shapes are what the spec says for this input; the output's. */
static int check_shapes(const OrtNodeState *n, const OrtArrays *a, int64_t output[4],
                        dcn_error *err)
{
    const dcn_spec *s = ort_layer_spec(n->layer);
    const OrtShape *x = &a->shape[ORT_X];
    const int64_t taps = (int64_t)s->kernel[0] * s->kernel[1];
    const int64_t input[4] = { x->dims[0], s->in_channels, x->dims[2], x->dims[3] };
    const int64_t weight[4] = { s->out_channels, s->in_channels / s->groups, s->kernel[0],
                                s->kernel[1] };
    if (expect(ORT_X, x, 4, input, err) ||
        (!n->prepared && expect(ORT_W, &a->shape[ORT_W], 4, weight, err)))
        return -1;
    memcpy(output,
           (int64_t[]){ x->dims[0], s->out_channels, dcn_out_height(s, x->dims[2]),
                        dcn_out_width(s, x->dims[3]) },
           4 * sizeof *output);
    if (output[2] < 1 || output[3] < 1)
        return ort_error(err, DCN_EUSAGE, "the kernel does not fit into an input of %lld x %lld",
                         (long long)x->dims[2], (long long)x->dims[3]);
    const int64_t mask[4] = { output[0], taps * s->offset_groups, output[2], output[3] };
    const int64_t offset[4] = { output[0], 2 * mask[1], output[2], output[3] };
    return expect(ORT_OFFSET, &a->shape[ORT_OFFSET], 4, offset, err) ||
           (s->bias && expect(ORT_BIAS, &a->shape[ORT_BIAS], 1, &s->out_channels, err)) ||
           (s->modulation != DCN_MODULATION_NONE &&
            expect(ORT_MASK, &a->shape[ORT_MASK], 4, mask, err));
}

static OrtStatus *get_output(const OrtCalls *c, OrtKernelContext *context, const int64_t dims[4],
                             void **data)
{
    OrtValue *value = NULL;
    OrtStatus *status = c->output(context, 0, dims, 4, &value);
    return status ? status : c->tensor_mutable_data(value, data);
}

OrtStatus *ort_node_run(OrtNodeState *n, OrtKernelContext *context)
{
    OrtArrays a;
    int64_t dims[4];
    dcn_error err;
    void *output = NULL;
    OrtStatus *status = read_inputs(n, context, &a);
    if (!status && check_shapes(n, &a, dims, &err))
        status = ort_fail(&n->calls, n->name, &err);
    if (!status)
        status = get_output(&n->calls, context, dims, &output);
    if (status || dims[0] == 0)
        return status;

    OrtLoop loop = { &n->calls, context };
    const OrtLayerCall call = { .input = a.data[ORT_X],
                                .weight = a.data[ORT_W],
                                .bias = a.data[ORT_BIAS],
                                .offset = a.data[ORT_OFFSET],
                                .mask = a.data[ORT_MASK],
                                .output = output,
                                .sizes = { dims[0], a.shape[ORT_X].dims[2], a.shape[ORT_X].dims[3],
                                           0 },
                                .loop = ort_loop_run,
                                .loop_self = &loop };
    return ort_layer_run(n->layer, &call, &err) ? ort_fail(&n->calls, n->name, &err) : NULL;
}
