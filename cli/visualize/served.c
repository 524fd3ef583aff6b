/* served.c: what is asked about a network that another program runs.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/served.h"
#include "cli/draw/pixels.h"
#include "cli/visualize/pipe.h"
#include "runtime/base/base.h"

#include <dcngen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOL = 1 };

bool is_served(const Args *a)
{
    return strcmp(a->words.at[a->words.n - 1], "pipe:") == 0;
}

static int no_memory(dcn_error *err)
{
    return dcn_fail(err, DCN_EENV, "no memory for what the model says");
}

/* ---- the network ----------------------------------------------------------------------------- */

static int set_sketch(Served *s, const Sketch *k, const char *name, dcn_error *err)
{
    if (support_sketch(k, &s->sketch, err))
        return -1;
    dcn_spec_init(&s->spec, DCN_OP_NETWORK);
    snprintf(s->spec.name, sizeof s->spec.name, "%s", name);
    s->spec.dtype = DCN_F64;
    s->spec.network = s->sketch;
    return 0;
}

static int take_image(Served *s, const json_t *answer, dcn_error *err)
{
    int64_t chw[3];
    const char *name = pipe_text(answer, "network", err);
    if (!name || pipe_integers(answer, "image", 1, 3, chw, err))
        return -1;
    const net_shape image = { 1, chw[1], chw[2], chw[0] };
    if (image.h > PHOTO_MAX_SIDE || image.w > PHOTO_MAX_SIDE ||
        image.h * image.w > PHOTO_MAX_PIXELS)
        return dcn_fail(err, DCN_EUSAGE,
                        "the model's image is %lldx%lld; a picture has at most %d pixels a side "
                        "and %d in all",
                        (long long)image.h, (long long)image.w, PHOTO_MAX_SIDE, PHOTO_MAX_PIXELS);
    const Sketch k = { .image = image, .layer = "image", .node = image, .last = -1 };
    if (set_sketch(s, &k, name, err))
        return -1;
    const bool given = json_integer_value(json_object_get(answer, "values")) != 0;
    if (!given)
        return 0;
    s->input[0] = malloc((size_t)net_elements(image) * sizeof(double));
    return s->input[0] ? pipe_take(answer, s->input[0], net_elements(image), err) : no_memory(err);
}

int served_open(Served *s, dcn_error *err)
{
    json_t *answer, *question = json_pack("{s:s, s:i, s:s}", "ask", "model", "protocol", PROTOCOL,
                                          "version", dcn_version());
    if (pipe_ask(question, NULL, 0, &answer, err))
        return -1;
    const int failed = take_image(s, answer, err);
    json_decref(answer);
    return failed;
}

/* ---- what leads to a node -------------------------------------------------------------------- */

/* Names become part of files' names. */
static int check_name(const char *name, dcn_error *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t n = strlen(name);
    if (n > 0 && n < NET_NAME_MAX && strspn(name, letters) == n)
        return 0;
    return dcn_fail(err, DCN_EUSAGE,
                    "'%.64s' is no name of a layer: up to %d letters, digits, dots and dashes",
                    name, NET_NAME_MAX - 1);
}

static bool is_static(const dcn_spec *s)
{
    return s->batch != DCN_DYNAMIC && s->height != DCN_DYNAMIC && s->width != DCN_DYNAMIC &&
           s->rois != DCN_DYNAMIC;
}

/* The spec of the layer is the module's, which is to be freed. */
static int take_layer(const json_t *from, SketchLayer *to, dcn_module **module, dcn_error *err)
{
    const char *spec = pipe_text(from, "spec", err);
    to->name = spec ? pipe_text(from, "name", err) : NULL;
    if (!to->name || check_name(to->name, err) ||
        pipe_integer(from, "below", -1, &to->below, err) ||
        dcn_load_text(spec, to->name, NULL, 0, module, err))
        return -1;
    to->spec = dcn_module_spec(*module, 0);
    if (dcn_module_count(*module) == 1 && is_static(to->spec))
        return 0;
    return dcn_fail(err, DCN_EUSAGE, "the spec of '%s' is not one kernel of known sizes", to->name);
}

/* Rows of the regions of all layers that have some, one after another. */
static int take_regions(Served *s, const json_t *answer, dcn_error *err)
{
    int64_t all = 0, at = 0;
    for (int i = 1; i < s->sketch->ninputs; i++)
        all += net_elements(s->sketch->value[i].shape);
    double *rows = malloc((size_t)all * sizeof *rows + 1);
    int failed = rows ? pipe_take(answer, rows, all, err) : no_memory(err);
    for (int i = 1; i < s->sketch->ninputs && !failed; i++) {
        const size_t n = (size_t)net_elements(s->sketch->value[i].shape);
        s->input[i] = malloc(n * sizeof *rows + 1);
        if (!s->input[i])
            failed = no_memory(err);
        else
            memcpy(s->input[i], rows + at, n * sizeof *rows);
        at += (int64_t)n;
    }
    free(rows);
    return failed;
}

