/* value.c: printing the value of one field, and telling whether it is in range.
**
** Printed values are Lua, in the shortest form: {3, 3} is printed as 3, padding {1, 2, 1, 2} as
** {1, 2}.  Messages are of the form: 'key' = value is outside 1..64
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/text.h"
#include "runtime/spec/fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many of the elements have to be written. */
static int shortest(const int64_t *n, int count)
{
    if (count == 4 && (n[0] != n[2] || n[1] != n[3]))
        return 4;
    return count >= 2 && n[0] != n[1] ? 2 : 1;
}

static bool is_same(const rt_field *f, const rt_value *v)
{
    bool same = f->type == RT_FIELD_PADDING;
    for (int i = 0; i < 4; i++)
        same = same && v->n[i] == DCN_SAME;
    return same;
}

static void print_ints(const rt_value *v, int count, char *buf, size_t size)
{
    int n = shortest(v->n, count);
    rt_text t = rt_text_in(buf, size);
    rt_text_add(&t, "%s%" PRId64, n > 1 ? "{" : "", v->n[0]);
    for (int i = 1; i < n; i++)
        rt_text_add(&t, ", %" PRId64, v->n[i]);
    if (n > 1)
        rt_text_add(&t, "}");
}

static void print_operands(rt_operand_set set, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    if (set == 0 || set == DCN_GRADIENT_ALL) {
        rt_text_add(&t, "%s", set ? "true" : "false");
        return;
    }
    rt_text_add(&t, "{");
    const char *separator = "";
    for (int i = 0; i < RT_NUM_PLAIN; i++) {
        if (!rt_operand_in((rt_operand)i, set))
            continue;
        rt_text_add(&t, "%s\"%s\"", separator, rt_operand_names[i]);
        separator = ", ";
    }
    rt_text_add(&t, "}");
}

/* The fewest digits that read back as x; a decimal comma of the locale becomes a point. */
static void print_number(double x, char *buf, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, x);
        if (strtod(buf, NULL) == x)
            break;
    }
    char *comma = strchr(buf, ',');
    if (comma)
        *comma = '.';
}

static void print_text(const rt_value *v, char *buf)
{
    size_t used = 0;
    buf[used++] = '"';
    for (const char *p = v->text; p < v->text + sizeof v->text && *p; p++) {
        if (*p == '"' || *p == '\\')
            buf[used++] = '\\';
        buf[used++] = *p;
    }
    buf[used++] = '"';
    buf[used] = 0;
}

static int choices_of(const rt_field *f)
{
    int n = 0;
    while (f->choices[n])
        n++;
    return n;
}

const char *rt_field_print(const rt_field *f, const rt_value *v, char buf[RT_FIELD_PRINT_MAX])
{
    const size_t size = RT_FIELD_PRINT_MAX;
    if (rt_field_count(f) == 0)
        print_text(v, buf);
    else if (f->type == RT_FIELD_NUMBER)
        print_number(v->x, buf, size);
    else if (f->type == RT_FIELD_GRADIENT)
        print_operands((rt_operand_set)v->n[0], buf, size);
    else if (f->type == RT_FIELD_BOOL)
        snprintf(buf, size, "%s", v->n[0] ? "true" : "false");
    else if (f->type == RT_FIELD_EXTENT && v->n[0] == DCN_DYNAMIC)
        snprintf(buf, size, "dynamic");
    else if (is_same(f, v))
        snprintf(buf, size, "\"same\"");
    else if (f->type == RT_FIELD_CHOICE && v->n[0] >= 0 && v->n[0] < choices_of(f))
        snprintf(buf, size, "\"%s\"", f->choices[v->n[0]]);
    else
        print_ints(v, rt_field_count(f), buf, size);
    return buf;
}

static void list_choices(const rt_field *f, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    for (int i = 0; f->choices[i]; i++)
        if (rt_field_allows(f, i))
            rt_text_item(&t, ", ", "\"%s\"", f->choices[i]);
}

