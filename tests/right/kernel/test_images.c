/* test_images.c: kernels that copy their input do it some images at a time, and nobody sees it.
**
** Batches of several blocks (codegen/kernel/image_blocks.h), static and dynamic: each image gives the bits that it
** gives alone, whatever the number of threads; regions may be in any order, and of no image.  The workspace has two
** blocks at most beside what threads need, however large the batch is.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/kernel/image_blocks.h"
#include "runtime/base/tensor.h"
#include "tests/right/kernel/called.h"
#include "tests/support/case.h"
#include "tests/support/thin.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 5, ROIS = 23, HEIGHT = 136, WIDTH = 140 };

/* An image of 32 channels is a block of its own, of 12 there are three to a block of a batch of 5. */
typedef struct Row {
    dcn_op op;
    dcn_layout layout;
    const char *schedule; /* NULL: what is guessed */
    int channels, offset_groups, ps_groups;
} Row;

static const Row rows[] = {
    { DCN_OP_CONV2D, DCN_NCHW, "tiled", 32, 1, 0 },
    { DCN_OP_CONV2D, DCN_NCHW, "tiled grain=4", 12, 1, 0 },
    { DCN_OP_DEFORM_CONV2D, DCN_NCHW, "tiled", 32, 1, 0 },
    { DCN_OP_DEFORM_CONV2D, DCN_NCHW, "tiled repack=1", 32, 4, 0 },
    { DCN_OP_DEFORM_CONV2D, DCN_NHWC, "tiled repack=1", 32, 4, 0 },
    { DCN_OP_ROI_ALIGN, DCN_NCHW, "roi repack=1", 32, 1, 0 },
    { DCN_OP_ROI_ALIGN, DCN_NCHW, "roi repack=1 bin_rows=1", 12, 1, 0 },
    { DCN_OP_ROI_POOL, DCN_NCHW, "roi repack=1", 32, 1, 0 },
    { DCN_OP_PS_ROI_ALIGN, DCN_NHWC, "roi repack=1", 32, 1, 2 },
    { DCN_OP_DEFORM_ROI_POOL, DCN_NCHW, "roi repack=1", 32, 1, 0 },
    { DCN_OP_DEFORM_CONV2D_PACK, DCN_NCHW, NULL, 32, 1, 0 },
    { DCN_OP_SEPARABLE_CONV2D, DCN_NCHW, NULL, 32, 1, 0 },
    { DCN_OP_DEFORM_ROI_POOL_PACK, DCN_NCHW, NULL, 32, 1, 0 },
};
enum { NROWS = sizeof rows / sizeof *rows };

static bool has_regions(const dcn_spec *s)
{
    return s->rois != 0;
}

static dcn_spec spec_of(const Row *r, int64_t batch)
{
    dcn_spec s = case_spec(r->op, r->channels, 8, HEIGHT, WIDTH);
    s.batch = batch;
    s.layout = r->layout;
    s.offset_groups = r->offset_groups;
    s.stride[0] = s.stride[1] = 4;
    const bool regions = strstr(dcn_op_name(r->op), "roi") != NULL;
    if (regions) {
        dcn_spec_init(&s, r->op);
        strcpy(s.name, "k");
        s.batch = batch;
        s.height = HEIGHT;
        s.width = WIDTH;
        s.layout = r->layout;
        s.rois = ROIS;
        s.in_channels = s.out_channels = r->channels;
        s.pooled[0] = s.pooled[1] = 2;
        s.sampling_ratio = r->op == DCN_OP_ROI_POOL ? 0 : 2;
        s.fc_channels = r->op == DCN_OP_DEFORM_ROI_POOL_PACK ? 16 : s.fc_channels;
    }
    if (r->ps_groups)
        s.out_channels = r->channels / (r->ps_groups * r->ps_groups);
    dcn_spec_complete(&s);
    return s;
}

static dcn_spec dynamic(dcn_spec s)
{
    s.batch = s.height = s.width = DCN_DYNAMIC;
    s.rois = s.rois ? DCN_DYNAMIC : 0;
    return s;
}

static const char *name_of(const Row *r)
{
    static char text[96];
    snprintf(text, sizeof text, "%s of %d channels, %s", dcn_op_name(r->op), r->channels,
             r->layout == DCN_NCHW ? "nchw" : "nhwc");
    return text;
}

