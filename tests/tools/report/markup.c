/* markup.c: is a page well-formed?
**
** XML's rules, with two additions of HTML: the doctype, and that what stands in style and script is
** not markup.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/report/markup.h"
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, NAME = 32, MOST_IDS = 16384 };

typedef struct Markup {
    const char *at;
    char open[DEEPEST][NAME];
    int depth, ids;
    char (*id)[NAME];
    const char *wrong; /* what */
} Markup;

static bool fail(Markup *m, const char *what)
{
    m->wrong = m->wrong ? m->wrong : what;
    return false;
}

static bool skip_name(Markup *m, char name[NAME])
{
    size_t n = 0;
    while (isalnum((unsigned char)m->at[n]) || (m->at[n] && strchr("-_:", m->at[n])))
        n++;
    if (!n || n >= NAME)
        return fail(m, "a name");
    memcpy(name, m->at, n);
    name[n] = '\0';
    m->at += n;
    return true;
}

static bool skip_entity(Markup *m)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#xfffd;" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(m->at, known[i], strlen(known[i]))) {
            m->at += strlen(known[i]);
            return true;
        }
    return fail(m, "an unknown entity");
}

/* One character of text; UTF-8 is checked by its bytes' marks only. */
static bool skip_char(Markup *m)
{
    const unsigned char c = (unsigned char)*m->at;
    if (c == '&')
        return skip_entity(m);
    if (c < 0x20 && !strchr("\t\n\r", c))
        return fail(m, "a control character");
    const int more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : c >> 3 == 30 ? 3 : -1;
    if (more < 0)
        return fail(m, "bad UTF-8");
    for (int i = 1; i <= more; i++)
        if ((unsigned char)m->at[i] >> 6 != 2)
            return fail(m, "bad UTF-8");
    m->at += more + 1;
    return true;
}

static bool keep_id(Markup *m, const char *value, size_t n)
{
    if (n >= NAME || m->ids == MOST_IDS)
        return fail(m, "an id too long or too many");
    for (int i = 0; i < m->ids; i++)
        if (strlen(m->id[i]) == n && !strncmp(m->id[i], value, n))
            return fail(m, "an id is there twice");
    snprintf(m->id[m->ids++], NAME, "%.*s", (int)n, value);
    return true;
}

static bool skip_attribute(Markup *m, char *seen, size_t size)
{
    char name[NAME], word[NAME + 2];
    if (!skip_name(m, name))
        return false;
    snprintf(word, sizeof word, " %s ", name);
    if (strstr(seen, word))
        return fail(m, "an attribute is there twice");
    snprintf(seen + strlen(seen), size - strlen(seen), "%s", word);
    if (strncmp(m->at, "=\"", 2) != 0)
        return fail(m, "an attribute without a quoted value");
    m->at += 2;
    const char *value = m->at;
    while (*m->at != '"')
        if (!*m->at || *m->at == '<' || !skip_char(m))
            return fail(m, "an attribute that does not end");
    if (!strcmp(name, "id") && !keep_id(m, value, (size_t)(m->at - value)))
        return false;
    m->at++;
    return true;
}

static bool skip_close(Markup *m)
{
    char name[NAME];
    m->at += 2;
    if (!skip_name(m, name) || *m->at != '>')
        return fail(m, "a closing tag");
    m->at++;
    if (!m->depth || strcmp(m->open[m->depth - 1], name) != 0)
        return fail(m, "an element is closed that is not the last one opened");
    m->depth--;
    return true;
}

/* Style and script end at their closing tag and nowhere else. */
static bool skip_raw(Markup *m, const char *name)
{
    char end[NAME + 4];
    snprintf(end, sizeof end, "</%s>", name);
    const char *found = strstr(m->at, end);
    if (!found)
        return fail(m, "style or script does not end");
    for (; m->at < found; m->at++)
        if (*m->at == '<' || *m->at == '&')
            return fail(m, "markup in style or script");
    return true;
}

static bool skip_open(Markup *m)
{
    char name[NAME], seen[512] = "";
    m->at++;
    if (!skip_name(m, name))
        return false;
    while (*m->at == ' ') {
        m->at++;
        if (!skip_attribute(m, seen, sizeof seen))
            return false;
    }
    if (!strncmp(m->at, "/>", 2)) {
        m->at += 2;
        return true;
    }
    if (*m->at++ != '>' || m->depth == DEEPEST)
        return fail(m, "an opening tag");
    snprintf(m->open[m->depth++], NAME, "%s", name);
    return (strcmp(name, "style") && strcmp(name, "script")) || skip_raw(m, name);
}

static void check(Markup *m)
{
    static const char doctype[] = "<!DOCTYPE html>\n";
    if (strncmp(m->at, doctype, sizeof doctype - 1) != 0)
        fail(m, "no doctype");
    else
        m->at += sizeof doctype - 1;
    while (!m->wrong && *m->at) {
        if (!strncmp(m->at, "</", 2))
            skip_close(m);
        else if (*m->at == '<')
            skip_open(m);
        else if (!m->depth && !isspace((unsigned char)*m->at))
            fail(m, "text outside the page");
        else
            skip_char(m);
    }
    if (!m->wrong && m->depth)
        fail(m, "an element is not closed");
}

const char *markup_wrong(const char *page)
{
    static char text[256];
    Markup m = { .at = page, .id = calloc(MOST_IDS, NAME) };
    if (!m.id)
        return "no memory";
    check(&m);
    free(m.id);
    if (!m.wrong)
        return NULL;
    snprintf(text, sizeof text, "%s at \"%.80s\"", m.wrong, m.at);
    return text;
}

int markup_count(const char *page, const char *element)
{
    int n = 0;
    const size_t length = strlen(element);
    for (const char *p = page; (p = strchr(p, '<')); p++)
        n += !strncmp(p + 1, element, length) && strchr(" >/", p[1 + length]) && p[1 + length];
    return n;
}

char *markup_read(const char *path)
{
    void *bytes;
    size_t size;
    dcn_error err = { .text = "" };
    cr_assert_eq(rt_read_file(path, 1 << 28, &bytes, &size, &err), 0, "%s", err.text);
    return bytes;
}
