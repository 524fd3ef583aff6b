/* model.h: networks that somebody else runs, which are known here only as far as they deform.
**
** Such a network is a sketch: a dcn_network that nobody can run, in which every deformable layer stands with its spec,
** and one layer of no further meaning for whatever lies between two of them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_MODEL_H
#define DCN_TUNER_SUPPORT_MODEL_H

#include "tuner/support/support.h"

enum { SKETCH_MAX_REGIONS = NET_MAX_OPERANDS - 1 }; /* layers on regions, each with an input */

typedef struct SketchLayer {
    const char *name;
    /* The spec of an operator that samples where an operand says, its sizes all numbers; copied. */
    const dcn_spec *spec;
    int below; /* the last layer before it that leads to what it samples; -1: none */
} SketchLayer;

/* A network as far as the node; names are copied. */
typedef struct Sketch {
    net_shape image; /* NCHW outside */
    const char *layer;
    net_shape node; /* of what that layer makes */
    int n;
    const SketchLayer *at; /* in the order in which they run */
    int last;              /* the last one that leads to the node; -1: none */
} Sketch;

/* The network of a sketch: its inputs are the image, and for each layer on regions their rows, called regions_0,
** regions_1, ...  Owned by the caller.  A sketch that cannot be is a usage error. */
int support_sketch(const Sketch *k, dcn_network **out, dcn_error *err);

/* Whoever runs a network.  Layers are numbered as in the sketch; f are the node's channels, [c], and places what says
** where a layer samples, in [n][h][w][c].  Each returns 0, or -1 with err. */
typedef struct SupportModel {
    void *self;
    /* The network's value for an image as it lies outside.  Where it is kept the others are about it. */
    int (*forward)(void *self, const Support *s, const double *image, bool keep, double *f,
                   dcn_error *err);
    /* From dr/df to dr/dI. */
    int (*backward)(void *self, const double *seed, double *gradient, dcn_error *err);
    /* Places; after backward also the gradient of the response by them. */
    int (*places)(void *self, int layer, bool gradient, double *to, dcn_error *err);
    /* f of another image with offsets and masks of the one that is kept. */
    int (*held)(void *self, const double *image, double *f, dcn_error *err);
    /* f with other places of one layer; where offsets are held those of all others stay. */
    int (*probe)(void *self, int layer, const double *places, double *f, dcn_error *err);
} SupportModel;

/* Whether offsets are held. */
bool support_is_fixed(const Support *s);

#endif
