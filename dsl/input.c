/* input.c: input { name = "image", channels = 3, ... }: a value that a network is called with.
**
** A map has channels, height and width, for each image or, with rois = n, for each of n regions.  With
** rois alone it is the regions themselves, a matrix of a row for each.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/network/build.h"

#include <string.h>

/* The keys of an input have the rows that they have in an operator that works on maps and regions. */
static const char *const keys[] = { "name", "channels",   "height", "width", "batch",
                                    "rois", "roi_format", "dtype",  "layout" };
enum { NUM_KEYS = sizeof keys / sizeof *keys };

const rt_field *dsl_input_row(int i)
{
    return i < NUM_KEYS ? rt_field_find(keys[i], DCN_OP_ROI_ALIGN) : NULL;
}

/* The sizes of a network are known when the file is loaded. */
static void check_static(const dsl_call *c, const rt_field *f)
{
    lua_pushstring(c->L, f->key);
    lua_rawget(c->L, 1);
    if (dsl_is_dynamic(c->L, -1))
        dsl_refuse(
            c, f->key,
            "'%s' = dynamic: the sizes of a network are numbers; with param(\"%s\", 64) they "
            "are chosen by -D %s=N",
            f->key, f->key, f->key);
    lua_pop(c->L, 1);
}

/* In an input a size is an integer. */
static void add_rows(dsl_call *c, rt_field rows[NUM_KEYS])
{
    for (int i = 0; i < NUM_KEYS; i++) {
        rows[i] = *dsl_input_row(i);
        if (rows[i].type == RT_FIELD_EXTENT) {
            rows[i].type = RT_FIELD_INT;
            check_static(c, &rows[i]);
        }
        dsl_add_row(c, &rows[i]);
    }
}

static void refuse_keys(const dsl_call *c, const char *const *names, const char *why)
{
    for (; *names; names++) {
        if (dsl_has_key(c, *names))
            dsl_refuse(c, *names, "'%s' has no meaning for %s", *names, why);
    }
}

static net_value map_of(const dsl_call *c, const dcn_spec *s)
{
    static const char *const needed[] = { "channels", "height", "width" };
    static const char *const regions[] = { "roi_format", NULL }, *const images[] = { "batch",
                                                                                     NULL };
    const bool by_region = dsl_has_key(c, "rois");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!dsl_has_key(c, needed[i]))
            dsl_refuse(c, NULL, "input needs '%s'", needed[i]);
    }
    refuse_keys(c, regions, "a map");
    if (by_region)
        refuse_keys(c, images, "a map of regions: rois counts them");
    return (net_value){
        .shape = { by_region ? s->rois : s->batch, s->height, s->width, s->in_channels },
        .layout = s->layout,
        .rank = 4,
    };
}

static net_value regions_of(const dsl_call *c, const dcn_spec *s)
{
    static const char *const names[] = { "batch", "layout", NULL };
    refuse_keys(c, names, "regions, which are rows of numbers");
    return (net_value){ .shape = { s->rois, 1, 1, s->roi_format == DCN_ROI_XYXY ? 4 : 5 },
                        .rank = 2 };
}

static bool is_map(const dsl_call *c)
{
    return dsl_has_key(c, "channels") || dsl_has_key(c, "height") || dsl_has_key(c, "width") ||
           !dsl_has_key(c, "rois");
}

static int input(lua_State *L)
{
    dsl_call c = { .L = L, .at = dsl_here(L), .callee = "input" };
    rt_field rows[NUM_KEYS];
    dcn_spec s;
    dcn_error err;
    int value;
    dsl_check_table(&c, "{ name = \"image\", channels = 3, ... }");
    add_rows(&c, rows);
    dsl_check_keys(&c);
    if (!dsl_has_key(&c, "name"))
        dsl_refuse(&c, NULL, "input needs 'name'");
    dcn_spec_init(&s, DCN_OP_ROI_ALIGN);
    for (int i = 0; i < c.nrows; i++)
        dsl_read_key(&c, c.row[i], &s);
    snprintf(c.who, sizeof c.who, "%s", s.name);
    net_value in = is_map(&c) ? map_of(&c, &s) : regions_of(&c, &s);
    in.dtype = s.dtype;
    memcpy(in.name, s.name, sizeof s.name);
    dsl_charge(L, sizeof in);
    if (net_graph_input(dsl_graph(L), &in, &value, &err))
        return dsl_refuse_error(&c, NULL, &err);
    dsl_push_flow(L, value, in.name);
    return 1;
}

void dsl_register_input(lua_State *L)
{
    lua_pushcfunction(L, input);
    lua_setfield(L, -2, "input");
}
