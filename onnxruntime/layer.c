/* layer.c: kernels of a layer are a list under a lock, which is held while one is compiled.
**
** A kernel never leaves the list before the layer closes, so calls use it without the lock.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/layer.h"
#include "onnxruntime/fail.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STATIC_VALUES = 2, ALIGN = 64, NUM_SIZES = 3 };

/* Batch, height, width: DCN_DYNAMIC in the place of any value. */
typedef struct OrtPattern {
    int64_t size[NUM_SIZES];
} OrtPattern;

typedef struct OrtVariant {
    struct OrtVariant *next;
    OrtPattern pattern;
    dcn_kernel *kernel;
    void *packed; /* NULL: weights are packed in every call */
} OrtVariant;

/* Memory that a call leaves for the next one. */
typedef struct OrtSpare {
    void *memory;
    size_t bytes;
} OrtSpare;

struct OrtLayer {
    dcn_spec spec;
    int noperands, weight; /* how many, and which of them is the weight; -1: none */
    int threads;
    bool constant;
    pthread_mutex_t lock; /* of all below */
    OrtVariant *variants;
    int64_t seen[NUM_SIZES][STATIC_VALUES];
    int num_seen[NUM_SIZES]; /* STATIC_VALUES + 1: the size is dynamic */
    bool is_bound;           /* to sizes, with which the operands are these */
    dcn_sizes sizes;
    dcn_tensor operand[ORT_MAX_OPERANDS];
    OrtSpare spare;
};

static int weight_of(const dcn_tensor *operand, int n)
{
    int i = n - 1;
    while (i >= 0 && operand[i].role != DCN_WEIGHT)
        i--;
    return i;
}

