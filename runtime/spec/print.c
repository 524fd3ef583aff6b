/* print.c: a spec as one line of text.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/digest.h"
#include "runtime/base/text.h"
#include "runtime/spec/fields.h"
#include "runtime/spec/gradient.h"
#include "runtime/spec/network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A gradient of a network names operands that only the network knows. */
static void add_gradient(rt_text *t, const dcn_spec *s)
{
    const rt_operand_set wanted = rt_wanted(s);
    const char *separator = " ";
    rt_text_add(t, "{");
    for (int i = 0; i < RT_NUM_PLAIN; i++) {
        if (!rt_operand_in((rt_operand)i, wanted))
            continue;
        rt_text_add(t, "%s\"%s\"", separator, rt_operand_name(s, (rt_operand)i));
        separator = ", ";
    }
    rt_text_add(t, " }");
}

static void add_fields(rt_text *t, const dcn_spec *s)
{
    const char *separator = " ";
    for (const rt_field *f = rt_fields; f->key; f++) {
        char value[RT_FIELD_PRINT_MAX];
        const rt_value v = rt_field_get(f, s);
        if (!rt_field_is_of(f, s->op) || !rt_field_is_shown(f, &v))
            continue;
        rt_text_add(t, "%s%s = ", separator, f->key);
        if (s->network && f->type == RT_FIELD_GRADIENT)
            add_gradient(t, s);
        else
            rt_text_add(t, "%s", rt_field_print(f, &v, value));
        separator = ", ";
    }
}

/* The text without the name of the network, which says nothing about what it computes; and parameters
** that are part of the code. */
static void add_digest(rt_text *t, const dcn_spec *s)
{
    dcn_spec bare = *s;
    char hex[RT_DIGEST_HEX];
    rt_digest d;
    snprintf(bare.name, sizeof bare.name, "network");
    bare.target[0] = bare.schedule[0] = '\0';
    char *text = net_print(&bare);
    rt_digest_open(&d);
    rt_digest_text(&d, text ? text : "");
    if (s->network->constants)
        rt_digest_bytes(&d, s->network->constants,
                        (size_t)s->network->parameters * dcn_dtype_bytes(s->dtype));
    rt_digest_hex(&d, hex);
    rt_text_add(t, ", layers = %d, parameters = %" PRId64 ", digest = \"%.32s\"",
                s->network->nlayers, s->network->parameters, hex);
    free(text);
}

int dcn_spec_print(const dcn_spec *s, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    rt_text_add(&t, "return %s {", dcn_op_name(s->op));
    add_fields(&t, s);
    if (s->network)
        add_digest(&t, s);
    rt_text_add(&t, " }");
    return (int)t.length;
}
