/* scan.c: on which line of a constructor's call a key is written.
**
** Lua knows the line of a call only.  From that line on the text is read as tokens, so that
** comments and strings are skipped: first NAME { or NAME ( {, then at depth 1 every NAME = that
** follows a brace, a comma or a semicolon.  NAME is the constructor if its name is on that line,
** else whatever is called there first (a local alias).
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <string.h>

enum { END = 0, NAME = 1, LITERAL = 2 }; /* any other kind is the character itself */

typedef struct {
    const char *at;
    int line;
    int kind;
    const char *text; /* of a NAME */
    size_t length;
} scanner;

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

static void skip(scanner *s, size_t n)
{
    for (; n && *s->at; n--, s->at++)
        s->line += *s->at == '\n';
}

/* If a long bracket [==[ begins here, skip all of it. */
static bool skip_long(scanner *s)
{
    const size_t level = strspn(s->at + 1, "=");
    if (s->at[0] != '[' || s->at[1 + level] != '[')
        return false;
    skip(s, level + 2);
    while (*s->at) {
        const char *close = s->at;
        skip(s, 1);
        if (*close == ']' && strspn(close + 1, "=") >= level && close[1 + level] == ']') {
            skip(s, level + 1);
            break;
        }
    }
    return true;
}

static void skip_string(scanner *s)
{
    const char quote = *s->at;
    skip(s, 1);
    while (*s->at && *s->at != quote)
        skip(s, *s->at == '\\' ? 2 : 1);
    skip(s, 1);
}

static void skip_space(scanner *s)
{
    for (;;) {
        skip(s, strspn(s->at, " \t\r\n\v\f"));
        if (strncmp(s->at, "--", 2) != 0)
            return;
        skip(s, 2);
        if (*s->at != '[' || !skip_long(s))
            skip(s, strcspn(s->at, "\n"));
    }
}

static int next(scanner *s)
{
    skip_space(s);
    s->kind = (unsigned char)*s->at;
    s->text = s->at;
    if (in_name(*s->at)) {
        s->kind = NAME;
        while (in_name(*s->at))
            s->at++;
        s->length = (size_t)(s->at - s->text);
    } else if (*s->at == '"' || *s->at == '\'') {
        s->kind = LITERAL;
        skip_string(s);
    } else if (*s->at == '[' && skip_long(s)) {
        s->kind = LITERAL;
    } else if (strncmp(s->at, "==", 2) == 0) {
        s->kind = LITERAL;
        skip(s, 2);
    } else {
        skip(s, 1);
    }
    return s->kind;
}

static bool is(const scanner *s, const char *name)
{
    return s->kind == NAME && strlen(name) == s->length && memcmp(s->text, name, s->length) == 0;
}

/* Step over NAME { or NAME ( { that begins on `line`; callee NULL: any name but a keyword. */
static bool enter(scanner *s, int line, const char *callee)
{
    while (next(s) != END && s->line <= line) {
        if (s->kind != NAME || s->line < line || (callee ? !is(s, callee) : is(s, "return")))
            continue;
        scanner ahead = *s;
        if (next(&ahead) == '(')
            next(&ahead);
        if (ahead.kind == '{') {
            *s = ahead;
            return true;
        }
    }
    return false;
}

/* The line of the last `key =`: it is the one that counts. */
static int find_key(scanner *s, const char *key)
{
    int depth = 1, found = 0;
    bool key_may_follow = true;
    while (depth > 0 && next(s) != END) {
        const bool opens = s->kind == '{' || s->kind == '(' || s->kind == '[';
        const bool closes = s->kind == '}' || s->kind == ')' || s->kind == ']';
        depth += opens - closes;
        const int line = s->line;
        if (depth == 1 && key_may_follow && is(s, key)) {
            scanner ahead = *s;
            if (next(&ahead) == '=')
                found = line;
        }
        key_may_follow = depth == 1 && (s->kind == ',' || s->kind == ';');
    }
    return found;
}

/* The line of `key =` in the braces of the call of `callee` that begins on `line`; 0: not found. */
static int key_line(const char *text, int line, const char *callee, const char *key)
{
    const scanner start = { .at = text, .line = 1 };
    scanner s = start;
    if (enter(&s, line, callee))
        return find_key(&s, key);
    s = start;
    return enter(&s, line, NULL) ? find_key(&s, key) : 0;
}

dsl_place dsl_place_of_key(dsl_place call, const char *callee, const char *key)
{
    if (!call.source || !key)
        return call;
    const int line = key_line(call.source->text, call.line, callee, key);
    return line ? (dsl_place){ call.source, line } : call;
}