/* What the answer says of a layer, while the sketch is made. */
typedef struct ServedLayers {
    SketchLayer *at;
    dcn_module **module;
} ServedLayers;

static int take_layers(const json_t *list, const ServedLayers *l, Sketch *k, dcn_error *err)
{
    for (int i = 0; i < k->n; i++)
        if (take_layer(json_array_get(list, (size_t)i), &l->at[i], &l->module[i], err))
            return -1;
    return 0;
}

static int take_sketch(Served *s, const Served *whole, const json_t *answer, dcn_error *err)
{
    const json_t *list = json_object_get(answer, "layers");
    Sketch k = { .image = whole->sketch->value[0].shape, .layer = s->node.layer };
    int64_t shape[4];
    if (pipe_integers(answer, "shape", 1, 4, shape, err) ||
        pipe_integer(answer, "last", -1, &k.last, err))
        return -1;
    k.node = (net_shape){ shape[0], shape[1], shape[2], shape[3] };
    k.n = json_array_size(list) < NET_MAX_LAYERS ? (int)json_array_size(list) : NET_MAX_LAYERS;
    const ServedLayers l = { calloc((size_t)k.n + 1, sizeof *l.at),
                             calloc((size_t)k.n + 1, sizeof(dcn_module *)) };
    k.at = l.at;
    int failed = l.at && l.module ? 0 : no_memory(err);
    if (!failed)
        failed = take_layers(list, &l, &k, err) || set_sketch(s, &k, whole->spec.name, err) ||
                 take_regions(s, answer, err);
    for (int i = 0; i < k.n && l.module; i++)
        dcn_module_free(l.module[i]);
    free(l.at);
    free((void *)l.module);
    return failed ? -1 : 0;
}

/* ---- the node -------------------------------------------------------------------------------- */

static int64_t image_elements(const Served *s)
{
    return net_elements(s->sketch->value[0].shape);
}

static int64_t channels_of(const Served *s)
{
    return s->sketch->value[s->sketch->output[0]].shape.c;
}

static int forward(void *self, const Support *support, const double *image, bool keep, double *f,
                   dcn_error *err)
{
    const Served *s = self;
    const SupportNode at = support_node(support);
    json_t *question =
        json_pack("{s:s, s:s, s:[I,I,I], s:b, s:b}", "ask", "forward", "layer", s->node.layer,
                  "node", (json_int_t)at.image, (json_int_t)at.y, (json_int_t)at.x, "fixed",
                  support_is_fixed(support), "keep", keep);
    return pipe_ask_values(question, image, image_elements(s), f, channels_of(s), err);
}

static int backward(void *self, const double *seed, double *gradient, dcn_error *err)
{
    const Served *s = self;
    return pipe_ask_values(json_pack("{s:s}", "ask", "backward"), seed, channels_of(s), gradient,
                           image_elements(s), err);
}

/* Elements of what says where deformable layer number `layer` samples: its second argument, in every third layer. */
static int64_t places_elements(const Served *s, int layer)
{
    return net_elements(s->sketch->value[s->sketch->layer[3 * layer + 2].arg[1].value].shape);
}

static int places(void *self, int layer, bool gradient, double *to, dcn_error *err)
{
    const Served *s = self;
    json_t *question =
        json_pack("{s:s, s:i, s:b}", "ask", "places", "number", layer, "gradient", gradient);
    return pipe_ask_values(question, NULL, 0, to, places_elements(s, layer), err);
}

static int held(void *self, const double *image, double *f, dcn_error *err)
{
    const Served *s = self;
    return pipe_ask_values(json_pack("{s:s}", "ask", "held"), image, image_elements(s), f,
                           channels_of(s), err);
}

static int probe(void *self, int layer, const double *to, double *f, dcn_error *err)
{
    const Served *s = self;
    return pipe_ask_values(json_pack("{s:s, s:i}", "ask", "probe", "number", layer), to,
                           places_elements(s, layer), f, channels_of(s), err);
}

int served_open_node(const Served *whole, const double *image, const SupportNode *node, Served *s,
                     dcn_error *err)
{
    json_t *answer;
    *s = (Served){ .node = *node,
                   .model = { .self = s,
                              .forward = forward,
                              .backward = backward,
                              .places = places,
                              .held = held,
                              .probe = probe } };
    if (check_name(node->layer, err) ||
        pipe_ask(json_pack("{s:s, s:s}", "ask", "layer", "layer", node->layer), image,
                 image_elements(whole), &answer, err))
        return -1;
    const int failed = take_sketch(s, whole, answer, err);
    json_decref(answer);
    s->operand[0] = image;
    for (int i = 1; i < NET_MAX_OPERANDS; i++)
        s->operand[i] = s->input[i];
    return failed;
}

void served_close(Served *s)
{
    for (int i = 0; i < NET_MAX_OPERANDS; i++)
        free(s->input[i]);
    net_release(s->sketch);
}
