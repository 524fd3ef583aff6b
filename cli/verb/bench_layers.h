/* bench_layers.h: the time of each layer of a network, for `bench`.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_BENCH_LAYERS_H
#define DCN_CLI_BENCH_LAYERS_H

#include "cli/load/kernels.h"
#include "tuner/api/layers.h"

#include <jansson.h>

typedef struct LayerTime {
    int kernel;        /* of the list */
    dcn_timing timing; /* of one run by itself */
    double ns;         /* of as many as there are in a call */
    double inside;     /* ns of all its runs inside the network; of gradients 0, the layer has it */
} LayerTime;

typedef struct LayerTimes {
    LayerList layers;
    LayerTime *time;    /* of each kernel, the one that takes longest inside first */
    double sum, inside; /* ns of all of them */
} LayerTimes;

/* Time each distinct kernel of a network by itself, and inside the network, which is `whole`, run as *opt says.
** Freed by layer_times_free, after a failure too. */
int layer_times_measure(const Kernels *k, const dcn_kernel *whole, const dcn_bench_options *opt,
                        LayerTimes *out, dcn_error *err);
void layer_times_free(LayerTimes *t);

/* whole_ns: of the whole network. */
void layer_times_print(const LayerTimes *t, double whole_ns);
json_t *layer_times_json(const LayerTimes *t);

#endif
