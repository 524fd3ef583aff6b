/* check.c: whether a spec can be compiled.
**
** First every field against its range in rt_fields, then the rules of the operator's row, in order,
** then how large its operands are.  Calls of a kernel check their sizes alone: the rest was checked when it was made.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/gradient.h"
#include "runtime/spec/row.h"

/* What op has no key for must be as dcn_spec_init and dcn_spec_complete make it. */
static int check_foreign(const rt_field *f, const dcn_spec *s, const dcn_spec *made, dcn_error *err)
{
    const rt_value v = rt_field_get(f, s), want = rt_field_get(f, made);
    char value[RT_FIELD_PRINT_MAX], wanted[RT_FIELD_PRINT_MAX];
    if (rt_field_equal(f, &v, &want))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s has no meaning for %s; leave it at %s", f->key,
                    rt_field_print(f, &v, value), dcn_op_name(s->op),
                    rt_field_print(f, &want, wanted));
}

static int check_own(const rt_field *f, const dcn_spec *s, const dcn_spec *made, dcn_error *err)
{
    const rt_value v = rt_field_get(f, s), want = rt_field_get(f, made);
    char value[RT_FIELD_PRINT_MAX], wanted[RT_FIELD_PRINT_MAX];
    if (rt_field_check(f, &v, err))
        return -1;
    if (rt_field_equal(f, &v, &want))
        return 0;
    return dcn_fail(err, DCN_ESPEC, "'%s' = %s stands for %s; call dcn_spec_complete", f->key,
                    rt_field_print(f, &v, value), rt_field_print(f, &want, wanted));
}

/* A spec with the operator's own members as in s and all others as they are made. */
static void make(const dcn_spec *s, dcn_spec *made)
{
    dcn_spec_init(made, s->op);
    for (const rt_field *f = rt_fields; f->key; f++) {
        const rt_value v = rt_field_get(f, s);
        if (rt_field_is_of(f, s->op))
            rt_field_set(f, &v, made);
    }
    dcn_spec_complete(made);
}

static int check_fields(const dcn_spec *s, const char **key, dcn_error *err)
{
    dcn_spec made;
    make(s, &made);
    for (const rt_field *f = rt_fields; f->key; f++) {
        *key = f->key;
        const bool own = rt_field_is_of(f, s->op);
        if (own && check_own(f, s, &made, err))
            return -1;
        if (!own && !rt_field_at(s->op, f->offset) && check_foreign(f, s, &made, err))
            return -1;
    }
    return 0;
}

static int check_kernel_name(const dcn_spec *s, const char **key, dcn_error *err)
{
    const char *taken = rt_name_taken(s->name);
    *key = "name";
    return taken ? dcn_fail(err, DCN_ESPEC, "'name' = \"%s\" is %s", s->name, taken) : 0;
}

static int check_rules(const dcn_spec *s, const rt_rule *r, const char **key, dcn_error *err)
{
    for (; r && r->check; r++) {
        if (r->check(s, err) == 0)
            continue;
        *key = r->member == RT_NO_MEMBER ? NULL : rt_key_of(s, r->member);
        return -1;
    }
    return 0;
}

static int check_all_rules(const dcn_spec *s, const char **key, dcn_error *err)
{
    static const rt_rule last[] = { { RT_MEMBER(gradient), rt_check_gradient },
                                    { RT_NO_MEMBER, rt_check_elements },
                                    { 0, NULL } };
    return check_rules(s, rt_common_rules, key, err) ||
                   check_rules(s, rt_op_of(s->op)->rules, key, err) ||
                   check_rules(s, last, key, err)
               ? -1
               : 0;
}

int rt_spec_check(const dcn_spec *s, const char **key, dcn_error *err)
{
    const rt_op *op = rt_op_of(s->op);
    *key = NULL;
    if (!op)
        return dcn_fail(err, DCN_ESPEC, "op = %d is not the enumerator of an operator", (int)s->op);
    if (s->network && !rt_op_has(s->op, RT_IS_NETWORK))
        return dcn_fail(err, DCN_ESPEC, "%s has a network, which only a network has", op->name);
    if (check_fields(s, key, err) || check_kernel_name(s, key, err))
        return -1;
    return check_all_rules(s, key, err);
}

int rt_spec_check_sizes(const dcn_spec *s, dcn_error *err)
{
    const char *key;
    for (const rt_field *f = rt_fields; f->key; f++) {
        if (f->type != RT_FIELD_EXTENT || !rt_field_is_of(f, s->op))
            continue;
        const rt_value v = rt_field_get(f, s);
        if (rt_field_check(f, &v, err))
            return -1;
    }
    return check_all_rules(s, &key, err);
}

int dcn_spec_check(const dcn_spec *s, dcn_error *err)
{
    const char *key;
    return rt_spec_check(s, &key, err);
}
