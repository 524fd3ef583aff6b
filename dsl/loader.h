/* loader.h: one load of a spec: the Lua state, what limits it, what it read, how it failed.
**
** All of dsl/ works on a dsl_loader, which dsl_of finds from the Lua state.  Functions that take
** a lua_State run inside the one protected call of load.c and may raise; they own nothing that
** would be lost then: source texts belong to the loader, all else to Lua.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_DSL_LOADER_H
#define DCN_DSL_LOADER_H

#include "runtime/base/base.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/network.h"

#include <dcngen.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What a spec may use; a spec that needs more is stopped with a message. */
typedef struct dsl_limits {
    size_t memory_bytes; /* of Lua and of the texts */
    long steps;          /* Lua instructions */
    double seconds;      /* of this thread's CPU; for what takes long in few instructions */
} dsl_limits;

enum {
    DSL_TEXT_BYTES = 1 << 20, /* of one file */
    DSL_INCLUDE_DEPTH = 16,
    DSL_LIST_DEPTH = 8,
    DSL_KERNELS = 4096,
};

/* A text that was or is being run.  Lua knows it as chunk "#id". */
typedef struct dsl_source {
    struct dsl_source *next;
    int id;
    bool is_file, running;
    uint64_t device, inode; /* of a file: two paths may lead to one */
    size_t size, block_bytes;
    char *path, *text; /* both inside the same allocation, ended by NUL */
} dsl_source;

/* A line of a source; source NULL: nowhere. */
typedef struct dsl_place {
    const dsl_source *source;
    int line;
} dsl_place;

typedef struct dsl_loader {
    lua_Alloc alloc;
    void *alloc_self;
    const dsl_limits *limits;
    size_t used_bytes;
    bool over_limit; /* an allocation was refused because of limits->memory_bytes */
    long steps;
    double started; /* seconds of this thread's CPU */
    const dcn_param *params;
    int nparams;
    dsl_source *sources; /* newest first */
    int depth;           /* of includes */
    dsl_place at;        /* the last line that began */
    bool failed;         /* then err says why */
    dcn_error err;
    struct net_graph *graph; /* of all networks; NULL until there is a value */
    dcn_module *module;
} dsl_loader;

/* The files, from below to above; one uses only those over it in this list. */

/* ---- state.c: what a Lua state belongs to ------------------------------------------- */

dsl_loader *dsl_of(lua_State *L);

/* A lua_Alloc that counts, and gives nothing beyond limits->memory_bytes. */
void *dsl_alloc(void *loader, void *block, size_t old_size, size_t new_size);

/* CPU time of this thread. */
double dsl_cpu_seconds(void);

/* The value `dynamic` of the language. */
bool dsl_is_dynamic(lua_State *L, int index);
void dsl_push_dynamic(lua_State *L);

/* The table of names that specs see; set pops it from the top. */
void dsl_set_environment(lua_State *L);
void dsl_push_environment(lua_State *L);

/* ---- source.c ---------------------------------------------------------------------- */

/* Add a file, what is left of a stream under a name, or a text under a path.  NULL with err, of which
** file and line are not set. */
dsl_source *dsl_source_read(dsl_loader *l, const char *path, dcn_error *err);
dsl_source *dsl_source_stream(dsl_loader *l, const char *name, FILE *file, dcn_error *err);
dsl_source *dsl_source_text(dsl_loader *l, const char *path, const char *text, dcn_error *err);
dsl_source *dsl_source_by_id(const dsl_loader *l, int id);
void dsl_sources_free(dsl_source *newest, lua_Alloc alloc, void *alloc_self);

/* ---- message.c: raising and translating errors ------------------------------------- */

/* The innermost running line of Lua. */
dsl_place dsl_here(lua_State *L);

/* Never returns: the load fails with this message. */
int dsl_raise_status(lua_State *L, dcn_status status, dsl_place place, const char *text);

/* Never returns: the load fails with DCN_ESPEC, because the spec is to blame. */
int dsl_raise(lua_State *L, dsl_place place, const char *fmt, ...) RT_PRINTF(3, 4);

/* The message handler of the protected call: fills err and failed. */
int dsl_on_error(lua_State *L);

