/* verb.c: the verb that draws what nodes of a network look at.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/hints.h"
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "cli/verbs.h"
#include "cli/visualize/methods.h"
#include "cli/visualize/output.h"
#include "cli/visualize/pipe.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is asked for ----------------------------------------------------------------------- */

/* The methods of --show, in the table's order. */
typedef struct Chosen {
    bool at[MAX_METHODS];
} Chosen;

static int choose_one(const char *word, size_t length, Chosen *c, dcn_error *err)
{
    char name[64], hint[HINT_MAX];
    const char *names[MAX_METHODS + 1] = { NULL };
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    for (int i = 0; methods[i].name; i++) {
        names[i] = methods[i].name;
        if (strcmp(names[i], name) != 0)
            continue;
        if (c->at[i])
            return dcn_fail(err, DCN_EUSAGE, "--show names '%s' twice", name);
        c->at[i] = true;
        return 0;
    }
    char all[256];
    return dcn_fail(err, DCN_EUSAGE, "--show: '%s' is not one of %s%s", name,
                    rt_join(names, all, sizeof all), hint_nearest(name, names, hint));
}

static int fail_option(int id, dcn_error *err)
{
    const char *names[MAX_METHODS + 1] = { NULL };
    char all[256];
    for (int i = 0, n = 0; methods[i].name; i++)
        if (methods[i].options & BIT(id))
            names[n++] = methods[i].name;
    return dcn_fail(err, DCN_EUSAGE, "%s is of --show %s", options[id].name,
                    rt_join(names, all, sizeof all));
}

/* An option that belongs to methods needs one of them, and so do further photographs. */
static int check_options(const Args *a, const Chosen *c, dcn_error *err)
{
    uint64_t used = 0;
    if (a->image.n > 1 && !c->at[0])
        return dcn_fail(err, DCN_EUSAGE, "a second --image is of --show %s", methods[0].name);
    for (int i = 0; methods[i].name; i++)
        used |= c->at[i] ? methods[i].options : 0;
    for (int i = 0; methods[i].name; i++)
        for (int id = 0; id < NOPTIONS; id++)
            if ((methods[i].options & ~used & BIT(id)) && args_has(a, id))
                return fail_option(id, err);
    return 0;
}

static int choose_methods(const Args *a, Chosen *c, dcn_error *err)
{
    *c = (Chosen){ .at = { false } };
    for (const char *at = a->show;; at++) {
        const size_t n = strcspn(at, ",");
        if (choose_one(at, n, c, err))
            return -1;
        at += n;
        if (!*at)
            break;
    }
    return check_options(a, c, err);
}

static int check_given(const Args *a, dcn_error *err)
{
    static const OptionId needed[] = { OPT_IMAGE, OPT_NODE, OPT_SHOW, OPT_OUT };
    for (size_t i = is_served(a); i < sizeof needed / sizeof *needed; i++)
        if (!args_has(a, needed[i]))
            return dcn_fail(err, DCN_EUSAGE,
                            "visualize needs %s %s; 'dcngen help visualize' says more",
                            options[needed[i]].name, options[needed[i]].value);
    return 0;
}

/* ---- a node ---------------------------------------------------------------------------------- */

static void make_id(char id[SHOWN_NODE], const char *text)
{
    snprintf(id, SHOWN_NODE, "%s", text);
    for (char *at = id; *at; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *at))
            *at = '-';
}

/* Each has files of its own. */
static int check_nodes(const Args *a, dcn_error *err)
{
    char id[2][SHOWN_NODE];
    for (int i = 0; i < a->node.n; i++)
        for (int k = 0; k < i; k++) {
            make_id(id[0], a->node.at[k]);
            make_id(id[1], a->node.at[i]);
            if (strcmp(id[0], id[1]) == 0)
                return dcn_fail(err, DCN_EUSAGE,
                                "--node '%.100s': its files would be those of --node '%.100s'",
                                a->node.at[i], a->node.at[k]);
        }
    return 0;
}

static void name_node(NodeView *n, const char *text)
{
    rt_text words = rt_text_in(n->words, sizeof n->words);
    make_id(n->id, text);
    rt_text_add(&words, "%.100s", n->node.layer);
    if (n->has_roi)
        rt_text_add(&words, ", region %lld", (long long)n->node.image);
    else if (support_node_shape(n->support).n > 1)
        rt_text_add(&words, ", number %lld", (long long)n->node.image);
    if (n->has_place)
        rt_text_add(&words, " at (%lld, %lld)", (long long)n->node.y, (long long)n->node.x);
}

static int ask_served(NodeView *n, dcn_error *err)
{
    const PhotoView *v = n->view;
    if (served_open_node(&v->served, v->input[v->image], &n->ask.node, &n->served, err))
        return -1;
    n->ask.spec = &n->served.spec;
    n->ask.input = n->served.operand;
    n->ask.model = &n->served.model;
    return 0;
}

