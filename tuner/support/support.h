/* support.h: the spatial support of a node of a network: which pixels, sampling positions and regions its
** response rests on (SEMANTICS 11).
**
** A node is one pixel of the value that a layer makes, of all its channels f, for one image or region.  Its
** response is a number: |f|, the sum of f, or one channel.  Everything is computed by compiled
** kernels in double precision, whatever the dtype of the network.  Positions are y, x in pixels, centres at integers.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SUPPORT_H
#define DCN_TUNER_SUPPORT_H

#include "runtime/spec/network.h"

/* "LAYER:Y,X" or, of a layer on regions, "LAYER:roi=K" with "LAYER:roi=K,Y,X" for one of its bins; without
** y and x they are -1, which is the middle of the map.  -1 with a usage error. */
typedef struct SupportNode {
    char layer[NET_NAME_MAX];
    int64_t image, y, x; /* `image` is the region of a layer on regions */
} SupportNode;
int support_node_parse(const char *text, SupportNode *node, dcn_error *err);

typedef enum { SUPPORT_NORM, SUPPORT_SUM, SUPPORT_CHANNEL } support_response;

/* "norm", "sum" or "channel=K".  -1 with a usage error. */
int support_response_parse(const char *text, support_response *r, int64_t *channel, dcn_error *err);

typedef struct SupportAsk {
    const dcn_spec *spec;   /* of a network, computing its outputs */
    const void *parameters; /* in its dtype and order; NULL: it has none, or they are constants */
    const double *const *input; /* by position, each as it lies outside */
    int image;                  /* the input that is the photograph */
    SupportNode node;
    support_response response;
    int64_t channel;
    bool fixed;  /* offsets and masks are numbers, not functions of the image */
    int threads; /* 0: as dcn_execute counts them */
    /* Who runs the network, which is a sketch then (model.h), and has no parameters; NULL: it is run here. */
    const struct SupportModel *model;
} SupportAsk;

/* What is asked, with the network as far as the node, and the node with its y and x.  Borrows *ask and
** all it points to, and is freed by support_close.  A node that is not there is a usage error. */
typedef struct Support Support;
int support_open(const SupportAsk *ask, Support **s, dcn_error *err);
void support_close(Support *s);
SupportNode support_node(const Support *s);
net_shape support_node_shape(const Support *s); /* of the value of its layer */
net_shape support_image_shape(const Support *s);

/* Where the node is in the image, y and x: the centre of its pixel of the map, which covers the image, or of a layer on
** regions the node's region. */
void support_node_pixel(const Support *s, double at[2]);

/* The region, if it is an input, that a node is on: y1, x1, y2, x2 in the image.  False: there is none. */
bool support_node_region(const Support *s, double box[4]);

/* Another photograph of the same shape, borrowed from here on. */
void support_set_image(Support *s, const double *image);

/* ---- effective receptive field --------------------------------------------------------------- */

enum { SUPPORT_SHARES = 3, SUPPORT_SQUARES = 4 };
extern const double support_shares[SUPPORT_SHARES];   /* 0.50, 0.95, 0.99 */
extern const double support_squares[SUPPORT_SQUARES]; /* 0.20, 0.30, 0.50, 0.99 */

/* Figures of a field that is nowhere negative. */
typedef struct SupportFigures {
    double total;
    double centroid[2], sigma[2]; /* y, x in pixels; 0 where total is */
    int64_t area[SUPPORT_SHARES]; /* fewest pixels that hold so much of the total */
    /* Side of the smallest square around the node's pixel of the image that holds so much: RepLKNet's measure. */
    int64_t side[SUPPORT_SQUARES];
} SupportFigures;
/* -1 without memory. */
int support_figures(const double *field, int64_t h, int64_t w, const double at[2],
                    SupportFigures *f);

typedef struct SupportField {
    int64_t h, w, c;
    int samples;       /* images that it is the mean of */
    double response;   /* of the last one */
    double *gradient;  /* [h][w][c], of the last one */
    double *magnitude; /* [h][w]: |gradient| summed over channels, the mean of all samples */
    double at[2];      /* the node's pixel, in pixels of the image */
    SupportFigures figures;
} SupportField;

