/* layers.h: a network as the kernels that it is made of: those of its operators, and of what is between them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_LAYERS_H
#define DCN_TUNER_LAYERS_H

#include "runtime/spec/network.h"
#include "tuner/api/choose.h"

/* One kernel, for all layers that compute the same. */
typedef struct LayerKernel {
    char name[NET_NAME_MAX]; /* of the first of them */
    const char *does;        /* "conv2d" */
    dcn_spec spec;  /* a kernel of its own; of a layer that is no operator a network of it */
    int times;      /* how often it runs in a call */
    char *schedule; /* of an operator; else NULL: there is nothing to choose */
    dcn_origin origin;
    double gain; /* as tuned; 0: unknown */
} LayerKernel;

typedef struct LayerList {
    int n;
    LayerKernel *kernel; /* operators first */
    dcn_network *net;    /* as it is compiled: modules in parts */
    int *of;             /* of each of its layers: the number of its kernel */
    dcn_choice what;     /* of the network */
} LayerList;

/* The kernels of a network, or of its gradients, with the schedules that opt, the store or a guess has for
** them.  Gradients are kernels of their own, and no layer's; layers between operators are then left out, and
** `of` is -1.  Freed by layers_close, after a failure too. */
int layers_open(const dcn_spec *s, const dcn_options *opt, LayerList *out, dcn_error *err);
void layers_close(LayerList *l);

/* The median time in ns of each of the n layers of a network as it is compiled, inside calls of its kernel: of all
** their phases, of one that several layers share the part that is estimated; without the changes of layout at the
** edges, which are no layer's. */
int layers_time(const dcn_kernel *k, const dcn_bench_options *opt, int n, double *layer_ns,
                dcn_error *err);

#endif