/* The value at index as a message shows it, at most size-1 bytes; returns buf. */
const char *dsl_describe(lua_State *L, int index, char *buf, size_t size);

/* The string key of the table at index that is nearest to word, or NULL; owned by the table. */
const char *dsl_nearest_key(lua_State *L, int index, const char *word);

/* ---- value.c, scan.c, module.c ------------------------------------------------------ */

/* The value at index as f's type; -1 with the text of err. */
int dsl_read_value(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err);

/* Where a key of the constructor's call at `call` is written; `call` if that does not show. */
dsl_place dsl_place_of_key(dsl_place call, const char *callee, const char *key);

/* A place as net_layer.source holds it: the line, and above it which file; 0: nowhere. */
int dsl_pack_place(dsl_place at);
dsl_place dsl_unpack_place(const dsl_source *newest, int place);

/* A kernel of a module, and the call that made it. */
typedef struct dsl_entry {
    dcn_spec spec;
    dsl_place at;
} dsl_entry;

/* Make l->module with the files read and n entries to be filled; NULL if there is no memory. */
dsl_entry *dsl_module_new(dsl_loader *l, int n);

/* Hand the loader's sources to its module, which is the caller's from now on. */
dcn_module *dsl_module_finish(dsl_loader *l);

/* ---- watch.c, bounded.c: nothing that a spec calls runs for ever ------------------------ */

/* From now on count steps and look at the time. */
void dsl_watch(lua_State *L);

/* Raises when the time is over. */
void dsl_check_time(lua_State *L);

/* In the table at the top of the stack, replace functions whose C code could run for very long. */
void dsl_bound_strings(lua_State *L);
void dsl_bound_tables(lua_State *L);
int dsl_pairs(lua_State *L);

/* ---- param.c ------------------------------------------------------------------------- */

int dsl_param(lua_State *L);

/* Raises if a param was never read. */
void dsl_check_params(lua_State *L);

/* ---- object.c: kernels, and what networks take ---------------------------------------- */

/* named: the file gave the name. */
typedef struct dsl_kernel {
    dcn_spec spec; /* its network is owned: one reference */
    dsl_place at;
    bool named;
    size_t network_bytes; /* that it is charged for */
} dsl_kernel;

/* Push a kernel without a spec. */
dsl_kernel *dsl_push_kernel(lua_State *L, dsl_place at);

/* NULL: the value at index is no kernel. */
dsl_kernel *dsl_to_kernel(lua_State *L, int index);

/* Raises unless so many bytes more are within limits->memory_bytes, of which they are from now on. */
void dsl_charge(lua_State *L, size_t bytes);

/* Takes the network, in the place of any other, and charges for it. */
void dsl_kernel_take(lua_State *L, dsl_kernel *k, dcn_network *network);

/* ---- flow.c: values of networks ------------------------------------------------------- */

typedef struct dsl_flow {
    int value; /* of the loader's graph */
    char name[NET_NAME_MAX];
} dsl_flow;

enum { DSL_FLOW_TEXT = NET_NAME_MAX + 96 };

struct net_graph *dsl_graph(lua_State *L);

/* NULL: what is at index is no value. */
const dsl_flow *dsl_to_flow(lua_State *L, int index);
void dsl_push_flow(lua_State *L, int value, const char *name);

/* value "c2" 1x64x56x56; returns buf, which has DSL_FLOW_TEXT bytes for the whole of it. */
const char *dsl_flow_text(lua_State *L, const dsl_flow *v, char *buf, size_t size);

/* ---- keys.c: the table of a constructor ------------------------------------------------ */

enum { DSL_ROWS = 64, DSL_VALUES = 8 };

/* A call whose only argument, the table at index 1, is being read. */
typedef struct dsl_call {
    lua_State *L;
    dsl_place at;
    const char *callee;     /* the constructor */
    char who[NET_NAME_MAX]; /* what messages begin with: the layer; "": nothing */
    int args;               /* how many elements without a key it may have */
    int nrows;
    const rt_field *row[DSL_ROWS];
    const char *const
        *values; /* keys that are no rows, at most DSL_VALUES and ended by NULL; or NULL */
} dsl_call;