static dcn_kernel *compiled(const Row *r, const dcn_spec *s, const char *schedule)
{
    dcn_error err;
    dcn_kernel *k = NULL;
    const dcn_options opt = { .schedule = schedule };
    cr_assert_eq(dcn_compile(s, &opt, &k, &err), 0, "%s: %s", name_of(r), err.text);
    return k;
}

/* ---- results ----------------------------------------------------------------------------- */

/* Operands of a batch, and of one of its images. */
typedef struct Batch {
    const Row *row;
    Operands o;
    void *plain[RT_NUM_OPERANDS];
} Batch;

static float *rois_of(const Batch *b, void *const plain[RT_NUM_OPERANDS])
{
    return plain[rt_operand_at(&b->o.spec, RT_ROIS)];
}

/* Some regions are of no image, as those of other numbers or of none are. */
static void open_batch(Batch *b, const Row *r, const dcn_kernel *k)
{
    dcn_error err;
    const dcn_spec bound = spec_of(r, BATCH);
    rt_rng rng = rt_rng_seed(7);
    TuneCase ordinary = tune_ordinary(1.5);
    b->row = r;
    cr_assert(!tune_operands_open(&b->o, k, &bound, &err) && !tune_fill_inputs(&b->o, &rng, &err),
              "%s: %s", name_of(r), err.text);
    tune_fill_case(&b->o, &ordinary, &rng);
    plain_tensors(&b->o, b->plain);
    if (!has_regions(&bound))
        return;
    float *rois = rois_of(b, b->plain);
    for (int i = 0; i < ROIS; i++)
        rois[5 * i] = (float)((i * 7 + 3) % BATCH);
    rois[5 * 2] = -1;
    rois[5 * 4] = BATCH;
    rois[5 * 6] = NAN;
    rois[5 * 8 + 3] = INFINITY;
}

static void close_batch(Batch *b)
{
    for (int i = 0; i < b->o.n; i++)
        free(b->plain[i]);
    tune_operands_close(&b->o);
}

/* The region is of image n. */
static bool is_of(const float *roi, int64_t n)
{
    return roi[0] == (float)n && isfinite(roi[3]);
}

/* Image n alone: its part of every tensor that has one, and regions of other images are of none. */
static Guarded alone(const Batch *b, const dcn_kernel *k, int64_t n)
{
    const dcn_spec one = spec_of(b->row, 1);
    dcn_tensor t[RT_NUM_OPERANDS];
    const int count = dcn_spec_tensors(&one, t, RT_NUM_OPERANDS);
    void *plain[RT_NUM_OPERANDS], *rois = malloc(ROIS * 5 * sizeof(float));
    for (int i = 0; i < count; i++) {
        const int64_t elements = rt_tensor_count(&t[i]);
        const bool part = b->o.count[i] != elements;
        plain[i] = (float *)b->plain[i] + (part ? n * elements : 0);
    }
    if (has_regions(&one)) {
        memcpy(rois, rois_of(b, b->plain), ROIS * 5 * sizeof(float));
        for (int i = 0; i < ROIS; i++)
            ((float *)rois)[5 * i] = is_of((float *)rois + 5 * i, n) ? 0 : -1;
        plain[rt_operand_at(&one, RT_ROIS)] = rois;
    }
    Guarded out = called(k, &one, plain, 1, GUARD_AFTER);
    free(rois);
    return out;
}

/* Outputs of a batch that are those of its image n alone: all its own, or those of its regions; the
** regions of no image are 0. */
static int64_t differing(const Batch *b, const Guarded *batch, const Guarded *one, int64_t n)
{
    const float *x = batch->at, *y = one->at;
    const int64_t elements = (int64_t)(one->bytes / sizeof *y), each = elements / ROIS;
    int64_t differ = 0;
    if (!has_regions(&b->o.spec))
        return memcmp(x + n * elements, y, one->bytes) != 0;
    for (int i = 0; i < ROIS; i++) {
        const float *roi = rois_of(b, b->plain) + (int64_t)5 * i;
        const bool none = !(roi[0] >= 0 && roi[0] < BATCH && isfinite(roi[3]));
        if (none || is_of(roi, n))
            differ += memcmp(x + i * each, y + i * each, (size_t)each * sizeof *x) != 0;
    }
    return differ;
}

