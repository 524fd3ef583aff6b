/* colours.h: channels of the network's input as colours of a photograph.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_COLOURS_H
#define DCN_CLI_VISUALIZE_COLOURS_H

#include "cli/visualize/view.h"

/* What channel c of the input is: which of red, green and blue, what is taken from it, and what the rest is divided
** by.  --mean and --std are in the order of colours, however --channels orders channels. */
int64_t view_colour(const PhotoView *v, int64_t c);
double view_mean(const PhotoView *v, int64_t c);
double view_std(const PhotoView *v, int64_t c);

/* What is said of three colours needs three channels: a usage error. */
int view_check_colours(const PhotoView *v, dcn_error *err);

#endif