/* What other libraries call our choices, where that is not near. */
static const char *const other_names[][2] = {
    { "relu6", "clip" },          { "hardtanh", "clip" },      { "lrelu", "leaky_relu" },
    { "h_swish", "hardswish" },   { "swish", "silu" },         { "float", "f32" },
    { "float32", "f32" },         { "fp32", "f32" },           { "single", "f32" },
    { "float64", "f64" },         { "fp64", "f64" },           { "double", "f64" },
    { "channels_first", "nchw" }, { "channels_last", "nhwc" }, { "mean", "average" },
    { "zeros", "zero" },          { "edge", "clamp" },         { "replicate", "clamp" },
    { "layer_norm", "LN" },       { "LayerNorm", "LN" },       { "identity", "none" },
    { "linear", "none" },
};

/* The choice that was meant, or NULL. */
static const char *meant(const char *given, const char *const *choices)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        if (strcmp(given, other_names[i][0]))
            continue;
        for (size_t c = 0; choices[c]; c++)
            if (!strcmp(choices[c], other_names[i][1]))
                return choices[c];
    }
    return rt_nearest(given, choices);
}

int rt_field_not_a_choice(const rt_field *f, const char *given, dcn_error *err)
{
    char allowed[256];
    list_choices(f, allowed, sizeof allowed);
    for (int i = 0; f->later && f->later[i]; i++) {
        if (strcmp(f->later[i], given) == 0)
            return dcn_fail(err, DCN_ESPEC,
                            "'%s' = \"%s\" is not available in this version; it is one of %s",
                            f->key, given, allowed);
    }
    const char *allowed_names[16];
    size_t n = 0;
    for (int i = 0; f->choices[i]; i++) {
        if (rt_field_allows(f, i))
            allowed_names[n++] = f->choices[i];
    }
    allowed_names[n] = NULL;
    const char *near = meant(given, allowed_names);
    if (near)
        return dcn_fail(err, DCN_ESPEC, "'%s' = \"%.64s\" is not one of %s (did you mean \"%s\"?)",
                        f->key, given, allowed, near);
    return dcn_fail(err, DCN_ESPEC, "'%s' = \"%.64s\" is not one of %s", f->key, given, allowed);
}

static int check_choice(const rt_field *f, const rt_value *v, dcn_error *err)
{
    const bool known = v->n[0] >= 0 && v->n[0] < choices_of(f);
    if (known && rt_field_allows(f, v->n[0]))
        return 0;
    if (known)
        return rt_field_not_a_choice(f, f->choices[v->n[0]], err);
    char allowed[256];
    list_choices(f, allowed, sizeof allowed);
    return dcn_fail(err, DCN_ESPEC, "'%s' = %" PRId64 " is not the enumerator of one of %s", f->key,
                    v->n[0], allowed);
}

static int check_ints(const rt_field *f, const rt_value *v, dcn_error *err)
{
    const bool may_be_dynamic = f->type == RT_FIELD_EXTENT;
    if ((may_be_dynamic && v->n[0] == DCN_DYNAMIC) || is_same(f, v))
        return 0;
    for (int i = 0; i < rt_field_count(f); i++) {
        if ((double)v->n[i] >= f->min && (double)v->n[i] <= f->max)
            continue;
        char value[RT_FIELD_PRINT_MAX];
        return dcn_fail(err, DCN_ESPEC, "'%s' = %s is outside %.0f..%.0f%s", f->key,
                        rt_field_print(f, v, value), f->min, f->max,
                        may_be_dynamic ? " and not dynamic" : "");
    }
    return 0;
}

static int check_number(const rt_field *f, const rt_value *v, dcn_error *err)
{
    char value[RT_FIELD_PRINT_MAX];
    if (isnan(v->x) || isinf(v->x))
        return dcn_fail(err, DCN_ESPEC, "'%s' = %s is not a finite number", f->key,
                        isnan(v->x) ? "nan"
                        : v->x > 0  ? "inf"
                                    : "-inf");
    if (v->x >= f->min && v->x <= f->max)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s is outside %g..%g", f->key,
                    rt_field_print(f, v, value), f->min, f->max);
}

