/* methods.h: what --show can name.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VISUALIZE_METHODS_H
#define DCN_CLI_VISUALIZE_METHODS_H

#include "cli/visualize/shown.h"

typedef struct Method {
    const char *name, *title;
    uint64_t options; /* bits of those that it reads and some other methods do not */
    int (*show)(NodeView *n, Shown *s, dcn_error *err);
} Method;

enum { MAX_METHODS = 16 };

/* At most MAX_METHODS, ended by a NULL name. */
extern const Method methods[];

int show_field(NodeView *n, Shown *s, dcn_error *err);
int show_sampling(NodeView *n, Shown *s, dcn_error *err);
int show_points(NodeView *n, Shown *s, dcn_error *err);
int show_offsets(NodeView *n, Shown *s, dcn_error *err);
int show_bins(NodeView *n, Shown *s, dcn_error *err);
int show_saliency(NodeView *n, Shown *s, dcn_error *err);

/* The layers of the node with positions, or also gradients; what is there is not made again.  For `s`, which
** fails where there is none that pools regions, or none that does not. */
typedef struct LayersWanted {
    bool gradients, regions;
} LayersWanted;
int node_layers(NodeView *n, Shown *s, LayersWanted wanted, dcn_error *err);

#endif
