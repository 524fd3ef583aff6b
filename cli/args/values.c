/* values.c: the value of one option.
**
** Numbers are read strictly: no spaces, nothing behind them, nothing that does not fit.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/values.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MAX_SECONDS = 3600;

static int fail_value(const Option *o, const char *text, const char *expected, dcn_error *err)
{
    return dcn_fail(err, DCN_EUSAGE, "%s '%.100s' is not %s", o->name, text, expected);
}

int parse_any(const Option *o, char *text, void *field, dcn_error *err)
{
    (void)o, (void)err;
    *(const char **)field = text;
    return 0;
}

int parse_text(const Option *o, char *text, void *field, dcn_error *err)
{
    if (!*text)
        return dcn_fail(err, DCN_EUSAGE, "%s needs a value: %s", o->name, o->value);
    *(const char **)field = text;
    return 0;
}

int parse_target(const Option *o, char *text, void *field, dcn_error *err)
{
    if (strchr(text, ','))
        return dcn_fail(err, DCN_EUSAGE,
                        "%s '%.100s': one CPU here; compile --target takes several", o->name, text);
    return parse_text(o, text, field, err);
}

int parse_list(const Option *o, char *text, void *field, dcn_error *err)
{
    WordList *list = field;
    return parse_text(o, text, &list->at[list->n++], err);
}

/* ---- NAME=TEXT ------------------------------------------------------------ */

static int parse_pair(const Option *o, char *text, ParamList *to, dcn_error *err)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return fail_value(o, text, o->value, err);
    *equals = 0;
    for (int i = 0; i < to->n; i++) {
        if (!strcmp(to->at[i].name, text))
            return dcn_fail(err, DCN_EUSAGE, "%s %s is given twice", o->name, text);
    }
    to->at[to->n++] = (dcn_param){ text, equals + 1 };
    return 0;
}

int parse_define(const Option *o, char *text, void *field, dcn_error *err)
{
    return parse_pair(o, text, field, err);
}

int parse_file(const Option *o, char *text, void *field, dcn_error *err)
{
    ParamList *to = field;
    if (parse_pair(o, text, to, err))
        return -1;
    if (!*to->at[to->n - 1].value)
        return dcn_fail(err, DCN_EUSAGE, "%s %s= needs a file", o->name, text);
    return 0;
}

/* ---- numbers -------------------------------------------------------------- */

static bool only_digits(const char *text)
{
    return *text && !text[strspn(text, "0123456789")];
}

int parse_threads(const Option *o, char *text, void *field, dcn_error *err)
{
    errno = 0;
    long n = only_digits(text) ? strtol(text, NULL, 10) : 0;
    if (errno || n < 1 || n > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE, "%s '%.100s' is not a number from 1 to %d", o->name, text,
                        RT_MAX_THREADS);
    *(int *)field = (int)n;
    return 0;
}

int parse_seed(const Option *o, char *text, void *field, dcn_error *err)
{
    errno = 0;
    unsigned long long n = only_digits(text) ? strtoull(text, NULL, 10) : 0;
    if (!only_digits(text) || errno)
        return fail_value(o, text, "a number from 0 to 18446744073709551615", err);
    *(uint64_t *)field = n;
    return 0;
}

int parse_seconds(const Option *o, char *text, void *field, dcn_error *err)
{
    double s = rt_text_number(text);
    if (!(s > 0 && s <= MAX_SECONDS))
        return fail_value(o, text, "a number of seconds above 0, at most 3600", err);
    *(double *)field = s;
    return 0;
}

const char *offsets_word(int i)
{
    static const char *const words[] = { "zero", "normal:", NULL };
    return words[i];
}

const char *system_word(int i)
{
    static const char *const words[] = { "linux", "freebsd", "macos", "windows", NULL };
    return words[i];
}

/* -1 if text does not begin with a whole number of at most 15 digits. */
static int64_t whole(const char *text, const char **end)
{
    size_t digits = strspn(text, "0123456789");
    *end = text + digits;
    return digits >= 1 && digits <= 15 ? strtoll(text, NULL, 10) : -1;
}

int parse_size(const Option *o, char *text, void *field, dcn_error *err)
{
    const int64_t n = rt_text_bytes(text);
    if (n < 0)
        return fail_value(o, text, "a number of bytes, such as 500K, 200M or 1G", err);
    *(int64_t *)field = n;
    return 0;
}

int parse_memory(const Option *o, char *text, void *field, dcn_error *err)
{
    const int64_t n = rt_text_bytes(text);
    if (n < 1)
        return fail_value(o, text, "a number of bytes, such as 500K, 64M or 1G", err);
    *(int64_t *)field = n;
    return 0;
}

int parse_days(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *end;
    int64_t n = whole(text, &end);
    if (n < 0 || *end || n > 36500)
        return fail_value(o, text, "a number of days from 0 to 36500", err);
    *(int64_t *)field = n;
    return 0;
}

int parse_trials(const Option *o, char *text, void *field, dcn_error *err)
{
    errno = 0;
    long long n = only_digits(text) ? strtoll(text, NULL, 10) : 0;
    if (errno || n < 1)
        return fail_value(o, text, "a number of candidates, at least 1", err);
    *(int64_t *)field = n;
    return 0;
}

int parse_shard(const Option *o, char *text, void *field, dcn_error *err)
{
    const char *slash, *end;
    int64_t i = whole(text, &slash), n = *slash == '/' ? whole(slash + 1, &end) : -1;
    if (n < 0 || *end || i < 1 || i > n || n > 1000000)
        return fail_value(o, text, "I/N with 1 <= I <= N", err);
    ((int *)field)[0] = (int)i;
    ((int *)field)[1] = (int)n;
    return 0;
}

int parse_jobs(const Option *o, char *text, void *field, dcn_error *err)
{
    *(int *)field = 0;
    return strcmp(text, "auto") != 0 ? parse_threads(o, text, field, err) : 0;
}

static const struct {
    const char *name;
    dcn_effort effort;
} efforts[] = { { "estimate", DCN_TUNE_ESTIMATE },
                { "measure", DCN_TUNE_MEASURE },
                { "patient", DCN_TUNE_PATIENT },
                { "exhaustive", DCN_TUNE_EXHAUSTIVE } };
enum { NEFFORTS = sizeof efforts / sizeof *efforts };

const char *effort_word(int i)
{
    return i < NEFFORTS ? efforts[i].name : NULL;
}

int parse_effort(const Option *o, char *text, void *field, dcn_error *err)
{
    for (int i = 0; i < NEFFORTS; i++) {
        if (!strcmp(text, efforts[i].name)) {
            *(dcn_effort *)field = efforts[i].effort;
            return 0;
        }
    }
    return fail_value(o, text, "estimate, measure, patient or exhaustive", err);
}