/* Never return: the load fails, on the line of the key (NULL: of the call); with a text, or with an
** error that says who. */
int dsl_refuse(const dsl_call *c, const char *key, const char *fmt, ...) RT_PRINTF(3, 4);
int dsl_refuse_error(const dsl_call *c, const char *key, const dcn_error *err);

/* Raises unless there is one table; the example is part of the message. */
void dsl_check_table(const dsl_call *c, const char *example);

void dsl_add_row(dsl_call *c, const rt_field *f);
void dsl_add_rows_of(dsl_call *c, dcn_op op);

/* Raises if there is a key that is neither in the rows nor among the values. */
void dsl_check_keys(const dsl_call *c);

bool dsl_has_key(const dsl_call *c, const char *key);

/* Read the value of f's key into the struct that f's offset is of; false if there is none.  The same
** for a value at the top of the stack, which has the key or no key. */
bool dsl_read_key(const dsl_call *c, const rt_field *f, void *to);
void dsl_read_top(const dsl_call *c, const rt_field *f, void *to);

/* ---- layer.c --------------------------------------------------------------------------- */

/* A call that makes a layer, and the layer with its name and place. */
void dsl_begin_layer(lua_State *L, const char *callee, dsl_call *c, net_layer *layer);

/* An argument of the layer; value -1: a parameter. */
void dsl_layer_arg(net_layer *layer, const char *operand, int value);

/* The value that the layer makes. */
int dsl_add_layer(const dsl_call *c, const net_layer *layer);

/* The table at index 1 begins with a value: push the value that op makes of it. */
int dsl_operator_layer(lua_State *L, dcn_op op, bool linear);

/* ---- input.c, network.c ---------------------------------------------------------------- */

/* The keys of input and of network that are rows; NULL past the last. */
const rt_field *dsl_input_row(int i);
const rt_field *dsl_network_row(int i);

/* Make k, a network, that of the gradients named by what is at index: a list; nothing or true: all. */
void dsl_network_gradient(const dsl_call *c, int index, dsl_kernel *k);

/* Give k, that of gradients, the bound of memory at the top of the stack. */
void dsl_network_memory(const dsl_call *c, dsl_kernel *k);

/* ---- constructors: each puts its own into the table at the top of the stack ----------- */

void dsl_register_kernels(lua_State *L);      /* object.c */
void dsl_register_flow(lua_State *L);         /* flow.c */
void dsl_register_constructors(lua_State *L); /* kernel.c */
void dsl_register_glue(lua_State *L);         /* glue.c */
void dsl_register_input(lua_State *L);        /* input.c */
void dsl_register_network(lua_State *L);      /* network.c */
void dsl_register_gradient(lua_State *L);     /* gradient.c */

/* ---- collect.c, chunk.c: what specs return --------------------------------------------- */

/* Turn the nresults values at the top into l->module; end: where the spec returns them. */
void dsl_collect(lua_State *L, int nresults, dsl_place end);

/* Push what running the source returns; *nresults says how many values. */
void dsl_source_run(lua_State *L, dsl_source *source, int *nresults);
int dsl_include(lua_State *L);

/* ---- sandbox.c ----------------------------------------------------------------------- */

/* Build the environment of specs. */
void dsl_sandbox_open(lua_State *L);

/* Names that specs may use, each list ended by NULL; for the reference page. */
extern const char *const dsl_base_names[], *const dsl_string_names[];
extern const char *const dsl_table_names[], *const dsl_math_names[];

/* ---- load.c -------------------------------------------------------------------------- */

/* dcn_load_file (text NULL) and dcn_load_text, with limits and an allocator for everything. */
typedef struct dsl_request {
    const char *path, *text; /* text NULL: read path, where "-" is the standard input */
    const dcn_param *params;
    int nparams;
    const dsl_limits *limits; /* NULL: dsl_default_limits */
    lua_Alloc alloc;          /* NULL: malloc */
    void *alloc_self;
} dsl_request;

extern const dsl_limits dsl_default_limits;

int dsl_load(const dsl_request *request, dcn_module **out, dcn_error *err);

/* ---- page.c -------------------------------------------------------------------------- */

/* Write docs/SPEC.md; 0, or -1 if writing failed. */
int dsl_page(FILE *out);

#endif
