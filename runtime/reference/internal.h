/* internal.h: what the files of the reference share.
**
** An operator is a function that computes output channels of one pixel (or bin); its opener makes
** what that needs.  Modules open the operators that they are made of, one after another, and let
** the last one compute the pixels.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_INTERNAL_H
#define DCN_RUNTIME_REFERENCE_INTERNAL_H

#include "runtime/reference/operators.h"
#include "runtime/reference/reference.h"
#include "runtime/spec/activation.h"
#include "runtime/spec/stages.h"

/* A tensor of images: n, c, y, x in either layout. */
typedef struct ref_map {
    const double *v;
    int64_t c, h, w;
    bool nhwc;
} ref_map;

/* Output channels outs[0] <= o < outs[1] of one pixel into value[o - outs[0]]. */
typedef void (*ref_pixel)(const rt_ref *r, int64_t n, const int64_t pq[2], const int64_t outs[2],
                          double *value);

enum { REF_MADE = RT_NUM_PLAIN + 2 * RT_MAX_STAGES };

struct rt_ref {
    dcn_spec s;
    const double *tensor[RT_NUM_OPERANDS]; /* by rt_operand; NULL: there is none */
    ref_map input, offset, mask, residual, output;
    const double *weight, *bias, *scale, *shift;
    ref_pixel pixel;
    double *scratch;        /* of pixel: C*K numbers */
    double *made[REF_MADE]; /* tensors made on the way */
    int nmade;
    rt_ref *last;                   /* the operator that computes the pixels of a module, or NULL */
    double *whole[RT_NUM_OPERANDS]; /* outputs computed when it was opened: gradients, and those of
                                     ** networks; else NULL */
};

int64_t ref_at(const ref_map *t, int64_t n, int64_t c, int64_t y, int64_t x);

/* t[n][c][y][x], or 0 outside the image */
double ref_value(const ref_map *t, int64_t n, int64_t c, int64_t y, int64_t x);

/* Along one axis: pixel `whole`, an integer, and `part` of the way to the next.  0 <= part <= 1,
** where 1 is the rounding of a part just below it. */
typedef struct ref_coord {
    double whole, part;
} ref_coord;

/* The coordinate base + offset of an integer base, as the offset's own floor and fraction: the sum
** is never rounded, so a coordinate is on the side of a pixel on which it really is.  NaN and
** infinities give such. */
ref_coord ref_coord_of(double base, double offset);

/* S of SEMANTICS 1.1 to 1.3: 0 at NaN and infinities. */
double ref_bilinear(const ref_map *t, dcn_border border, int64_t n, int64_t c,
                    const ref_coord yx[2]);

/* One channel of one image. */
typedef struct ref_plane {
    const ref_map *map;
    int64_t n, c;
} ref_plane;

/* Add u * S's derivative by the plane to `to`, a map as p->map: u times the weight of each corner inside. */
void ref_scatter(const ref_plane *p, double *to, dcn_border border, const ref_coord yx[2],
                 double u);

/* The slopes of S along y and x, right-hand where it has a kink: 0 where S is not valid, but for what
** `at_edge` says of -1. */
void ref_slopes(const ref_plane *p, dcn_border border, dcn_gradient_border at_edge,
                const ref_coord yx[2], double slope[2]);

/* An operand as a map of `channels` as large as the output; .v NULL: there is none. */
ref_map ref_output_map(const rt_ref *r, rt_operand which, int64_t channels);

/* act((sum + bias) * scale + shift + residual) */
double ref_finish(const rt_ref *r, double sum, int64_t n, int64_t o, const int64_t pq[2]);
double ref_activate(rt_activation a, double x);
double ref_activate_slope(rt_activation a, double x);
double ref_sigmoid(double x);

/* softmax of v[0], v[stride], ..: element k of n */
double ref_softmax(const double *v, int64_t stride, int64_t n, int64_t k);

/* rt_ref_open with the operands by rt_operand; those that s does not have are not read. */
rt_ref *ref_open(const dcn_spec *s, const double *const tensor[RT_NUM_OPERANDS]);

/* The output, nhwc or nchw, of those pixels of which `where`, shaped as it, has an element that is not 0; NULL: of all.
** What is not computed stays.  0, or -1 without memory. */
int ref_values_where(const rt_ref *r, const double *where, double *to);

/* Memory that rt_ref_close frees; NULL if there is none. */
double *ref_make(rt_ref *r, int64_t n);

/* Image (or region), channel, row and column of element i of a map. */
void ref_locate(const ref_map *t, int64_t i, int64_t ncyx[4]);

/* ---- gradients ------------------------------------------------------------------------------
**
** What an operator does backwards: from the gradient of its output, those of operands, to which it
** adds.  Operands that these do not need (runtime/spec/gradient.h) are NULL.  A gradient of 0 adds
** nothing, whatever it would be multiplied with.  All return 0, or -1 without memory. */
typedef struct ref_back {
    dcn_spec s; /* computing the output */
    const double *tensor[RT_NUM_OPERANDS];
    const double *g;          /* gradient of the output, shaped as it */
    double *to[RT_NUM_PLAIN]; /* by operand; NULL: not wanted */
} ref_back;

/* Where samples of several channels look, and what is wanted of them backwards: a map as the input's, d_m, and the sums
** of u * m * dS/dY and dS/dX, each added to; NULL: not wanted. */
typedef struct ref_sample {
    dcn_border border;
    dcn_gradient_border at_edge;
    ref_coord yx[2];
    double m;
    double *to, *d_m, *slopes;
} ref_sample;

/* What the sample of one channel adds, with the gradient u of m * S. */
void ref_back_sample(const ref_sample *x, const ref_plane *p, double u);

/* The gradient of the sums that ref_finish, or the activation alone, was given; adds those of bias,
** scale, shift and residual.  malloc'ed; NULL without memory. */
double *ref_back_finish(const ref_back *b);

/* Whether a gradient is wanted of anything that the sums are made of. */
bool ref_back_wants_sum(const ref_back *b);

/* Gradients of logits from the gradients d of what they make: n numbers from v on, `stride` apart, added to
** `to`, with the same strides. */
void ref_back_softmax(const double *v, const double *d, int64_t stride, int64_t n, double *to);
double ref_back_sigmoid(double logit, double d);

#endif
