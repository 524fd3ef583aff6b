/* load.c: from a file or a text to a module: one Lua state, one protected call, one message.
**
** Everything that Lua does happens inside `protected`; whatever it raises comes back to dsl_load
** as an error in the loader.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/network/build.h"

#include <stdlib.h>
#include <string.h>

const dsl_limits dsl_default_limits = {
    .memory_bytes = (size_t)64 << 20,
    .steps = 20 * 1000 * 1000,
    .seconds = 10,
};

/* The return statement is the last of a file: its last line that is not empty is near it. */
static dsl_place end_of(const dsl_source *s)
{
    int line = 1, last = 1;
    for (const char *p = s->text; *p; p++) {
        if (*p == '\n')
            line++;
        else if (*p != ' ' && *p != '\t' && *p != '\r')
            last = line;
    }
    return (dsl_place){ s, last };
}

static int protected(lua_State *L)
{
    dsl_source *main = dsl_source_by_id(dsl_of(L), 1);
    int nresults;
    dsl_sandbox_open(L);
    dsl_watch(L);
    dsl_source_run(L, main, &nresults);
    dsl_check_params(L);
    dsl_collect(L, nresults, end_of(main));
    return 0;
}

/* A failure that left no message: memory ran out, or the handler itself could not run. */
static void set_silent_error(dsl_loader *l, int status)
{
    const char *path = l->at.source ? l->at.source->path : l->sources->path;
    if (status == LUA_ERRMEM && !l->over_limit)
        dcn_fail_at(&l->err, DCN_EENV, path, l->at.line, "out of memory");
    else if (status == LUA_ERRMEM)
        dcn_fail_at(&l->err, DCN_ESPEC, path, l->at.line,
                    "needs more than %zu MiB of memory (a string, table or recursion without end?)",
                    l->limits->memory_bytes >> 20);
    else
        dcn_fail_at(&l->err, DCN_ESPEC, path, l->at.line,
                    "calls or brackets are nested too deeply");
}

static int run(dsl_loader *l)
{
    lua_State *L = lua_newstate(dsl_alloc, l);
    if (!L)
        return dcn_fail_at(&l->err, DCN_EENV, l->sources->path, 0, "out of memory");
    *(dsl_loader **)lua_getextraspace(L) = l;
    l->started = dsl_cpu_seconds();
    lua_pushcfunction(L, dsl_on_error);
    lua_pushcfunction(L, protected);
    const int status = lua_pcall(L, 0, 0, -2);
    if (status != LUA_OK && !l->failed)
        set_silent_error(l, status);
    lua_close(L);
    net_graph_free(l->graph);
    return status == LUA_OK ? 0 : -1;
}

static void *default_alloc(void *self, void *block, size_t old_size, size_t new_size)
{
    (void)self, (void)old_size;
    if (new_size)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

/* What messages call the text of a request. */
static const char *name_of(const dsl_request *r)
{
    return !r->text && strcmp(r->path, "-") == 0 ? "<stdin>" : r->path;
}

static const dsl_source *open_main(dsl_loader *l, const dsl_request *r, dcn_error *err)
{
    const char *name = name_of(r);
    if (r->text)
        return dsl_source_text(l, name, r->text, err);
    return name == r->path ? dsl_source_read(l, name, err) : dsl_source_stream(l, name, stdin, err);
}

int dsl_load(const dsl_request *r, dcn_module **out, dcn_error *err)
{
    dsl_loader l = { .alloc = r->alloc ? r->alloc : default_alloc,
                     .alloc_self = r->alloc_self,
                     .limits = r->limits ? r->limits : &dsl_default_limits,
                     .params = r->params,
                     .nparams = r->nparams };
    *out = NULL;
    dcn_error why;
    const dsl_source *main = open_main(&l, r, &why);
    int rc = -1;
    if (!main)
        dcn_fail_at(&l.err, why.code, name_of(r), 0, "%s", why.text);
    else
        rc = run(&l);
    if (rc == 0) {
        *out = dsl_module_finish(&l);
        return 0;
    }
    dcn_module_free(l.module);
    dsl_sources_free(l.sources, l.alloc, l.alloc_self);
    if (err)
        *err = l.err;
    return -1;
}

int dcn_load_file(const char *path, const dcn_param *params, int nparams, dcn_module **out,
                  dcn_error *err)
{
    const dsl_request request = { .path = path, .params = params, .nparams = nparams };
    return dsl_load(&request, out, err);
}

int dcn_load_text(const char *text, const char *chunk, const dcn_param *params, int nparams,
                  dcn_module **out, dcn_error *err)
{
    const dsl_request request = {
        .path = chunk ? chunk : "spec", .text = text, .params = params, .nparams = nparams
    };
    return dsl_load(&request, out, err);
}
