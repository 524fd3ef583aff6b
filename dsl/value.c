/* value.c: one Lua value becomes the value of one field.
**
** Integers may be written 3 or 3.0; "3" is not one.  What is read here is not yet in range.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/base/text.h"
#include "runtime/spec/stages.h"

#include <stdlib.h>
#include <string.h>

/* Whether the value is a string that without its quotes would be of the field's type. */
static bool is_quoted(lua_State *L, int index, const rt_field *f)
{
    if (lua_type(L, index) != LUA_TSTRING)
        return false;
    const char *text = lua_tostring(L, index);
    if (f->type == RT_FIELD_BOOL)
        return !strcmp(text, "true") || !strcmp(text, "false");
    if (f->type == RT_FIELD_EXTENT && !strcmp(text, "dynamic"))
        return true;
    const bool number = lua_stringtonumber(L, text) != 0;
    lua_settop(L, lua_gettop(L) - number);
    return number;
}

static int refuse(lua_State *L, int index, const rt_field *f, const char *expected, dcn_error *err)
{
    char value[128];
    dsl_describe(L, index, value, sizeof value);
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s is not %s%s", f->key, value, expected,
                    is_quoted(L, index, f) ? ": it is written without quotes" : "");
}

static bool get_integer(lua_State *L, int index, int64_t *n)
{
    int ok = 0;
    if (lua_type(L, index) == LUA_TNUMBER)
        *n = lua_tointegerx(L, index, &ok);
    return ok;
}

static int read_int(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (!get_integer(L, index, &v->n[0]))
        return refuse(L, index, f, "an integer", err);
    return 0;
}

/* A number that happens to be DCN_DYNAMIC must not pass for it. */
static int read_extent(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (dsl_is_dynamic(L, index)) {
        v->n[0] = DCN_DYNAMIC;
        return 0;
    }
    if (!get_integer(L, index, &v->n[0]))
        return refuse(L, index, f, "an integer or dynamic", err);
    if (v->n[0] == DCN_DYNAMIC)
        return dcn_fail(err, DCN_ESPEC, "'%s' = -1 is outside %.0f..%.0f and not dynamic", f->key,
                        f->min, f->max);
    return 0;
}

/* The elements of a list without other keys; 0 if it is not one of at most 4 integers. */
static int read_list(lua_State *L, int index, int64_t n[4])
{
    int count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        count++;
    for (int i = 0; i < count && count <= 4; i++) {
        lua_rawgeti(L, index, i + 1);
        const bool ok = get_integer(L, -1, &n[i]);
        lua_pop(L, 1);
        if (!ok)
            return 0;
    }
    return count <= 4 ? count : 0;
}

static const char padding_forms[] =
    "an integer, {h, w}, {top, left, bottom, right}, \"same\" or \"valid\"";

/* n is for all sides, {h, w} for both axes. */
static int read_ints(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    const int want = rt_field_count(f);
    int count = 1;
    if (!get_integer(L, index, &v->n[0]))
        count = lua_istable(L, index) ? read_list(L, index, v->n) : 0;
    const bool one = count == 1 && !lua_istable(L, index);
    if (!one && count != 2 && (count != want || count == 0))
        return refuse(L, index, f, want == 2 ? "an integer or {h, w}" : padding_forms, err);
    for (int i = count; i < want; i++)
        v->n[i] = v->n[i - count];
    return 0;
}

/* The numbers of "same" follow when the kernel's other keys are known; -1 must not pass for it. */
static int read_padding(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    const bool word = lua_type(L, index) == LUA_TSTRING;
    const bool same = word && !strcmp(lua_tostring(L, index), "same");
    if (same || (word && !strcmp(lua_tostring(L, index), "valid"))) {
        for (int i = 0; i < 4; i++)
            v->n[i] = same ? DCN_SAME : 0;
        return 0;
    }
    if (read_ints(L, index, f, v, err))
        return -1;
    if (v->n[0] == DCN_SAME)
        return dcn_fail(err, DCN_ESPEC, "'%s' = %d is outside %.0f..%.0f", f->key, DCN_SAME, f->min,
                        f->max);
    return 0;
}

