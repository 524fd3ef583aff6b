/* view.h: what all pictures of a command share: the network, its operands, the photograph.
**
** The photograph becomes the network's input: resized to --size (default that of the input), its middle
** cut out, values from 0 to --range, less --mean, through --std, for each colour.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_VIEW_H
#define DCN_CLI_VISUALIZE_VIEW_H

#include "cli/draw/pixels.h"
#include "cli/load/kernels.h"
#include "cli/visualize/served.h"
#include "runtime/spec/network.h"

typedef struct PhotoView {
    const Args *args;
    Kernels kernels;
    Served served; /* in their place */
    const dcn_spec *spec;
    const dcn_network *net;
    void *parameters;                /* in the network's dtype; NULL: it has none, or is served */
    int image;                       /* the input that is the photograph */
    double *input[NET_MAX_OPERANDS]; /* by position, as each lies outside */
    int h, w;                        /* of that input, which places in pictures are pixels of */
    int scale;      /* pixels of the picture for each of them, in either direction */
    Photo backdrop; /* what the network sees, h*scale x w*scale */
} PhotoView;

/* Reads all that the command line names.  Freed by view_close, also after a failure. */
int view_open(const Args *a, PhotoView *v, dcn_error *err);
void view_close(PhotoView *v);

/* Photograph number k of the command line as the network's input, malloc'ed. */
int view_other_image(const PhotoView *v, int k, double **image, dcn_error *err);

/* What the image is called: its file, or that somebody gave it. */
const char *view_image_name(const PhotoView *v);

/* An image that was given in numbers as a picture, from its least value to its largest; of other than three channels
** their mean. */
int view_given_picture(const PhotoView *v, Photo *p, dcn_error *err);

/* The network's input with normal noise of `sigma` of the range on every value, malloc'ed; NULL without memory. */
double *view_noisy_image(const PhotoView *v, double sigma, uint64_t seed);

#endif
