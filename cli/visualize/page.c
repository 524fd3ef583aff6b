/* page.c: one page of all nodes and methods of a command, with the pictures inside.
**
** One file without references to others, as the report of a tuning; well-formed XML, too.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/page.h"
#include "cli/out/html.h"
#include "cli/out/page_style.h"

#include <dcngen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const own_style[] = {
    "main > section > section { border: 0; margin-top: 8px; padding-top: 0; }",
    "nav { display: flex; flex-wrap: wrap; gap: 4px 20px; }",
    ".pictures { display: grid; gap: 16px;",
    "  grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); "
    "}",
    "figure { margin: 0; border: 1px solid var(--grid); border-radius: 8px; "
    "min-width: 0; }",
    "svg { display: block; width: 100%; height: auto; }",
    ".pictures figure { overflow: hidden; align-self: start; }",
    NULL,
};

/* ---- pieces ---------------------------------------------------------------------------------- */

void page_node(FILE *f, const NodeView *n)
{
    const net_shape s = support_node_shape(n->support);
    if (ftell(f) > 0)
        fputs("</section>\n", f);
    html_put(f,
             "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"sub\">one of "
             "%lldx%lld places, %lld channels</p>\n",
             n->id, n->words, (long long)s.h, (long long)s.w, (long long)s.c);
}

void page_method(FILE *f, const Shown *s)
{
    html_put(f, "<section>\n<h3>%s</h3>\n<div class=\"pictures\">\n", s->title);
}

/* Which of the images that were seen this is, or a new one: *is_new; -1 if there is no room for it. */
static int find_image(PageImages *seen, const char *element, size_t length, bool *is_new)
{
    *is_new = false;
    for (int i = 0; i < seen->n; i++)
        if (strlen(seen->element[i]) == length && !memcmp(seen->element[i], element, length))
            return i;
    char *copy = seen->n < PAGE_IMAGES ? strndup(element, length) : NULL;
    if (!copy)
        return -1;
    *is_new = true;
    seen->element[seen->n] = copy;
    return seen->n++;
}

/* The photograph is the first image of a picture; where it stood on the page before it is referred to. */
void page_picture(FILE *f, PageImages *seen, const char *svg)
{
    static const char begin[] = "<image ", end[] = "/>\n";
    const char *from = strstr(svg, begin), *to = from ? strstr(from, end) : NULL;
    const size_t before = to ? (size_t)(from - svg) : strlen(svg);
    bool is_new = false;
    const int at = to ? find_image(seen, from, (size_t)(to - from), &is_new) : -1;
    fputs("<figure>", f);
    fwrite(svg, 1, before, f);
    if (at >= 0 && !is_new) {
        fprintf(f, "<use xlink:href=\"#photo-%d\"/>\n", at + 1);
        from = to + strlen(end);
    } else if (at >= 0) {
        fprintf(f, "<image id=\"photo-%d\" ", at + 1);
        from += strlen(begin);
    }
    fprintf(f, "%s</figure>\n", to ? from : "");
}

void page_method_end(FILE *f)
{
    fputs("</div>\n</section>\n", f);
}

/* ---- around them ----------------------------------------------------------------------------- */

/* Further photographs, which receptive fields are means over. */
static void put_others(FILE *f, const WordList *image)
{
    for (int k = 1; k < image->n; k++)
        html_put(f, "%s<code>%s</code>", k == 1 ? "; mean of receptive fields also over " : ", ",
                 image->at[k]);
}

static void put_head(FILE *f, const PhotoView *v)
{
    const Args *a = v->args;
    page_begin(f, "dcngen visualize");
    page_lines(f, own_style);
    html_put(f, "</style>\n</head>\n<body>\n<header>\n<h1>What %s looks at</h1>\n", v->spec->name);
    html_put(f,
             "<p class=\"sub\"><code>%s</code> in %dx%d pixels, response "
             "<code>%s</code>, offsets "
             "<code>%s</code>; weights <code>%s</code>",
             view_image_name(v), v->h, v->w, a->response, a->hold,
             a->weights ? a->weights : "none");
    put_others(f, &a->image);
    html_put(f, "; written by dcngen %s</p>\n", dcn_version());
}

/* Several nodes have an index, one has none. */
static void put_index(FILE *f, const json_t *nodes)
{
    const size_t n = json_array_size(nodes);
    if (n < 2)
        return;
    fputs("<nav>\n", f);
    for (size_t i = 0; i < n; i++) {
        const json_t *node = json_array_get(nodes, i);
        html_put(f, "<a href=\"#%s\">%s</a>\n", json_string_value(json_object_get(node, "id")),
                 json_string_value(json_object_get(node, "name")));
    }
    fputs("</nav>\n", f);
}

int page_make(const PhotoView *v, const json_t *nodes, const char *body, char **page, size_t *size)
{
    FILE *f = open_memstream(page, size);
    if (!f)
        return -1;
    put_head(f, v);
    put_index(f, nodes);
    fputs("</header>\n<main>\n", f);
    fputs(body, f);
    fputs("</section>\n</main>\n</body>\n</html>\n", f);
    const int bad = ferror(f);
    return fclose(f) || bad ? -1 : 0;
}
