/* abi.h: what is used of ONNX Runtime's binary interface, so that none of its headers is needed to build.
**
** ONNX Runtime hands out tables of functions that grow at their end only, so a function is known by its place.
** The numbers below are places; the version behind a group is the first that has all of it.  The other way
** round, a plugin fills tables whose first word is the version that they were written for, and ONNX Runtime
** reads no member that is younger.  Types of handles have the names that ONNX Runtime's documents give them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_ABI_H
#define DCNGEN_ONNXRUNTIME_ABI_H

#include <stdint.h>

/* The version that is asked for, and that our tables are written for: 1.24 is the first with registries of kernels. */
enum { ORT_VERSION = 24 };

typedef struct OrtStatus OrtStatus; /* NULL: success */
typedef struct OrtValue OrtValue;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorInfo OrtTensorInfo;
typedef struct OrtKernelInfo OrtKernelInfo;
typedef struct OrtKernelContext OrtKernelContext;
typedef struct OrtKeyValuePairs OrtKeyValuePairs;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtCustomOpDomain OrtCustomOpDomain;
typedef struct OrtHardwareDevice OrtHardwareDevice;
typedef struct OrtEpDevice OrtEpDevice;
typedef struct OrtGraph OrtGraph;
typedef struct OrtNode OrtNode;
typedef struct OrtValueInfo OrtValueInfo;
typedef struct OrtSupportInfo OrtSupportInfo;
typedef struct OrtKernelRegistry OrtKernelRegistry;
typedef struct OrtKernelDefBuilder OrtKernelDefBuilder;
typedef struct OrtKernelDef OrtKernelDef;
typedef struct OrtDataType OrtDataType;
typedef struct OrtLogger OrtLogger;
typedef struct OrtAllocator OrtAllocator;

/* Any function; cast to what it is before it is called. */
typedef void (*OrtFunction)(void);

/* What a library is given when it is loaded. */
typedef struct OrtBase {
    const OrtFunction *(*get_api)(uint32_t version); /* NULL if this one is older than that */
    const char *(*get_version)(void);                /* "1.32.0" */
} OrtBase;

enum { ORT_FAIL = 1, ORT_INVALID_ARGUMENT = 2 }; /* codes of a status */
enum { ORT_TYPE_F32 = 1, ORT_TYPE_F64 = 11 };    /* types of elements */
enum { ORT_DEVICE_CPU = 0 };
enum { ORT_REQUIRED = 0, ORT_OPTIONAL = 1 }; /* inputs of a custom operator */

enum OrtApiPlace {
    /* 1.0 */
    API_CREATE_STATUS = 0,
    API_GET_ERROR_MESSAGE = 2,
    API_CREATE_CUSTOM_OP_DOMAIN = 26,
    API_CUSTOM_OP_DOMAIN_ADD = 27,
    API_ADD_CUSTOM_OP_DOMAIN = 28,
    API_GET_TENSOR_MUTABLE_DATA = 51,
    API_CAST_TYPE_INFO_TO_TENSOR_INFO = 55,
    API_GET_TENSOR_ELEMENT_TYPE = 60,
    API_GET_DIMENSIONS_COUNT = 61,
    API_GET_DIMENSIONS = 62,
    API_GET_TENSOR_TYPE_AND_SHAPE = 65,
    API_KERNEL_INFO_GET_FLOAT = 85,
    API_KERNEL_INFO_GET_INT = 86,
    API_KERNEL_CONTEXT_GET_INPUT_COUNT = 88,
    API_KERNEL_CONTEXT_GET_INPUT = 90,
    API_KERNEL_CONTEXT_GET_OUTPUT = 91,
    API_RELEASE_STATUS = 93,
    API_RELEASE_TYPE_INFO = 98,
    API_RELEASE_TENSOR_INFO = 99,
    API_RELEASE_CUSTOM_OP_DOMAIN = 101,
    /* 1.17 */
    API_KERNEL_INFO_GET_INTS = 163,
    API_KERNEL_INFO_GET_INPUT_COUNT = 230,
    API_KERNEL_INFO_GET_INPUT_TYPE_INFO = 234,
    API_KERNEL_INFO_GET_NODE_NAME = 244,
    API_KERNEL_INFO_GET_CONSTANT_INPUT = 249,
    API_KERNEL_CONTEXT_PARALLEL_FOR = 274,
    /* 1.23 */
    API_VALUE_INFO_GET_TYPE_INFO = 290,
    API_GET_KEY_VALUE = 297,
    API_RELEASE_KEY_VALUE_PAIRS = 300,
    API_HARDWARE_DEVICE_TYPE = 307,
    API_GET_EP_API = 317,
    API_GRAPH_GET_NUM_NODES = 344,
    API_GRAPH_GET_NODES = 345,
    API_NODE_GET_OPERATOR_TYPE = 350,
    API_NODE_GET_DOMAIN = 351,
    API_NODE_GET_NUM_INPUTS = 353,
    API_NODE_GET_INPUTS = 354,
    API_GET_TENSOR_DATA = 378,
    /* 1.24 */
    API_KERNEL_INFO_GET_CONFIG_ENTRIES = 391,
};