static int read_choice(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (lua_type(L, index) != LUA_TSTRING)
        return refuse(L, index, f, "a string", err);
    const char *given = lua_tostring(L, index);
    for (v->n[0] = 0; f->choices[v->n[0]]; v->n[0]++) {
        if (strcmp(f->choices[v->n[0]], given) == 0)
            return 0;
    }
    return rt_field_not_a_choice(f, given, err);
}

static int read_bool(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (!lua_isboolean(L, index))
        return refuse(L, index, f, "true or false", err);
    v->n[0] = lua_toboolean(L, index);
    return 0;
}

static int read_number(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        return refuse(L, index, f, "a number", err);
    v->x = lua_tonumber(L, index);
    return 0;
}

static int read_text(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    if (lua_type(L, index) != LUA_TSTRING)
        return refuse(L, index, f, "a string", err);
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    if (length > (size_t)f->max)
        return dcn_fail(err, DCN_ESPEC, "'%s' = \"%.20s...\" is longer than %.0f letters", f->key,
                        text, f->max);
    if (strlen(text) != length)
        return dcn_fail(err, DCN_ESPEC, "'%s' has a NUL byte", f->key);
    memcpy(v->text, text, length + 1);
    return 0;
}

/* ---- schedules --------------------------------------------------------------------------
**
**     { "tiled", mr = 6, nv = 4 }                   "tiled mr=6 nv=4"
**     { "stages", core = { "project", jam = 2 } }   "stages core={project jam=2}"
*/

/* A table has an entry for each knob of a lowering, of which none has as many as 20 (codegen/lowering.h), or for each
** stage of a module; one that has more is refused. */
enum { MAX_ENTRIES = 32, MAX_DEPTH = 4 };
_Static_assert((int)RT_MAX_STAGES <= (int)MAX_ENTRIES, "a table has room for every stage");

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of a table's entries, sorted; they belong to the table.  Entry 1, the lowering, has none.
** Returns how many, or -1 if an entry cannot be part of a schedule. */
static int knob_names(lua_State *L, int index, const char *names[MAX_ENTRIES])
{
    int n = 0;
    bool ok = true;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        const bool is_lowering = lua_isinteger(L, -2) && lua_tointeger(L, -2) == 1;
        if (is_lowering)
            ok = ok && lua_type(L, -1) == LUA_TSTRING;
        else if (lua_type(L, -2) == LUA_TSTRING && n < MAX_ENTRIES)
            names[n++] = lua_tostring(L, -2);
        else
            ok = false;
    }
    qsort(names, (size_t)n, sizeof *names, by_text);
    return ok ? n : -1;
}

static bool add_schedule(lua_State *L, int index, int depth, rt_text *out);

/* The value of a knob, at the top of the stack; of a stage it is a table again. */
static bool add_value(lua_State *L, int depth, rt_text *out)
{
    char number[32];
    const int type = lua_type(L, -1);
    if (type == LUA_TTABLE) {
        rt_text_add(out, "{");
        const bool ok = add_schedule(L, lua_gettop(L), depth + 1, out);
        rt_text_add(out, "}");
        return ok;
    }
    if (type == LUA_TNUMBER)
        rt_text_add(out, "%s", dsl_describe(L, -1, number, sizeof number));
    else if (type == LUA_TSTRING)
        rt_text_add(out, "%s", lua_tostring(L, -1));
    return type == LUA_TNUMBER || type == LUA_TSTRING;
}

