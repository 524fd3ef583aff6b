/* glue_kinds.h: what the files of the reference of glue share.
**
** A kind of layer is two functions of one element of the output: what it is before the activation, and
** what the gradient of that adds to those of the arguments.  Nobody walks the output but glue.c.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_GLUE_KINDS_H
#define DCN_RUNTIME_REFERENCE_GLUE_KINDS_H

#include "runtime/reference/glue.h"

typedef struct RefGlue {
    const dcn_network *net;
    const net_layer *layer;
    net_shape out;
    const double *const *arg;
    double *const *grad; /* by argument; NULL: not wanted */
} RefGlue;

/* at: image, row, column and channel of an element of the output.  e is not 0. */
typedef struct RefGlueKind {
    double (*value)(const RefGlue *r, const int64_t at[4]);
    void (*back)(const RefGlue *r, const int64_t at[4], double e);
} RefGlueKind;

/* The shape of argument i; a parameter is a vector of channels. */
net_shape ref_glue_shape(const RefGlue *r, int i);

/* Where an element of a map of that shape lies; along an axis of size 1 there is only one. */
int64_t ref_glue_at(net_shape s, const int64_t at[4]);

/* Element `where` of argument i, and what its gradient gets, if it is wanted. */
double ref_glue_get(const RefGlue *r, int i, int64_t where);
void ref_glue_add(const RefGlue *r, int i, int64_t where, double e);

extern const RefGlueKind ref_glue_add_kind, ref_glue_mul, ref_glue_concat, ref_glue_slice,
    ref_glue_activation, ref_glue_reshape, ref_glue_blend;     /* glue_join.c */
extern const RefGlueKind ref_glue_layer_norm;                  /* glue_norm.c */
extern const RefGlueKind ref_glue_max_pool, ref_glue_avg_pool; /* glue_pool.c */
extern const RefGlueKind ref_glue_resize;                      /* glue_resize.c */

#endif
