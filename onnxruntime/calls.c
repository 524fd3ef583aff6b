/* calls.c: where ONNX Runtime's functions stand in its tables.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/calls.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A member of a struct of functions, and the function's place in the table that it is read from. */
typedef struct CallRow {
    size_t member;
    int place;
} CallRow;

#define ROW(member, place)                                                                         \
    {                                                                                              \
        offsetof(OrtCalls, member), place                                                          \
    }
#define EP_ROW(member, place)                                                                      \
    {                                                                                              \
        offsetof(OrtEpCalls, member), place                                                        \
    }

static const CallRow rows[] = {
    ROW(create_status, API_CREATE_STATUS),
    ROW(error_message, API_GET_ERROR_MESSAGE),
    ROW(release_status, API_RELEASE_STATUS),
    ROW(create_domain, API_CREATE_CUSTOM_OP_DOMAIN),
    ROW(domain_add, API_CUSTOM_OP_DOMAIN_ADD),
    ROW(add_domain, API_ADD_CUSTOM_OP_DOMAIN),
    ROW(release_domain, API_RELEASE_CUSTOM_OP_DOMAIN),
    ROW(tensor_data, API_GET_TENSOR_DATA),
    ROW(tensor_mutable_data, API_GET_TENSOR_MUTABLE_DATA),
    ROW(tensor_shape, API_GET_TENSOR_TYPE_AND_SHAPE),
    ROW(type_as_tensor, API_CAST_TYPE_INFO_TO_TENSOR_INFO),
    ROW(element_type, API_GET_TENSOR_ELEMENT_TYPE),
    ROW(rank, API_GET_DIMENSIONS_COUNT),
    ROW(dims, API_GET_DIMENSIONS),
    ROW(release_type_info, API_RELEASE_TYPE_INFO),
    ROW(release_tensor_info, API_RELEASE_TENSOR_INFO),
    ROW(attribute_float, API_KERNEL_INFO_GET_FLOAT),
    ROW(attribute_int, API_KERNEL_INFO_GET_INT),
    ROW(attribute_ints, API_KERNEL_INFO_GET_INTS),
    ROW(kernel_input_count, API_KERNEL_INFO_GET_INPUT_COUNT),
    ROW(kernel_input_type, API_KERNEL_INFO_GET_INPUT_TYPE_INFO),
    ROW(kernel_node_name, API_KERNEL_INFO_GET_NODE_NAME),
    ROW(kernel_constant, API_KERNEL_INFO_GET_CONSTANT_INPUT),
    ROW(kernel_config, API_KERNEL_INFO_GET_CONFIG_ENTRIES),
    ROW(get_value, API_GET_KEY_VALUE),
    ROW(release_pairs, API_RELEASE_KEY_VALUE_PAIRS),
    ROW(input_count, API_KERNEL_CONTEXT_GET_INPUT_COUNT),
    ROW(input, API_KERNEL_CONTEXT_GET_INPUT),
    ROW(output, API_KERNEL_CONTEXT_GET_OUTPUT),
    ROW(parallel_for, API_KERNEL_CONTEXT_PARALLEL_FOR),
    ROW(device_type, API_HARDWARE_DEVICE_TYPE),
    ROW(ep_api, API_GET_EP_API),
    ROW(graph_count, API_GRAPH_GET_NUM_NODES),
    ROW(graph_nodes, API_GRAPH_GET_NODES),
    ROW(node_op, API_NODE_GET_OPERATOR_TYPE),
    ROW(node_domain, API_NODE_GET_DOMAIN),
    ROW(node_input_count, API_NODE_GET_NUM_INPUTS),
    ROW(node_inputs, API_NODE_GET_INPUTS),
    ROW(value_type, API_VALUE_INFO_GET_TYPE_INFO),
};

static const CallRow ep_rows[] = {
    EP_ROW(create_device, EP_API_CREATE_DEVICE),
    EP_ROW(add_single_node, EP_API_ADD_SINGLE_NODE),
    EP_ROW(look_up, EP_API_LOOK_UP_KERNEL),
    EP_ROW(create_registry, EP_API_CREATE_REGISTRY),
    EP_ROW(release_registry, EP_API_RELEASE_REGISTRY),
    EP_ROW(add_kernel, EP_API_ADD_KERNEL),
    EP_ROW(create_builder, EP_API_CREATE_DEF_BUILDER),
    EP_ROW(release_builder, EP_API_RELEASE_DEF_BUILDER),
    EP_ROW(set_operator, EP_API_DEF_SET_OPERATOR_TYPE),
    EP_ROW(set_domain, EP_API_DEF_SET_DOMAIN),
    EP_ROW(set_since, EP_API_DEF_SET_SINCE_VERSION),
    EP_ROW(set_provider, EP_API_DEF_SET_PROVIDER),
    EP_ROW(add_constraint, EP_API_DEF_ADD_TYPE_CONSTRAINT),
    EP_ROW(build, EP_API_DEF_BUILD),
    EP_ROW(release_def, EP_API_RELEASE_DEF),
    EP_ROW(data_type, EP_API_GET_TENSOR_DATA_TYPE),
};

enum { NUM_ROWS = sizeof rows / sizeof *rows, NUM_EP_ROWS = sizeof ep_rows / sizeof *ep_rows };
_Static_assert(sizeof(OrtCalls) == NUM_ROWS * sizeof(OrtFunction), "a row for each member");
_Static_assert(sizeof(OrtEpCalls) == NUM_EP_ROWS * sizeof(OrtFunction), "a row for each member");

/* All pointers to functions have one representation where tables like these exist. */
static void read_rows(const OrtFunction *table, const CallRow *row, int n, void *members)
{
    for (int i = 0; i < n; i++)
        memcpy((char *)members + row[i].member, &table[row[i].place], sizeof *table);
}

void ort_calls_read(const OrtFunction *api, OrtCalls *c)
{
    read_rows(api, rows, NUM_ROWS, c);
}

void ort_ep_calls_read(const OrtFunction *ep_api, OrtEpCalls *c)
{
    read_rows(ep_api, ep_rows, NUM_EP_ROWS, c);
}

/* Statuses are made by the first function of the first version. */
static OrtStatus *too_old(const OrtBase *base)
{
    char text[160];
    OrtStatus *(*create_status)(int, const char *);
    const OrtFunction *oldest = base->get_api(1);
    snprintf(text, sizeof text, "dcngen: ONNX Runtime 1.%d or later is needed, this is %s",
             ORT_VERSION, base->get_version());
    memcpy(&create_status, &oldest[API_CREATE_STATUS], sizeof create_status);
    return create_status(ORT_FAIL, text);
}

OrtStatus *ort_calls_load(const OrtBase *base, OrtCalls *c)
{
    const OrtFunction *api = base->get_api(ORT_VERSION);
    if (!api)
        return too_old(base);
    ort_calls_read(api, c);
    return NULL;
}

OrtStatus *ort_fail(const OrtCalls *c, const char *where, const dcn_error *err)
{
    char line[DCN_ERROR_MAX], text[2 * DCN_ERROR_MAX];
    dcn_error_print(err, line, sizeof line);
    snprintf(text, sizeof text, "dcngen: %s%s%s", where ? where : "", where ? ": " : "", line);
    const bool wrong = err->code == DCN_EUSAGE || err->code == DCN_ESPEC;
    return c->create_status(wrong ? ORT_INVALID_ARGUMENT : ORT_FAIL, text);
}

bool ort_succeeded(const OrtCalls *c, OrtStatus *status)
{
    if (status)
        c->release_status(status);
    return !status;
}
