/* module.c: the kernels that a spec returned.
**
** A module outlives the Lua state; it keeps the texts, to tell where a key is written.  It is one
** allocation: the kernels, then the paths of the files.  Networks are held, one reference each.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/spec/network.h"

#include <string.h>

struct dcn_module {
    lua_Alloc alloc;
    void *alloc_self;
    size_t bytes;
    dsl_source *sources; /* the last first; owned once the load has succeeded */
    int count, nfiles;
    const char **files; /* in the order in which they were read */
    dsl_entry kernel[];
};

dsl_entry *dsl_module_new(dsl_loader *l, int n)
{
    const size_t kernels = sizeof(dcn_module) + (size_t)n * sizeof(dsl_entry);
    int nfiles = 0;
    for (const dsl_source *s = l->sources; s; s = s->next)
        nfiles += s->is_file;
    const size_t bytes = kernels + (size_t)nfiles * sizeof(char *);
    dcn_module *m = l->alloc(l->alloc_self, NULL, 0, bytes);
    if (!m)
        return NULL;
    *m = (dcn_module){ .alloc = l->alloc,
                       .alloc_self = l->alloc_self,
                       .bytes = bytes,
                       .count = n,
                       .nfiles = nfiles,
                       .files = (const char **)(void *)((char *)m + kernels) };
    memset(m->kernel, 0, (size_t)n * sizeof *m->kernel);
    for (const dsl_source *s = l->sources; s; s = s->next) {
        if (s->is_file)
            m->files[--nfiles] = s->path;
    }
    l->module = m;
    return m->kernel;
}

dcn_module *dsl_module_finish(dsl_loader *l)
{
    l->module->sources = l->sources;
    return l->module;
}

void dcn_module_free(dcn_module *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->count; i++)
        net_release((dcn_network *)m->kernel[i].spec.network);
    dsl_sources_free(m->sources, m->alloc, m->alloc_self);
    m->alloc(m->alloc_self, m, m->bytes, 0);
}

int dcn_module_count(const dcn_module *m)
{
    return m->count;
}

const dcn_spec *dcn_module_spec(const dcn_module *m, int i)
{
    return i >= 0 && i < m->count ? &m->kernel[i].spec : NULL;
}

const char *dcn_module_file(const dcn_module *m, int i)
{
    return i >= 0 && i < m->nfiles ? m->files[i] : NULL;
}

/* ---- where it is written ------------------------------------------------------------------------ */

/* The file of a place is counted from the one that was loaded. */
enum { LINE_BITS = 20, MOST_FILES = 1 << 10 };
_Static_assert(DSL_TEXT_BYTES <= 1 << LINE_BITS, "a line has LINE_BITS");

int dsl_pack_place(dsl_place at)
{
    const int file = at.source ? at.source->id - 1 : MOST_FILES;
    return file < MOST_FILES ? file << LINE_BITS | at.line : 0;
}

dsl_place dsl_unpack_place(const dsl_source *newest, int place)
{
    const int id = (place >> LINE_BITS) + 1, line = place & ((1 << LINE_BITS) - 1);
    const dsl_source *s = newest;
    while (s && s->id != id)
        s = s->next;
    return line ? (dsl_place){ s, line } : (dsl_place){ NULL, 0 };
}

/* The layer of that name, of `length` letters; NULL: there is none. */
static const net_layer *layer_of(const dcn_network *n, const char *name, size_t length)
{
    for (int i = 0; n && i < n->nlayers; i++) {
        const net_layer *layer = &n->layer[i];
        if (strlen(layer->name) == length && memcmp(layer->name, name, length) == 0)
            return layer;
    }
    return NULL;
}

static const char *callee_of(const net_layer *layer)
{
    return layer->is_linear ? "linear" : layer->spec ? dcn_op_name(layer->spec->op) : "";
}

/* "LAYER", or "LAYER.KEY" of an operator; nowhere if the network has no such layer. */
static dsl_place place_in_network(const dcn_module *m, const dcn_network *n, const char *key)
{
    const char *dot = key ? strrchr(key, '.') : NULL;
    const net_layer *whole = key ? layer_of(n, key, strlen(key)) : NULL;
    const net_layer *owner = dot ? layer_of(n, key, (size_t)(dot - key)) : NULL;
    if (whole)
        return dsl_unpack_place(m->sources, whole->source);
    if (owner)
        return dsl_place_of_key(dsl_unpack_place(m->sources, owner->source), callee_of(owner),
                                dot + 1);
    return (dsl_place){ NULL, 0 };
}

int dcn_module_where(const dcn_module *m, int i, const char *key, const char **file)
{
    const dsl_entry *k = i >= 0 && i < m->count ? &m->kernel[i] : NULL;
    dsl_place at = { NULL, 0 };
    if (k)
        at = place_in_network(m, k->spec.network, key);
    if (k && !at.source)
        at = dsl_place_of_key(k->at, dcn_op_name(k->spec.op), key);
    if (file)
        *file = at.source ? at.source->path : NULL;
    return at.line;
}
