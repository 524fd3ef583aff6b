/* photo_values.c: the values of options that say how a photograph becomes the input of a network.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/values.h"
#include "runtime/base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAMPLES = 10000, MAX_SIDE = 16384, MAX_PARTS = 4096 };

static int fail_value(const Option *o, const char *text, const char *expected, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "%s '%.100s' is not %s", o->name, text, expected);
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *hold_word(int i)
{
    static const char *const words[] = { "live", "fixed", NULL };
    return words[i];
}

const char *channels_word(int i)
{
    static const char *const words[] = { "rgb", "bgr", NULL };
    return words[i];
}

const char *parts_word(int i)
{
    static const char *const words[] = { "blocks=", NULL };
    return words[i];
}

int parse_hold(const Option *o, char *text, void *field, dcn_error *err)
{
    for (int i = 0; hold_word(i); i++)
        if (!strcmp(text, hold_word(i))) {
            *(const char **)field = hold_word(i);
            return 0;
        }
    return fail_value(o, text, "live or fixed", err);
}

int parse_order(const Option *o, char *text, void *field, dcn_error *err)
{
    const bool bgr = !strcmp(text, channels_word(1));
    *(bool *)field = bgr;
    return bgr || !strcmp(text, channels_word(0)) ? 0 : fail_value(o, text, "rgb or bgr", err);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* A finite decimal number that ends at one of `ends`, or NaN. */
static double take_number(const char **at, const char *ends)
{
    char *end;
    if (!**at || !strchr("0123456789.-+", **at))
        return NAN;
    const size_t length = strspn(*at, "0123456789.eE+-");
    const double x = strtod(*at, &end);
    if (end != *at + length || !strchr(ends, *end) || !isfinite(x))
        return NAN;
    *at = end;
    return x;
}

int parse_numbers(const Option *o, char *text, void *field, dcn_error *err)
{
    NumberList list = { .n = 0 };
    const char *at = text;
    do {
        const double x = list.n < 3 ? take_number(&at, ",") : NAN;
        if (isnan(x))
            return fail_value(o, text, "one number or three, such as 0.485,0.456,0.406", err);
        list.at[list.n++] = x;
    } while (*at++);
    if (list.n == 2)
        return fail_value(o, text, "one number or three, such as 0.485,0.456,0.406", err);
    for (int i = 0; i < list.n && !strcmp(o->name, "--std"); i++)
        if (!(list.at[i] > 0))
            return fail_value(o, text, "above 0", err);
    *(NumberList *)field = list;
    return 0;
}

int parse_range(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *at = text;
    const double x = take_number(&at, "");
    if (!(x > 0))
        return fail_value(o, text, "a number above 0, such as 1 or 255", err);
    *(double *)field = x;
    return 0;
}

/* From 1 to max, ended by `end`; 0 if it is not. */
static int take_whole(const char **at, int max, char end)
{
    const size_t digits = strspn(*at, "0123456789");
    const long n = digits >= 1 && digits <= 6 && (*at)[digits] == end ? strtol(*at, NULL, 10) : 0;
    *at += digits + (end != 0);
    return n <= max ? (int)n : 0;
}

int parse_samples(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *at = text;
    const int n = take_whole(&at, MAX_SAMPLES, 0);
    *(int64_t *)field = n;
    return n ? 0 : fail_value(o, text, "a number from 1 to 10000", err);
}

int parse_epsilon(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *at = text;
    const double x = take_number(&at, "");
    if (!(x > 0 && x <= 1))
        return fail_value(o, text, "a number above 0, at most 1", err);
    *(double *)field = x;
    return 0;
}

int parse_parts(const Option *o, char *text, void *field, dcn_error *err)
{
    const size_t word = strlen(parts_word(0));
    const bool blocks = !strncmp(text, parts_word(0), word);
    const char *at = text + (blocks ? word : 0);
    const int n = take_whole(&at, blocks ? MAX_SIDE : MAX_PARTS, 0);
    ((int *)field)[0] = blocks ? 0 : n;
    ((int *)field)[1] = blocks ? n : 0;
    return n ? 0
             : fail_value(o, text, "a number from 1 to 4096, or blocks= and one from 1 to 16384",
                          err);
}

int parse_sides(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *at = text;
    const int h = take_whole(&at, MAX_SIDE, 'x'), w = h ? take_whole(&at, MAX_SIDE, 0) : 0;
    ((int *)field)[0] = h;
    ((int *)field)[1] = w;
    return w ? 0 : fail_value(o, text, "HxW, such as 224x224, at most 16384 each", err);
}