static int open_node(const PhotoView *v, const char *text, NodeView *n, dcn_error *err)
{
    const Args *a = v->args;
    *n = (NodeView){ .view = v,
                     .ask = { .spec = v->spec,
                              .parameters = v->parameters,
                              .input = (const double *const *)v->input,
                              .image = v->image,
                              .fixed = !strcmp(a->hold, "fixed"),
                              .threads = a->threads } };
    if (support_node_parse(text, &n->ask.node, err) ||
        support_response_parse(a->response, &n->ask.response, &n->ask.channel, err) ||
        (is_served(a) && ask_served(n, err)) || support_open(&n->ask, &n->support, err))
        return -1;
    n->node = support_node(n->support);
    support_node_pixel(n->support, n->at);
    double corners[4];
    const net_shape z = support_node_shape(n->support);
    n->has_roi = support_node_region(n->support, corners);
    n->has_place = !n->has_roi || z.h * z.w > 1;
    if (n->has_roi)
        memcpy(
            n->roi,
            (double[]){ corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1] },
            sizeof n->roi);
    name_node(n, text);
    return 0;
}

static void close_node(NodeView *n)
{
    support_layers_free(&n->layers);
    support_close(n->support);
    served_close(&n->served);
}

/* A node that is not there is said before others take their time. */
static int try_nodes(const PhotoView *v, dcn_error *err)
{
    int status = 0;
    for (int i = 1; i < v->args->node.n && !status; i++) {
        NodeView n;
        status = open_node(v, v->args->node.at[i], &n, err);
        close_node(&n);
    }
    return status;
}

/* ---- what is done ---------------------------------------------------------------------------- */

/* On a terminal what is being worked on, over what stood there before. */
static void print_progress(const NodeView *n, const char *method)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s%s%s", n ? n->words : "", n ? ": " : "", method);
}

/* Whether the standard output is for nothing else. */
static bool prints_names(const Args *a)
{
    return !args_has(a, OPT_JSON) && !is_served(a);
}

static int show_one(NodeView *n, const Method *m, Output *o, dcn_error *err)
{
    Shown *s = calloc(1, sizeof *s);
    if (!s)
        return dcn_fail(err, DCN_EENV, "no memory for the pictures of %s", n->words);
    s->method = m->name;
    s->title = m->title;
    print_progress(n, m->name);
    int status = m->show(n, s, err);
    if (!status)
        status = output_shown(o, s, err);
    print_progress(NULL, "");
    if (!status && prints_names(n->view->args))
        for (int i = 0; i < s->npictures; i++)
            printf("%s/%s.png  %s\n", o->dir, s->picture[i].name, s->picture[i].title);
    shown_free(s);
    free(s);
    return status;
}

static int show_node(const PhotoView *v, const char *text, const Chosen *c, Output *o,
                     dcn_error *err)
{
    NodeView n;
    int status = open_node(v, text, &n, err);
    if (!status)
        status = output_node(o, &n, err);
    for (int i = 0; methods[i].name && !status && !signal_caught; i++)
        if (c->at[i])
            status = show_one(&n, &methods[i], o, err);
    close_node(&n);
    return status;
}

/* The files of all pictures, also where the next one failed. */
static int finish(Output *o, int status, dcn_error *err)
{
    const Args *a = o->view->args;
    json_t *root = NULL;
    bool written = false;
    if (status && o->shown)
        written = !output_finish(o, &root, NULL);
    if (!status)
        written = !(status = output_finish(o, &root, err));
    if (!status && args_has(a, OPT_JSON))
        status = print_json(json_incref(root), err);
    else if (written && prints_names(a))
        printf("%s/index.html  all of them\n", a->out);
    json_decref(root);
    return status;
}

static int show_all(const PhotoView *v, const Chosen *c, dcn_error *err)
{
    const Args *a = v->args;
    Output o;
    signals_catch_between_calls();
    int status = output_open(v, a->out, &o, err);
    if (!status)
        status = try_nodes(v, err);
    for (int i = 0; i < a->node.n && !status && (i == 0 || !signal_caught); i++)
        status = show_node(v, a->node.at[i], c, &o, err);
    status = finish(&o, status, err);
    if (!status && o.failed)
        status = dcn_fail(err, DCN_EFAILED, "%d check%s failed; visualize.json says which",
                          o.failed, o.failed == 1 ? "" : "s");
    else if (!status && signal_caught)
        status = EXIT_BY_SIGNAL + signal_caught;
    output_close(&o);
    return status;
}

static int visualize(const Args *a, dcn_error *err)
{
    PhotoView v;
    Chosen c;
    if (check_given(a, err) || choose_methods(a, &c, err) || check_nodes(a, err))
        return -1;
    int status = view_open(a, &v, err);
    if (!status)
        status = show_all(&v, &c, err);
    view_close(&v);
    return status;
}

int verb_visualize(const Args *a, dcn_error *err)
{
    const int status = visualize(a, err);
    return status < 0 && is_served(a) ? pipe_report_failure(err) : status;
}