/* Append the table at index as text; false if it is no schedule, as an empty one of a stage. */
static bool add_schedule(lua_State *L, int index, int depth, rt_text *out)
{
    const char *names[MAX_ENTRIES], *space = "";
    const int n = depth < MAX_DEPTH ? knob_names(L, index, names) : -1;
    bool ok = true;
    if (n < 0)
        return false;
    luaL_checkstack(L, 4, NULL);
    if (lua_rawgeti(L, index, 1) == LUA_TSTRING) {
        rt_text_add(out, "%s", lua_tostring(L, -1));
        space = " ";
    }
    lua_pop(L, 1);
    if (depth > 0 && n == 0 && !*space)
        return false;
    for (int i = 0; i < n && ok; i++, space = " ") {
        rt_text_add(out, "%s%s=", space, names[i]);
        lua_pushstring(L, names[i]);
        lua_rawget(L, index);
        ok = add_value(L, depth, out);
        lua_pop(L, 1);
    }
    return ok;
}

static int read_schedule(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    static const char expected[] = "a string or a table such as { \"tiled\", mr = 6 }";
    if (lua_type(L, index) == LUA_TSTRING)
        return read_text(L, index, f, v, err);
    rt_text text = rt_text_in(v->text, sizeof v->text);
    if (!lua_istable(L, index) || !add_schedule(L, index, 0, &text))
        return refuse(L, index, f, expected, err);
    if (rt_text_is_cut(&text))
        return dcn_fail(err, DCN_ESPEC, "'%s' is longer than %.0f letters", f->key, f->max);
    return 0;
}

/* ---- gradients -------------------------------------------------------------------------- */

/* The bit of the operand that the value at index names; 0: it names none. */
static int64_t operand_bit(lua_State *L, int index)
{
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (strcmp(name, rt_operand_names[i]) == 0)
            return (int64_t)((rt_operand_set)1 << i);
    return 0;
}

/* What is no operand of any kernel; operands of others are refused when the spec is complete. */
static int refuse_operand(lua_State *L, int index, const rt_field *f, dcn_error *err)
{
    char value[128];
    dsl_describe(L, index, value, sizeof value);
    const char *near = lua_type(L, index) == LUA_TSTRING
                           ? rt_nearest(lua_tostring(L, index), rt_plain_operand_names)
                           : NULL;
    if (near)
        return dcn_fail(err, DCN_ESPEC, "'%s' names %s, which is no operand (did you mean \"%s\"?)",
                        f->key, value, near);
    return dcn_fail(err, DCN_ESPEC, "'%s' names %s, which is no operand", f->key, value);
}

static int read_gradient(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    static const char expected[] = "true, false or a list of operands such as { \"input\" }";
    v->n[0] = 0;
    if (lua_isboolean(L, index)) {
        v->n[0] = lua_toboolean(L, index) ? (int64_t)DCN_GRADIENT_ALL : 0;
        return 0;
    }
    if (!lua_istable(L, index))
        return refuse(L, index, f, expected, err);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        n++;
    if (n == 0 || n > RT_NUM_PLAIN)
        return refuse(L, index, f, expected, err);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, index, i);
        const int64_t bit = operand_bit(L, -1);
        if (!bit)
            return refuse_operand(L, -1, f, err);
        v->n[0] |= bit;
        lua_pop(L, 1);
    }
    return 0;
}

int dsl_read_value(lua_State *L, int index, const rt_field *f, rt_value *v, dcn_error *err)
{
    static int (*const read[])(lua_State *, int, const rt_field *, rt_value *, dcn_error *) = {
        [RT_FIELD_INT] = read_int,           [RT_FIELD_EXTENT] = read_extent,
        [RT_FIELD_SIZE] = read_ints,         [RT_FIELD_PADDING] = read_padding,
        [RT_FIELD_CHOICE] = read_choice,     [RT_FIELD_BOOL] = read_bool,
        [RT_FIELD_NUMBER] = read_number,     [RT_FIELD_NAME] = read_text,
        [RT_FIELD_TEXT] = read_text,         [RT_FIELD_SCHEDULE] = read_schedule,
        [RT_FIELD_GRADIENT] = read_gradient,
    };
    return read[f->type](L, lua_absindex(L, index), f, v, err);
}
