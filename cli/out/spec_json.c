/* spec_json.c: a spec as JSON, made from the table of fields.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/spec_json.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/network.h"

#include <stdlib.h>

static json_t *numbers(const rt_field *f, const rt_value *v)
{
    const int n = rt_field_count(f);
    if (n == 1)
        return json_integer(v->n[0]);
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_integer(v->n[i]));
    return list;
}

static json_t *operands(const dcn_spec *s, rt_operand_set set)
{
    if (set == 0 || set == DCN_GRADIENT_ALL)
        return json_boolean(set != 0);
    json_t *list = json_array();
    for (int i = 0; i < RT_NUM_PLAIN; i++)
        if (rt_operand_in((rt_operand)i, set))
            json_array_append_new(list, json_string(rt_operand_name(s, (rt_operand)i)));
    return list;
}

static json_t *value_json(const dcn_spec *s, const rt_field *f, const rt_value *v)
{
    switch (f->type) {
    case RT_FIELD_NUMBER:
        return json_real(v->x);
    case RT_FIELD_GRADIENT:
        return operands(s, (rt_operand_set)v->n[0]);
    case RT_FIELD_BOOL:
        return json_boolean(v->n[0]);
    case RT_FIELD_CHOICE:
        return json_string(f->choices[v->n[0]]);
    case RT_FIELD_NAME:
    case RT_FIELD_TEXT:
    case RT_FIELD_SCHEDULE:
        return json_string(v->text);
    default:
        break;
    }
    const bool is_dynamic = f->type == RT_FIELD_EXTENT && v->n[0] == DCN_DYNAMIC;
    return is_dynamic ? json_string("dynamic") : numbers(f, v);
}

json_t *spec_json(const dcn_spec *s)
{
    json_t *o = json_pack("{s:s}", "op", dcn_op_name(s->op));
    for (const rt_field *f = rt_fields; f->key; f++) {
        const rt_value v = rt_field_get(f, s);
        if (!rt_field_is_of(f, s->op) || !rt_field_is_shown(f, &v))
            continue;
        json_object_set_new(o, f->key, value_json(s, f, &v));
    }
    char *text = s->network ? net_print(s) : NULL;
    if (text)
        json_object_set_new(o, "text", json_string(text));
    free(text);
    return o;
}
