/* page_row.c: a key as a line of a table of the reference page.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/page.h"

static const char *form_of(const rt_field *f)
{
    static const char *const forms_of[] = {
        [RT_FIELD_INT] = "integer",
        [RT_FIELD_EXTENT] = "integer or `dynamic`",
        [RT_FIELD_SIZE] = "size",
        [RT_FIELD_PADDING] = "padding",
        [RT_FIELD_CHOICE] = "choice",
        [RT_FIELD_BOOL] = "`true` or `false`",
        [RT_FIELD_NUMBER] = "number",
        [RT_FIELD_NAME] = "string",
        [RT_FIELD_TEXT] = "string",
        [RT_FIELD_SCHEDULE] = "string or table",
        [RT_FIELD_GRADIENT] = "`true`, `false` or list of operands",
    };
    return forms_of[f->type];
}

static void print_value(FILE *out, const rt_field *f)
{
    if (f->type != RT_FIELD_CHOICE) {
        fprintf(out, "%s", form_of(f));
        if (rt_field_count(f) && (f->max > 1 || f->type == RT_FIELD_NUMBER))
            fprintf(out, ", %.10g..%.10g", f->min, f->max);
        return;
    }
    const char *comma = "";
    for (int i = 0; f->choices[i]; i++) {
        if (!rt_field_allows(f, i))
            continue;
        fprintf(out, "%s`\"%s\"`", comma, f->choices[i]);
        comma = ", ";
    }
}

void page_row(FILE *out, const rt_field *f)
{
    char text[RT_FIELD_PRINT_MAX];
    const rt_value v = rt_field_default(f);
    fprintf(out, "| `%s` | ", f->key);
    print_value(out, f);
    if (f->required)
        fprintf(out, " | required");
    else if (f->type == RT_FIELD_NAME)
        fprintf(out, " | the constructor's");
    else if (rt_field_count(f) && f->max > f->min && f->default_value < f->min)
        fprintf(out, " | none");
    else
        fprintf(out, " | `%s`", rt_field_print(f, &v, text));
    fprintf(out, " | %s |\n", f->doc);
}

void page_head(FILE *out)
{
    fprintf(out, "\n| key | value | default | meaning |\n|---|---|---|---|\n");
}