static void check_results(const Row *r, const dcn_kernel *k, const dcn_kernel *single)
{
    Batch b;
    open_batch(&b, r, k);
    Guarded few = called(k, &b.o.spec, b.plain, 1, GUARD_AFTER);
    Guarded many = called(k, &b.o.spec, b.plain, 3, GUARD_AFTER);
    cr_expect(!memcmp(few.at, many.at, few.bytes), "%s: 3 threads change the result", name_of(r));
    for (int64_t n = 0; n < BATCH; n++) {
        Guarded one = alone(&b, single, n);
        cr_expect_eq(differing(&b, &few, &one, n), 0, "%s: image %lld is not as alone", name_of(r),
                     (long long)n);
        guarded_free(&one);
    }
    guarded_free(&few);
    guarded_free(&many);
    close_batch(&b);
}

Test(images, of_a_static_batch_are_as_alone)
{
    for (int i = 0; i < NROWS; i++) {
        if (!thin_takes(THIN_LAWS))
            continue;
        const dcn_spec all = spec_of(&rows[i], BATCH), one = spec_of(&rows[i], 1);
        dcn_kernel *k = compiled(&rows[i], &all, rows[i].schedule);
        dcn_kernel *single = compiled(&rows[i], &one, dcn_kernel_schedule(k));
        check_results(&rows[i], k, single);
        dcn_kernel_free(single);
        dcn_kernel_free(k);
    }
}

Test(images, of_a_dynamic_batch_are_as_alone)
{
    for (int i = 0; i < NROWS; i++) {
        if (!thin_takes(THIN_LAWS))
            continue;
        const dcn_spec s = dynamic(spec_of(&rows[i], BATCH));
        dcn_kernel *k = compiled(&rows[i], &s, rows[i].schedule);
        check_results(&rows[i], k, k);
        dcn_kernel_free(k);
    }
}

/* ---- workspace --------------------------------------------------------------------------- */

static int64_t workspace_of(const dcn_kernel *k, int64_t batch)
{
    const dcn_sizes sizes = { batch, HEIGHT, WIDTH, ROIS };
    return (int64_t)dcn_kernel_workspace_bytes(k, sizes, 2);
}

/* The workspace of a batch is bounded by that of one image; a copy may be read a vector beyond its end. */
static void expect_bounded(const Row *r, int64_t batch, int64_t bytes, int64_t one)
{
    enum { VECTOR = 64 };
    const int64_t image = (int64_t)r->channels * HEIGHT * WIDTH * 4;
    const int64_t fit = IMAGE_BLOCK_BYTES / image, most = (fit > 1 ? 2 * fit : 2) - 1;
    cr_expect_leq(bytes, one + most * (image + VECTOR) + VECTOR,
                  "%s, batch %lld: %lld bytes, of one image %lld", name_of(r), (long long)batch,
                  (long long)bytes, (long long)one);
}

Test(images, are_held_two_blocks_at_a_time)
{
    static const int64_t batches[] = { 2, 7, 1000 };
    for (int i = 0; i < NROWS; i++) {
        if (!thin_takes(THIN_LAWS))
            continue;
        const dcn_spec one = spec_of(&rows[i], 1), s = dynamic(one);
        if (!rows[i].schedule)
            continue; /* between its stages a module keeps maps of the whole batch */
        dcn_kernel *any = compiled(&rows[i], &s, rows[i].schedule);
        dcn_kernel *single = compiled(&rows[i], &one, rows[i].schedule);
        const int64_t least = workspace_of(single, 1);
        for (int j = 0; j < 3; j++) {
            const dcn_spec many = spec_of(&rows[i], batches[j]);
            dcn_kernel *k = compiled(&rows[i], &many, dcn_kernel_schedule(single));
            expect_bounded(&rows[i], batches[j], workspace_of(k, batches[j]), least);
            expect_bounded(&rows[i], batches[j], workspace_of(any, batches[j]),
                           workspace_of(any, 1));
            dcn_kernel_free(k);
        }
        dcn_kernel_free(single);
        dcn_kernel_free(any);
    }
}
