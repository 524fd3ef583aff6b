/* internal.h: what the files of this folder share: the networks that are run, and their kernels.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_INTERNAL_H
#define DCN_TUNER_SUPPORT_INTERNAL_H

#include "runtime/base/base.h"
#include "tuner/support/model.h"
#include "tuner/support/support.h"

#include <dcngen.h>

/* A kernel of a network in double precision, with memory for its operands. */
typedef struct SupportRun {
    dcn_kernel *kernel; /* NULL: not opened */
    int n;
    dcn_tensor tensor[RT_NUM_OPERANDS];
    void *at[RT_NUM_OPERANDS];
} SupportRun;

/* A layer that samples where a value says. */
typedef struct SupportDeformed {
    int layer;            /* of Support.part */
    int input, value;     /* what it samples, and what says where: values of it */
    const dcn_spec *spec; /* borrowed from it */
    int rois;             /* of a layer on regions: their value, else -1 */
} SupportDeformed;

enum { SUPPORT_MAX_DEFORMED = NET_MAX_OPERANDS - 1 };

/* What a model said last: f, places and the gradients by these, of each deformed layer, and by the image, which lies as
** outside; `seed` is what it was asked with. */
typedef struct SupportTold {
    double *f, *seed, *image;
    double *places[SUPPORT_MAX_DEFORMED], *gradient[SUPPORT_MAX_DEFORMED];
} SupportTold;

struct Support {
    const SupportAsk *ask;
    const double *input[NET_MAX_OPERANDS]; /* of the network that was asked for */
    dcn_network *whole;                    /* in double precision, modules in parts */
    double *parameters;                    /* of it */
    dcn_network *part;                     /* of it, what leads to the node: its one output */
    SupportNode node;
    int image; /* the image of the batch that the node looks at */
    int ndeformed, omitted;
    SupportDeformed deformed[SUPPORT_MAX_DEFORMED]; /* those nearest the node, in their order */
    SupportRun forward, backward;
    SupportTold told; /* of a network that somebody else runs */
};

/* The network's kernel, or that of the gradients in `gradient`.  The reference is taken. */
int support_run_open(SupportRun *r, const Support *s, dcn_network *net, uint64_t gradient,
                     dcn_error *err);
void support_run_close(SupportRun *r);

/* Operand of that name; -1: there is none. */
int support_run_find(const SupportRun *r, const char *name);

/* Runs the kernel on the inputs of s; outputs that are not `wanted` (bit per operand) are left out. */
int support_run(SupportRun *r, const Support *s, uint64_t wanted, dcn_error *err);

/* The node's channels f, [c], borrowed until it runs again; runs it. */
int support_forward(Support *s, const double **f, dcn_error *err);

/* Runs the network so that support_offsets_of knows. */
int support_locate(Support *s, dcn_error *err);

/* Names of operands: the node's value, that of deformed layer i's offsets, and the layer that makes these. */
#define SUPPORT_NODE "support_node"
enum { SUPPORT_NAME_MAX = 32 };
const char *support_offset_name(int i, char name[SUPPORT_NAME_MAX]);

/* The response of f, and in seed dr/df, [c]; NULL: not wanted. */
double support_respond_with(const Support *s, const double *f, double *seed);

/* The response, where `value` is that of the node's layer, [n][h][w][c]. */
double support_response_of(const Support *s, const double *value);

/* The response, and where it is wanted the gradients of the image and of offsets, which stay in s->backward until
** that runs again. */
int support_respond(Support *s, double *response, dcn_error *err);
int support_backward(Support *s, double *response, dcn_error *err);

/* dr/dI as it lies outside, borrowed; NULL: it has none. */
const double *support_image_gradient(const Support *s);

/* What says where deformed layer i samples, in [n][h][w][c]; s->forward has run, or support_locate.  malloc'ed, NULL
** without memory.  And the gradient of the response by it, after support_backward; NULL also if there is none. */
double *support_offsets_of(const Support *s, int i);
double *support_gradient_of(const Support *s, int i);

/* Value `value` of s->part, which is an input: in [n][h][w][c].  malloc'ed; NULL without memory. */
double *support_input_of(const Support *s, int value);

/* How a network is run by s->ask->model, where there is one.  forward keeps the image for what follows it, or not. */
int support_model_open(Support *s, dcn_error *err);
void support_model_close(Support *s);
int support_model_forward(Support *s, bool keep, const double **f, dcn_error *err);
int support_model_backward(Support *s, double *response, dcn_error *err);
int support_model_held(Support *s, double *response, dcn_error *err);
int support_model_probe(Support *s, int i, const double *places, double *response, dcn_error *err);

int support_no_memory(dcn_error *err);

#endif