enum OrtEpApiPlace {
    /* 1.22 */
    EP_API_CREATE_DEVICE = 0,
    /* 1.24 */
    EP_API_ADD_SINGLE_NODE = 3,
    EP_API_CREATE_REGISTRY = 18,
    EP_API_RELEASE_REGISTRY = 19,
    EP_API_ADD_KERNEL = 20,
    EP_API_CREATE_DEF_BUILDER = 21,
    EP_API_RELEASE_DEF_BUILDER = 22,
    EP_API_DEF_SET_OPERATOR_TYPE = 23,
    EP_API_DEF_SET_DOMAIN = 24,
    EP_API_DEF_SET_SINCE_VERSION = 25,
    EP_API_DEF_SET_PROVIDER = 26,
    EP_API_DEF_ADD_TYPE_CONSTRAINT = 29,
    EP_API_DEF_BUILD = 32,
    EP_API_RELEASE_DEF = 33,
    EP_API_GET_TENSOR_DATA_TYPE = 40,
    EP_API_LOOK_UP_KERNEL = 41,
};

/* Members of the tables that a plugin fills; what is left NULL is optional. */
enum OrtFactoryPlace {
    FACTORY_GET_NAME = 0,
    FACTORY_GET_VENDOR,
    FACTORY_GET_SUPPORTED_DEVICES,
    FACTORY_CREATE_EP,
    FACTORY_RELEASE_EP,
    FACTORY_GET_VENDOR_ID,
    FACTORY_GET_VERSION,
    FACTORY_CREATE_DATA_TRANSFER = 10, /* is called even where it is said to be optional */
    FACTORY_GET_NUM_CUSTOM_OP_DOMAINS = 15,
    FACTORY_GET_CUSTOM_OP_DOMAINS,
    FACTORY_PLACES,
};

enum OrtEpPlace { EP_GET_NAME = 0, EP_GET_CAPABILITY = 1, EP_GET_REGISTRY = 12, EP_PLACES = 14 };

enum OrtKernelPlace { KERNEL_COMPUTE, KERNEL_RELEASE, KERNEL_PREPACK, KERNEL_PLACES = 4 };

enum OrtCustomOpPlace {
    CUSTOM_OP_GET_NAME = 1,
    CUSTOM_OP_GET_PROVIDER,
    CUSTOM_OP_GET_INPUT_TYPE,
    CUSTOM_OP_GET_INPUT_COUNT,
    CUSTOM_OP_GET_OUTPUT_TYPE,
    CUSTOM_OP_GET_OUTPUT_COUNT,
    CUSTOM_OP_DESTROY = 8,
    CUSTOM_OP_GET_INPUT_KIND,
    CUSTOM_OP_GET_OUTPUT_KIND,
    CUSTOM_OP_GET_INPUT_MEMORY,
    CUSTOM_OP_GET_INPUT_MIN,
    CUSTOM_OP_GET_INPUT_SAME,
    CUSTOM_OP_GET_OUTPUT_MIN,
    CUSTOM_OP_GET_OUTPUT_SAME,
    CUSTOM_OP_CREATE,
    CUSTOM_OP_COMPUTE,
    CUSTOM_OP_GET_START_VERSION = 19,
    CUSTOM_OP_GET_END_VERSION,
    CUSTOM_OP_GET_IN_PLACE,
    CUSTOM_OP_RELEASE_IN_PLACE,
    CUSTOM_OP_GET_ALIASES,
    CUSTOM_OP_RELEASE_ALIASES,
    CUSTOM_OP_PLACES,
};

typedef struct OrtFactoryTable {
    uint32_t version;
    OrtFunction at[FACTORY_PLACES];
} OrtFactoryTable;

typedef struct OrtEpTable {
    uint32_t version;
    OrtFunction at[EP_PLACES];
} OrtEpTable;

typedef struct OrtKernelTable {
    uint32_t version, flags;
    OrtFunction at[KERNEL_PLACES];
} OrtKernelTable;

typedef struct OrtCustomOpTable {
    uint32_t version;
    OrtFunction at[CUSTOM_OP_PLACES];
} OrtCustomOpTable;

#endif