OrtLayer *ort_layer_open(const dcn_spec *spec, int threads, bool constant, dcn_error *err)
{
    dcn_tensor operand[ORT_MAX_OPERANDS];
    if (dcn_spec_check(spec, err))
        return NULL;
    OrtLayer *l = calloc(1, sizeof *l);
    if (!l) {
        ort_error(err, DCN_EENV, "no memory");
        return NULL;
    }
    l->spec = *spec;
    l->noperands = dcn_spec_tensors(spec, operand, ORT_MAX_OPERANDS);
    assert(l->noperands <= ORT_MAX_OPERANDS);
    l->weight = weight_of(operand, l->noperands);
    l->threads = threads;
    l->constant = constant;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

static void free_variant(OrtVariant *v)
{
    dcn_kernel_free(v->kernel);
    free(v->packed);
    free(v);
}

void ort_layer_close(OrtLayer *l)
{
    if (!l)
        return;
    for (OrtVariant *v = l->variants, *next; v; v = next) {
        next = v->next;
        free_variant(v);
    }
    free(l->spare.memory);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

const dcn_spec *ort_layer_spec(const OrtLayer *l)
{
    return &l->spec;
}

/* With the lock held. */
static int bind(OrtLayer *l, dcn_sizes sizes, dcn_error *err)
{
    dcn_spec bound;
    l->is_bound = false;
    if (dcn_spec_bind(&l->spec, sizes, &bound, err))
        return -1;
    dcn_spec_tensors(&bound, l->operand, ORT_MAX_OPERANDS);
    l->sizes = sizes;
    l->is_bound = true;
    return 0;
}

static bool is_bound_to(const OrtLayer *l, dcn_sizes s)
{
    const dcn_sizes *b = &l->sizes;
    return l->is_bound && b->batch == s.batch && b->height == s.height && b->width == s.width;
}

int ort_layer_operands(OrtLayer *l, dcn_sizes sizes, dcn_tensor *out, dcn_error *err)
{
    pthread_mutex_lock(&l->lock);
    const int failed = is_bound_to(l, sizes) ? 0 : bind(l, sizes, err);
    memcpy(out, l->operand, (size_t)l->noperands * sizeof *out);
    pthread_mutex_unlock(&l->lock);
    return failed ? -1 : l->noperands;
}

/* ---- which kernel ------------------------------------------------------------------------ */

static OrtPattern pattern_of(dcn_sizes s)
{
    return (OrtPattern){ { s.batch, s.height, s.width } };
}

static OrtVariant *find(const OrtLayer *l, const OrtPattern *p)
{
    OrtVariant *v = l->variants;
    while (v && memcmp(&v->pattern, p, sizeof *p) != 0)
        v = v->next;
    return v;
}

/* Notes a value of a size: what stands in a pattern for it. */
static int64_t static_or_dynamic(OrtLayer *l, int i, int64_t size)
{
    for (int k = 0; k < l->num_seen[i] && k < STATIC_VALUES; k++) {
        if (l->seen[i][k] == size)
            return l->num_seen[i] > STATIC_VALUES ? DCN_DYNAMIC : size;
    }
    if (l->num_seen[i] < STATIC_VALUES)
        l->seen[i][l->num_seen[i]] = size;
    if (l->num_seen[i] <= STATIC_VALUES)
        l->num_seen[i]++;
    return l->num_seen[i] > STATIC_VALUES ? DCN_DYNAMIC : size;
}

static void *allocate(size_t bytes, dcn_error *err)
{
    void *memory = aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN + ALIGN);
    if (!memory)
        ort_error(err, DCN_EENV, "no memory for %zu bytes", bytes);
    return memory;
}

static int pack(const dcn_kernel *k, const void *weight, void **packed, dcn_error *err)
{
    *packed = allocate(dcn_kernel_packed_bytes(k), err);
    return *packed ? dcn_pack_weights(k, weight, *packed) : -1;
}

static OrtVariant *compile(const OrtLayer *l, const OrtPattern *p, const void *weight,
                           dcn_error *err)
{
    dcn_spec spec = l->spec;
    const dcn_options options = { .threads = l->threads };
    spec.batch = p->size[0];
    spec.height = p->size[1];
    spec.width = p->size[2];
    if (l->constant && !weight) {
        ort_error(err, DCN_EUSAGE, "an input of %lld x %lld x %lld, which the model says it is not",
                  (long long)spec.batch, (long long)spec.height, (long long)spec.width);
        return NULL;
    }
    OrtVariant *v = calloc(1, sizeof *v);
    if (!v) {
        ort_error(err, DCN_EENV, "no memory");
        return NULL;
    }
    v->pattern = *p;
    if (dcn_compile(&spec, &options, &v->kernel, err) ||
        (l->constant && pack(v->kernel, weight, &v->packed, err))) {
        free_variant(v);
        return NULL;
    }
    return v;
}

/* With the lock held. */
static OrtVariant *find_or_compile(OrtLayer *l, dcn_sizes sizes, const void *weight, dcn_error *err)
{
    OrtPattern p = pattern_of(sizes);
    OrtVariant *v = find(l, &p);
    if (v)
        return v;
    for (int i = 0; i < NUM_SIZES; i++)
        p.size[i] = static_or_dynamic(l, i, p.size[i]);
    v = find(l, &p);
    if (!v && (v = compile(l, &p, weight, err))) {
        v->next = l->variants;
        l->variants = v;
    }
    return v;
}

static OrtVariant *get_variant(OrtLayer *l, dcn_sizes sizes, const void *weight, dcn_error *err)
{
    pthread_mutex_lock(&l->lock);
    OrtVariant *v = find_or_compile(l, sizes, weight, err);
    pthread_mutex_unlock(&l->lock);
    return v;
}

int ort_layer_prepare(OrtLayer *l, dcn_sizes sizes, const void *weight, dcn_error *err)
{
    return get_variant(l, sizes, weight, err) ? 0 : -1;
}

/* ---- a call ------------------------------------------------------------------------------ */

static OrtSpare take_spare(OrtLayer *l, size_t bytes, dcn_error *err)
{
    pthread_mutex_lock(&l->lock);
    OrtSpare spare = l->spare;
    l->spare = (OrtSpare){ NULL, 0 };
    pthread_mutex_unlock(&l->lock);
    if (spare.memory && spare.bytes >= bytes)
        return spare;
    free(spare.memory);
    return (OrtSpare){ allocate(bytes, err), bytes };
}

/* The larger one stays. */
static void give_spare(OrtLayer *l, OrtSpare spare)
{
    pthread_mutex_lock(&l->lock);
    if (spare.bytes >= l->spare.bytes) {
        const OrtSpare other = l->spare;
        l->spare = spare;
        spare = other;
    }
    pthread_mutex_unlock(&l->lock);
    free(spare.memory);
}

static int execute(OrtLayer *l, const OrtVariant *v, const OrtLayerCall *call, const void *packed,
                   dcn_error *err)
{
    const void *operand[ORT_MAX_OPERANDS];
    memcpy(operand, call->operand, sizeof operand);
    if (l->weight >= 0)
        operand[l->weight] = packed;
    const size_t bytes = dcn_kernel_workspace_bytes(v->kernel, call->sizes, l->threads);
    OrtSpare spare = take_spare(l, bytes, err);
    if (!spare.memory)
        return -1;
    const dcn_call c = { .ntensors = l->noperands,
                         .tensor = (void *const *)operand,
                         .batch = call->sizes.batch,
                         .height = call->sizes.height,
                         .width = call->sizes.width,
                         .workspace = spare.memory,
                         .threads = l->threads,
                         .parallel_for = call->loop,
                         .parallel_self = call->loop_self };
    const int failed = dcn_execute(v->kernel, &c, err);
    give_spare(l, spare);
    return failed;
}

int ort_layer_run(OrtLayer *l, const OrtLayerCall *call, dcn_error *err)
{
    const void *weight = l->weight >= 0 ? call->operand[l->weight] : NULL;
    const OrtVariant *v = get_variant(l, call->sizes, weight, err);
    if (!v)
        return -1;
    if (v->packed || l->weight < 0)
        return execute(l, v, call, v->packed, err);
    void *packed = NULL;
    const int failed = pack(v->kernel, weight, &packed, err) || execute(l, v, call, packed, err);
    free(packed);
    return failed ? -1 : 0;
}
