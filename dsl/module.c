/* module.c: the kernels that a spec returned.
**
** A module outlives the Lua state; it keeps the texts, to tell where a key is written.  It is one
** allocation: the kernels, then the paths of the files.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

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

int dcn_module_where(const dcn_module *m, int i, const char *key, const char **file)
{
    const dsl_entry *k = i >= 0 && i < m->count ? &m->kernel[i] : NULL;
    const dsl_place at = k ? dsl_place_of_key(k->at, k->spec.op, key) : (dsl_place){ NULL, 0 };
    if (file)
        *file = at.source ? at.source->path : NULL;
    return at.line;
}
