/* custom.c: the operators of mmcv and mmdeploy, InternImage's among them, as custom operators.
**
** They have kernels, too, for programs that load this library for its operators and know no execution provider.
** The tables are constant, for nobody says when the last session that uses one is gone.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/custom.h"
#include "onnxruntime/node.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct OrtCustomOp {
    OrtCustomOpTable table; /* first */
    int op;                 /* of ops.h */
} OrtCustomOp;

static const OrtOp *op_of(const OrtCustomOpTable *self)
{
    return ort_op(((const OrtCustomOp *)self)->op);
}

static const char *get_name(const OrtCustomOpTable *self)
{
    return op_of(self)->name;
}

/* The CPU's. */
static const char *get_provider(const OrtCustomOpTable *self)
{
    (void)self;
    return NULL;
}

static int get_type(const OrtCustomOpTable *self, size_t i)
{
    (void)self;
    (void)i;
    return ORT_TYPE_F32;
}

static size_t get_input_count(const OrtCustomOpTable *self)
{
    return (size_t)op_of(self)->inputs;
}

static size_t get_output_count(const OrtCustomOpTable *self)
{
    (void)self;
    return 1;
}

static int get_input_kind(const OrtCustomOpTable *self, size_t i)
{
    return i < (size_t)op_of(self)->required ? ORT_REQUIRED : ORT_OPTIONAL;
}

static int get_zero(const OrtCustomOpTable *self, size_t i)
{
    (void)self;
    (void)i;
    return 0;
}

static int get_one(const OrtCustomOpTable *self)
{
    (void)self;
    return 1;
}

static size_t get_pairs(int **input, int **output)
{
    *input = *output = NULL;
    return 0;
}

static void release_pairs(int *input, int *output)
{
    (void)input;
    (void)output;
}

static OrtStatus *create(const OrtCustomOpTable *self, const OrtFunction *api,
                         const OrtKernelInfo *info, void **node)
{
    OrtCalls c;
    OrtNodeState *state = NULL;
    ort_calls_read(api, &c);
    OrtStatus *status = ort_node_open(&c, op_of(self), info, &state);
    *node = state;
    return status;
}

static OrtStatus *compute(void *node, OrtKernelContext *context)
{
    return ort_node_run(node, context);
}

static void destroy(void *node)
{
    ort_node_close(node);
}

#define CUSTOM_OP(i)                                                                               \
    {                                                                                              \
        .op = (i), .table = {                                                                      \
            .version = ORT_VERSION,                                                                \
            .at = { [CUSTOM_OP_GET_NAME] = (OrtFunction)get_name,                                  \
                    [CUSTOM_OP_GET_PROVIDER] = (OrtFunction)get_provider,                          \
                    [CUSTOM_OP_GET_INPUT_TYPE] = (OrtFunction)get_type,                            \
                    [CUSTOM_OP_GET_INPUT_COUNT] = (OrtFunction)get_input_count,                    \
                    [CUSTOM_OP_GET_OUTPUT_TYPE] = (OrtFunction)get_type,                           \
                    [CUSTOM_OP_GET_OUTPUT_COUNT] = (OrtFunction)get_output_count,                  \
                    [CUSTOM_OP_DESTROY] = (OrtFunction)destroy,                                    \
                    [CUSTOM_OP_GET_INPUT_KIND] = (OrtFunction)get_input_kind,                      \
                    [CUSTOM_OP_GET_OUTPUT_KIND] = (OrtFunction)get_zero,                           \
                    [CUSTOM_OP_GET_INPUT_MEMORY] = (OrtFunction)get_zero,                          \
                    [CUSTOM_OP_GET_INPUT_MIN] = (OrtFunction)get_one,                              \
                    [CUSTOM_OP_GET_INPUT_SAME] = (OrtFunction)get_one,                             \
                    [CUSTOM_OP_GET_OUTPUT_MIN] = (OrtFunction)get_one,                             \
                    [CUSTOM_OP_GET_OUTPUT_SAME] = (OrtFunction)get_one,                            \
                    [CUSTOM_OP_CREATE] = (OrtFunction)create,                                      \
                    [CUSTOM_OP_COMPUTE] = (OrtFunction)compute,                                    \
                    [CUSTOM_OP_GET_START_VERSION] = (OrtFunction)get_one,                          \
                    [CUSTOM_OP_GET_END_VERSION] = (OrtFunction)get_one,                            \
                    [CUSTOM_OP_GET_IN_PLACE] = (OrtFunction)get_pairs,                             \
                    [CUSTOM_OP_RELEASE_IN_PLACE] = (OrtFunction)release_pairs,                     \
                    [CUSTOM_OP_GET_ALIASES] = (OrtFunction)get_pairs,                              \
                    [CUSTOM_OP_RELEASE_ALIASES] = (OrtFunction)release_pairs }                     \
        }                                                                                          \
    }

/* Operator 0 is ai.onnx's own. */
static const OrtCustomOp custom[] = { CUSTOM_OP(1), CUSTOM_OP(2), CUSTOM_OP(3), CUSTOM_OP(4),
                                      CUSTOM_OP(5) };

OrtStatus *ort_domains_open(const OrtCalls *c, OrtDomains *d)
{
    const char *last = "";
    OrtStatus *status = NULL;
    d->n = 0;
    for (size_t i = 0; i < sizeof custom / sizeof *custom && !status; i++) {
        const char *name = op_of(&custom[i].table)->domain;
        if (strcmp(name, last) != 0) {
            status = c->create_domain(name, &d->domain[d->n]);
            d->n += !status;
        }
        last = name;
        if (!status)
            status = c->domain_add(d->domain[d->n - 1], &custom[i].table);
    }
    if (status)
        ort_domains_close(c, d);
    return status;
}

void ort_domains_close(const OrtCalls *c, OrtDomains *d)
{
    while (d->n > 0)
        c->release_domain(d->domain[--d->n]);
}

/* ---- domains that stay ----------------------------------------------------------------------- */

/* What is kept for one ONNX Runtime: a process may hold several, which differ in where their functions are. */
typedef struct OrtKept {
    struct OrtKept *next;
    OrtStatus *(*owner)(const char *, OrtCustomOpDomain **);
    OrtDomains domains;
} OrtKept;

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static OrtKept *kept;

/* With the lock held. */
static OrtStatus *keep(const OrtCalls *c, OrtKept **out)
{
    OrtKept *k = calloc(1, sizeof *k);
    OrtStatus *status =
        k ? ort_domains_open(c, &k->domains) : c->create_status(ORT_FAIL, "dcngen: no memory");
    if (status) {
        free(k);
        return status;
    }
    k->owner = c->create_domain;
    k->next = kept;
    kept = *out = k;
    return NULL;
}

OrtStatus *ort_domains_shared(const OrtCalls *c, OrtDomains *d)
{
    OrtStatus *status = NULL;
    pthread_mutex_lock(&kept_lock);
    OrtKept *k = kept;
    while (k && k->owner != c->create_domain)
        k = k->next;
    if (!k)
        status = keep(c, &k);
    if (k)
        *d = k->domains;
    pthread_mutex_unlock(&kept_lock);
    return status;
}