/* Adds the field of s to *f, which is all 0 before the first one; figures are those of the mean. */
int support_field(Support *s, SupportField *f, dcn_error *err);
void support_field_free(SupportField *f);

/* The gradient of the field's last image, which is that of s, in two parts: that with offsets and masks held, and what
** goes through them. */
typedef struct SupportSplit {
    bool made;    /* false: no layer makes offsets that are not held, and nothing else is said */
    double held;  /* sum of |the former| */
    double share; /* of the sum of |the latter| in both sums; 0 where both are 0 */
} SupportSplit;
int support_split(const Support *s, const SupportField *f, SupportSplit *to, dcn_error *err);

/* ---- sampling -------------------------------------------------------------------------------- */

/* A deformable layer on the way to the node: every place where it samples.  Places are numbered
** [image][p][q][group][tap]: of a layer on regions [region][bin][bin][class or group][1], where the
** place is the middle of the bin; taps in the operator's own order. */
typedef struct SupportLayer {
    char name[NET_NAME_MAX];
    dcn_op op;
    bool regions;
    int64_t n, p, q, groups, taps;
    int64_t in_h, in_w; /* the map in which it samples */
    double scale[2];    /* pixels of the image for each pixel of that map */
    /* Taps of convolutions stand in a grid; number `removed` of it is left out, -1: none. */
    int kernel[2], removed;
    bool by_columns;  /* they are numbered column by column */
    double *position; /* [..][2]: y, x in pixels of that map */
    double *offset;   /* [..][2]: less where a layer without offsets would sample */
    /* [..][2]: of the response by y, x of the position, and [..] its length; NULL before support_sampling. */
    double *gradient, *strength;
    double *size; /* of regions [..][2]: height and width of the bin in pixels, else NULL */
} SupportLayer;

/* In the order in which they run; `omitted` others are farther from the node than the 19 that there can
** be.  Layers that share their offsets have the gradient of both. */
typedef struct SupportLayers {
    int n, omitted;
    SupportLayer *layer;
} SupportLayers;

/* Positions alone, and with what they do to the response.  A layer whose regions are made by layers is a usage
** error. */
int support_positions(Support *s, SupportLayers *l, dcn_error *err);
int support_sampling(Support *s, SupportLayers *l, dcn_error *err);
void support_layers_free(SupportLayers *l);

/* A position of a layer's map in pixels of the image: (p + 1/2)*scale - 1/2. */
void support_to_image(const SupportLayer *l, const double position[2], double image[2]);

/* ---- points ---------------------------------------------------------------------------------- */

/* Where the node looks through the last `depth` deformable convolutions of its stack: a place is
** rounded to the nearest pixel of what the layer below makes, and has that pixel's places there.  A
** place outside that map reads nothing, and has none. */
typedef struct SupportPoints {
    int depth;                    /* layers that there were, at most as many as asked for */
    int64_t n, distinct, outside; /* outside: places of upper layers that had no further ones */
    double *at;                   /* [n][2], in pixels of the image */
} SupportPoints;
int support_points(Support *s, const SupportLayers *l, int depth, SupportPoints *p, dcn_error *err);
void support_points_free(SupportPoints *p);

/* ---- offsets --------------------------------------------------------------------------------- */

/* How far places are from where a plain layer would look, in pixels of the map. */
typedef struct SupportOffsets {
    double *mean;     /* [p][q][2], over groups and taps, of the node's image */
    double *tap;      /* [taps][2], over pixels and groups */
    double *dilation; /* [p][q]: mean distance of adjacent taps, over groups */
    double dilation_mean;
    double dilation_at_node; /* at the pixel of the layer nearest the node */
} SupportOffsets;
int support_offsets(const Support *s, const SupportLayer *l, SupportOffsets *o, dcn_error *err);
void support_offsets_free(SupportOffsets *o);

#endif
