/* listing.c: an assembly text cut into lines, and its innermost loops.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/fast/asm/listing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

Listing listing_open(const char *text)
{
    Listing l = { .text = strdup(text) };
    int room = 1;
    for (const char *p = text; *p; p++)
        room += *p == '\n';
    l.line = calloc((size_t)room + 1, sizeof *l.line);
    for (char *p = strtok(l.text, "\n"); p; p = strtok(NULL, "\n"))
        l.line[l.n++] = p;
    return l;
}

void listing_close(Listing *l)
{
    free(l->line);
    free(l->text);
}

int listing_count(const Listing *l, int first, int last, const char *word)
{
    int n = 0;
    for (int i = first; i < last; i++)
        n += strstr(l->line[i], word) != NULL;
    return n;
}

static int is_label(const char *line)
{
    size_t n = strcspn(line, ":");
    return !isspace((unsigned char)line[0]) && line[n] == ':';
}

/* Where the operation of a line begins, its operand and the operand's length: `\tjl\t.LBB1_2`. */
static const char *operation(const char *line, const char **operand, size_t *length)
{
    const char *op = line + strspn(line, " \t");
    const char *at = op + strcspn(op, " \t");
    *operand = at + strspn(at, " \t");
    const char *last = strrchr(*operand, ' ');
    if (last) /* `cbnz x0, .LBB1_2` */
        *operand = last + 1;
    *length = strcspn(*operand, " \t,@");
    return op;
}

static int jumps_to(const char *line, const char *label)
{
    const char *operand;
    size_t length, n = strcspn(label, ":");
    const char *op = operation(line, &operand, &length);
    return (*op == 'j' || *op == 'b' || !strncmp(op, "cb", 2) || !strncmp(op, "tb", 2)) &&
           length == n && !strncmp(operand, label, n);
}

/* Labels of blocks begin with a dot (or L on some systems); others are functions. */
static int is_function(const char *line)
{
    return is_label(line) && line[0] != '.';
}

int listing_loop(const Listing *l, const char *function, const char *word, int *first, int *last)
{
    int most = 0, start = 0, inside = 0;
    for (int i = 0; i < l->n; i++) {
        if (is_function(l->line[i]))
            inside = !strncmp(l->line[i], function, strlen(function));
        if (is_label(l->line[i]))
            start = i;
        if (!inside || !jumps_to(l->line[i], l->line[start]))
            continue;
        int n = listing_count(l, start, i, word);
        if (n > most) {
            most = n;
            *first = start;
            *last = i + 1;
        }
    }
    return most;
}

int listing_function(const Listing *l, const char *name, int *first, int *last)
{
    int found = 0;
    for (int i = 0; i < l->n; i++) {
        if (!is_function(l->line[i]))
            continue;
        if (found) {
            *last = i;
            return 1;
        }
        found =
            strcspn(l->line[i], ":") == strlen(name) && !strncmp(l->line[i], name, strlen(name));
        *first = i;
        *last = l->n;
    }
    return found;
}

static int defines(const Listing *l, const char *name, size_t length)
{
    for (int i = 0; i < l->n; i++)
        if (is_label(l->line[i]) && strcspn(l->line[i], ":") == length &&
            !strncmp(l->line[i], name, length))
            return 1;
    return 0;
}

static int is_transfer(const char *op)
{
    static const char *const all[] = { "call", "jmp", "bl\t", "b\t", "br\t", "blr\t" };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strncmp(op, all[i], strlen(all[i])))
            return 1;
    return 0;
}

const char *listing_stray_call(const Listing *l)
{
    for (int i = 0; i < l->n; i++) {
        const char *operand;
        size_t length;
        const char *op = operation(l->line[i], &operand, &length);
        if (l->line[i][0] == '\t' && is_transfer(op) && !defines(l, operand, length))
            return l->line[i];
    }
    return NULL;
}