static int check_bool(const rt_field *f, const rt_value *v, dcn_error *err)
{
    if (v->n[0] == 0 || v->n[0] == 1)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %" PRId64 " is not true or false", f->key, v->n[0]);
}

/* Which operands there are is for rt_check_gradient to say, which knows the whole spec. */
static int check_operands(const rt_field *f, const rt_value *v, dcn_error *err)
{
    const rt_operand_set set = (rt_operand_set)v->n[0];
    if (set == DCN_GRADIENT_ALL || set >> RT_NUM_PLAIN == 0)
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %#" PRIx64 " is not a set of operands", f->key, set);
}

static int check_text(const rt_field *f, const rt_value *v, dcn_error *err)
{
    const char *end = memchr(v->text, 0, (size_t)f->max + 1);
    if (!end)
        return dcn_fail(err, DCN_ESPEC, "'%s' = \"%.20s...\" is longer than %.0f letters", f->key,
                        v->text, f->max);
    for (const char *p = v->text; p < end; p++) {
        if (*p < ' ' || *p > '~')
            return dcn_fail(err, DCN_ESPEC,
                            "'%s' = \"%.*s\" has a letter that is not printable ASCII", f->key,
                            (int)(end - v->text), v->text);
    }
    return 0;
}

static bool is_word(const char *s)
{
    const char *start = s;
    for (; *s; s++) {
        bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '_';
        bool digit = *s >= '0' && *s <= '9';
        if (!letter && !(digit && s > start))
            return false;
    }
    return s > start;
}

static bool is_keyword(const char *s)
{
    static const char *const keywords[] = {
        "auto",       "break",     "case",           "char",
        "const",      "continue",  "default",        "do",
        "double",     "else",      "enum",           "extern",
        "float",      "for",       "goto",           "if",
        "inline",     "int",       "long",           "register",
        "restrict",   "return",    "short",          "signed",
        "sizeof",     "static",    "struct",         "switch",
        "typedef",    "union",     "unsigned",       "void",
        "volatile",   "while",     "_Bool",          "_Complex",
        "_Imaginary", "_Alignas",  "_Alignof",       "_Atomic",
        "_Generic",   "_Noreturn", "_Static_assert", "_Thread_local",
    };
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (strcmp(s, keywords[i]) == 0)
            return true;
    }
    return false;
}

/* C promises 63 significant letters; the longest suffix of a symbol that every kernel has is 16
** letters long, so names have 47. */
static int check_name(const rt_field *f, const rt_value *v, dcn_error *err)
{
    if (check_text(f, v, err))
        return -1;
    if (!is_word(v->text))
        return dcn_fail(err, DCN_ESPEC,
                        "'%s' = \"%s\" is not a C identifier (letters, digits and _)", f->key,
                        v->text);
    if (is_keyword(v->text))
        return dcn_fail(err, DCN_ESPEC, "'%s' = \"%s\" is a keyword of C", f->key, v->text);
    return 0;
}

int rt_field_check(const rt_field *f, const rt_value *v, dcn_error *err)
{
    static int (*const check[])(const rt_field *, const rt_value *, dcn_error *) = {
        [RT_FIELD_INT] = check_ints,          [RT_FIELD_EXTENT] = check_ints,
        [RT_FIELD_SIZE] = check_ints,         [RT_FIELD_PADDING] = check_ints,
        [RT_FIELD_CHOICE] = check_choice,     [RT_FIELD_BOOL] = check_bool,
        [RT_FIELD_NUMBER] = check_number,     [RT_FIELD_NAME] = check_name,
        [RT_FIELD_TEXT] = check_text,         [RT_FIELD_SCHEDULE] = check_text,
        [RT_FIELD_GRADIENT] = check_operands,
    };
    return check[f->type](f, v, err);
}
