/* output.c: pictures, arrays, one JSON file and one page in a directory.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/output.h"
#include "cli/out/print.h"
#include "runtime/base/file.h"
#include "runtime/base/npy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, DIR_ROOM = PATH_ROOM - SHOWN_NAME - 16 };

/* What cannot be written is said before hours of work. */
static int check_dir(const char *path, dcn_error *err)
{
    struct stat s;
    if (stat(path, &s) == 0 && !S_ISDIR(s.st_mode))
        return dcn_fail(err, DCN_EENV, "%.200s is no directory", path);
    if (access(path, W_OK | X_OK))
        return dcn_fail(err, DCN_EENV, "cannot write into %.200s: %s", path, strerror(errno));
    return 0;
}

static int make_dir(const char *path, dcn_error *err)
{
    char part[DIR_ROOM];
    const size_t n = strlen(path);
    if (n >= sizeof part)
        return dcn_fail(err, DCN_EUSAGE, "-o: the name of the directory is too long");
    for (size_t i = 1; i <= n; i++) {
        if (path[i] && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return dcn_fail(err, DCN_EENV, "%.200s: %s", part, strerror(errno));
    }
    return check_dir(path, err);
}

int output_open(const PhotoView *v, const char *dir, Output *o, dcn_error *err)
{
    *o = (Output){ .view = v, .dir = dir, .nodes = json_array() };
    if (make_dir(dir, err))
        return -1;
    o->page = open_memstream(&o->body, &o->size);
    return o->page && o->nodes ? 0 : dcn_fail(err, DCN_EENV, "no memory for the page");
}

void output_close(Output *o)
{
    if (o->page)
        fclose(o->page);
    for (int i = 0; i < o->images.n; i++)
        free(o->images.element[i]);
    free(o->body);
    json_decref(o->nodes);
}

/* ---- one file -------------------------------------------------------------------------------- */

static const char *file_path(const Output *o, const char *name, const char *ending,
                             char path[PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "%s/%s%s", o->dir, name, ending);
    return path;
}

static void note_file(Output *o, const char *name, const char *ending)
{
    o->written[o->nwritten++] = (OutputFile){ name, ending };
}

/* Half a method is none, and its files may have the room that the page needs.  What is no regular file stays. */
static void unlink_files(Output *o)
{
    char path[PATH_ROOM];
    struct stat st;
    for (int i = 0; i < o->nwritten; i++)
        if (!lstat(file_path(o, o->written[i].name, o->written[i].ending, path), &st) &&
            S_ISREG(st.st_mode))
            unlink(path);
    o->nwritten = 0;
}

/* Takes bytes. */
static int write_bytes(const Output *o, const char *name, const char *ending, void *bytes,
                       size_t size, dcn_error *err)
{
    char path[PATH_ROOM];
    const int status = rt_write_file(file_path(o, name, ending, path), bytes, size, err);
    free(bytes);
    return status;
}

static int write_picture(Output *o, const ShownPicture *p, dcn_error *err)
{
    void *bytes;
    size_t size;
    if (scene_png(&p->scene, &bytes, &size, err) ||
        write_bytes(o, p->name, ".png", bytes, size, err))
        return -1;
    note_file(o, p->name, ".png");
    if (scene_svg(&p->scene, p->title, &bytes, &size, err))
        return -1;
    page_picture(o->page, &o->images, bytes);
    if (write_bytes(o, p->name, ".svg", bytes, size, err))
        return -1;
    note_file(o, p->name, ".svg");
    return 0;
}

static int write_array(Output *o, const ShownArray *a, dcn_error *err)
{
    char path[PATH_ROOM];
    rt_array npy = { .kind = RT_F64, .rank = a->rank, .count = 1, .data = a->data };
    for (int i = 0; i < a->rank; i++) {
        npy.dims[i] = a->dims[i];
        npy.count *= a->dims[i];
    }
    if (rt_npy_write(file_path(o, a->name, ".npy", path), &npy, err))
        return -1;
    note_file(o, a->name, ".npy");
    return 0;
}

static int write_file(Output *o, const ShownFile *f, dcn_error *err)
{
    char path[PATH_ROOM];
    if (rt_write_file(file_path(o, f->name, f->ending, path), f->bytes, f->size, err))
        return -1;
    note_file(o, f->name, f->ending);
    return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *names_json(const Shown *s, bool arrays)
{
    json_t *list = json_array();
    for (int i = 0; i < (arrays ? s->narrays : s->npictures); i++)
        if (arrays)
            json_array_append_new(list, json_sprintf("%s.npy", s->array[i].name));
        else
            for (int svg = 0; svg < 2; svg++)
                json_array_append_new(
                    list, json_sprintf("%s.%s", s->picture[i].name, svg ? "svg" : "png"));
    return list;
}

/* The figures by name; those of a layer are in an object of its own. */
static json_t *figures_json(const Shown *s)
{
    json_t *all = json_object();
    for (int i = 0; i < s->nfigures; i++) {
        const ShownFigure *f = &s->figure[i];
        json_t *to = all;
        if (*f->of && !(to = json_object_get(all, f->of))) {
            to = json_object();
            json_object_set_new(all, f->of, to);
        }
        json_object_set(to, f->key, f->value);
    }
    return all;
}

static json_t *checks_json(const Shown *s)
{
    json_t *list = json_array();
    for (int i = 0; i < s->nchecks; i++) {
        const ShownCheck *c = &s->check[i];
        json_t *one = json_pack("{s:s, s:s}", "of", c->of, "check", c->key);
        json_object_update(one, c->value);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *files_json(const Shown *s)
{
    json_t *list = json_array();
    for (int i = 0; i < s->nfiles; i++)
        json_array_append_new(list, json_sprintf("%s%s", s->file[i].name, s->file[i].ending));
    return list;
}

int output_node(Output *o, const NodeView *n, dcn_error *err)
{
    json_t *node = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:[]}", "id", n->id, "name",
                             n->words, "layer", n->node.layer, "image", (json_int_t)n->node.image,
                             "y", (json_int_t)n->node.y, "x", (json_int_t)n->node.x, "place_y",
                             number_json(n->at[0]), "place_x", number_json(n->at[1]), "shown");
    page_node(o->page, n);
    return json_array_append_new(o->nodes, node)
               ? dcn_fail(err, DCN_EENV, "no memory for the figures")
               : 0;
}

/* Adds what is shown of the last node; after its files, so that all that are named are there. */
static int add_shown(Output *o, const Shown *s, dcn_error *err)
{
    json_t *node = json_array_get(o->nodes, json_array_size(o->nodes) - 1);
    json_t *shown = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "method", s->method, "checks",
                              checks_json(s), "files", files_json(s), "figures", figures_json(s),
                              "pictures", names_json(s, false), "arrays", names_json(s, true));
    o->shown++;
    for (int i = 0; i < s->nchecks; i++)
        o->failed += !s->check[i].passed;
    return json_array_append_new(json_object_get(node, "shown"), shown)
               ? dcn_fail(err, DCN_EENV, "no memory for the figures")
               : 0;
}

int output_shown(Output *o, const Shown *s, dcn_error *err)
{
    int status = 0;
    const long before = ftell(o->page);
    o->nwritten = 0;
    page_method(o->page, s);
    for (int i = 0; i < s->narrays && !status; i++)
        status = write_array(o, &s->array[i], err);
    for (int i = 0; i < s->npictures && !status; i++)
        status = write_picture(o, &s->picture[i], err);
    for (int i = 0; i < s->nfiles && !status; i++)
        status = write_file(o, &s->file[i], err);
    page_method_end(o->page);
    if (!status)
        return add_shown(o, s, err);
    unlink_files(o);
    fseek(o->page, before, SEEK_SET);
    return status;
}

static json_t *root_json(const Output *o)
{
    const Args *a = o->view->args;
    json_t *others = json_array();
    for (int k = 1; k < a->image.n; k++)
        json_array_append_new(others, text_json(a->image.at[k]));
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:[i,i], s:s, s:s, s:O}", "schema", 1, "network",
                     o->view->spec->name, "weights", text_json(a->weights ? a->weights : ""),
                     "image", text_json(a->image.n ? a->image.at[0] : ""), "further_images", others,
                     "size", o->view->h, o->view->w, "response", a->response, "offsets", a->hold,
                     "nodes", o->nodes);
}

/* The text of an object as print_json prints it; malloc'ed, NULL without memory. */
static char *json_text(const json_t *root)
{
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    char *line = NULL;
    const int n = text ? asprintf(&line, "%s\n", text) : -1;
    free(text);
    return n < 0 ? NULL : line;
}

int output_finish(Output *o, json_t **root, dcn_error *err)
{
    *root = root_json(o);
    char *text = json_text(*root);
    if (!text)
        return dcn_fail(err, DCN_EENV, "no memory for the figures");
    if (write_bytes(o, "visualize", ".json", text, strlen(text), err))
        return -1;
    const long end = ftell(o->page);
    const int bad = ferror(o->page) | fclose(o->page);
    o->page = NULL;
    if (!bad && end >= 0 && (size_t)end <= o->size)
        o->body[end] = 0; /* a method that failed may stand behind it */
    char *page = NULL;
    size_t size;
    if (bad || page_make(o->view, o->nodes, o->body, &page, &size))
        return dcn_fail(err, DCN_EENV, "no memory for the page");
    return write_bytes(o, "index", ".html", page, size, err);
}
