/* glue.h: the constructors of the layers around the family: glue.c has their table and reads their
** keys, glue_make.c makes their layers.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_DSL_GLUE_H
#define DCN_DSL_GLUE_H

#include "dsl/loader.h"

/* What the keys of a call are read into. */
typedef struct GlueKeys {
    /* A convolution with the activation of the layer; first, so that rt_fields fit. */
    dcn_spec like;
    net_layer layer;
    int64_t times, parts;
    int output_size[2], size[2];
    double scale; /* of a resize */
} GlueKeys;

typedef struct GlueCall {
    dsl_call c;
    const struct GlueMaker *maker;
    int n;
    const dsl_flow *value[NET_MAX_ARGS]; /* on the stack of Lua */
    rt_field kind; /* of activation: the row of the key `activation` under another name */
    GlueKeys keys;
} GlueCall;

typedef struct GlueMaker {
    const char *name; /* of the constructor */
    net_kind kind;
    int (*make)(GlueCall *g); /* makes the layers and pushes the values that it returns */
    int least, most;          /* how many values it takes */
    bool activates;           /* its layer may end in an activation */
    const char *doc;
} GlueMaker;

/* The last has name NULL. */
extern const GlueMaker glue_makers[];

/* The keys; the ops of a row are the makers, by their positions, that have it.  The last has key NULL. */
extern const rt_field glue_fields[];

int glue_make_one(GlueCall *g);
int glue_make_chain(GlueCall *g);
int glue_make_mul(GlueCall *g);
int glue_make_concat(GlueCall *g);
int glue_make_split(GlueCall *g);
int glue_make_window(GlueCall *g);
int glue_make_avg_pool(GlueCall *g);
int glue_make_resize(GlueCall *g);
int glue_make_reshape(GlueCall *g);
int glue_make_blend(GlueCall *g);

#endif
