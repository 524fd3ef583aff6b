/* nearest.c: which known name was meant by a misspelt one.
**
** The distance is the number of letters inserted, removed, changed or swapped with their
** neighbour, without regard to case.  Near is a distance of at most a third of the letters
** (at least 1), or a beginning of at least 3 letters: "kernel" means "kernel_size".  Of names at one
** distance the one that begins alike for longest is taken, and of those the first.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 63 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment; row[i % 3][j] compares the first i letters of a, j letters of b. */
static int distance(const char *a, int na, const char *b, int nb)
{
    int row[3][LONGEST + 1];
    for (int j = 0; j <= nb; j++)
        row[0][j] = j;
    for (int i = 1; i <= na; i++) {
        int *now = row[i % 3];
        const int *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= nb; j++) {
            int changed = up[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            now[j] = smaller(changed, 1 + smaller(up[j], now[j - 1]));
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = smaller(now[j], up2[j - 2] + 1);
        }
    }
    return row[na % 3][nb];
}

/* How many letters two words have in common at their beginning. */
static int alike(const char *a, const char *b)
{
    int n = 0;
    while (a[n] && lower(a[n]) == lower(b[n]))
        n++;
    return n;
}

static int begins(const char *name, const char *word, int length)
{
    for (int i = 0; i < length; i++) {
        if (lower(name[i]) != lower(word[i]))
            return 0;
    }
    return 1;
}

const char *rt_nearest(const char *word, const char *const *names)
{
    size_t length = strlen(word);
    if (length == 0 || length > LONGEST)
        return NULL;
    int n = (int)length, best = n / 3 > 1 ? n / 3 + 1 : 2;
    const char *found = NULL, *prefixed = NULL;
    for (; *names; names++) {
        size_t m = strlen(*names);
        if (m > LONGEST)
            continue;
        int d = distance(word, n, *names, (int)m);
        const bool nearer =
            d < best || (d == best && found && alike(word, *names) > alike(word, found));
        if (nearer && d < (int)m) {
            best = d;
            found = *names;
        }
        if (!prefixed && n >= 3 && (int)m > n && begins(*names, word, n))
            prefixed = *names;
    }
    return found ? found : prefixed;
}
