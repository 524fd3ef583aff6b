/* pipe.c: questions and answers as lines of JSON, with numbers behind them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/pipe.h"
#include "cli/out/print.h"
#include "runtime/base/base.h"
#include "runtime/base/grow.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers would have to be turned round"
#endif

enum { MAX_LINE = 8 << 20 };

static int fail_answer(dcn_error *err, const char *why)
{
    return dcn_fail(err, DCN_EFAILED, "the model's answer %s", why);
}

/* ---- a message ------------------------------------------------------------------------------- */

static bool write_message(json_t *question, const double *values, int64_t n)
{
    if (json_object_set_new(question, "values", json_integer(n)))
        return false;
    char *line = json_dumps(question, JSON_COMPACT);
    const bool written = line && fprintf(stdout, "%s\n", line) > 0 &&
                         (!n || fwrite(values, sizeof *values, (size_t)n, stdout) == (size_t)n) &&
                         fflush(stdout) == 0;
    free(line);
    return written;
}

/* A line without its end, malloc'ed; NULL: there is none. */
static char *read_line(size_t *length)
{
    size_t room = 0;
    char *line = rt_grow(NULL, 1, &room, 1);
    *length = 0;
    for (int c; line && (c = getc(stdin)) != '\n'; line[(*length)++] = (char)c) {
        char *longer = rt_grow(line, *length + 1, &room, 1);
        if (c == EOF || *length >= MAX_LINE || !longer) {
            free(longer ? longer : line);
            return NULL;
        }
        line = longer;
    }
    return line;
}

static json_t *read_message(void)
{
    size_t length;
    char *line = read_line(&length);
    json_t *answer = line ? json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(line);
    return answer;
}

int pipe_ask(json_t *question, const double *values, int64_t n, json_t **answer, dcn_error *err)
{
    const bool written = question && write_message(question, values, n);
    json_decref(question);
    *answer = written ? read_message() : NULL;
    if (!*answer)
        return dcn_fail(err, DCN_EFAILED, "no answer from whoever runs the model");
    const char *error = json_string_value(json_object_get(*answer, "error"));
    if (!error && json_is_object(*answer))
        return 0;
    if (error)
        dcn_fail(err, DCN_EFAILED, "the model: %.600s", error);
    else
        fail_answer(err, "is no object");
    json_decref(*answer);
    *answer = NULL;
    return -1;
}

int pipe_take(const json_t *answer, double *to, int64_t n, dcn_error *err)
{
    const json_int_t there = json_integer_value(json_object_get(answer, "values"));
    if (there != n)
        return dcn_fail(err, DCN_EFAILED, "the model's answer has %lld values, and %lld are needed",
                        (long long)there, (long long)n);
    return !n || fread(to, sizeof *to, (size_t)n, stdin) == (size_t)n
               ? 0
               : fail_answer(err, "ends too early");
}

int pipe_ask_values(json_t *question, const double *values, int64_t n, double *to, int64_t want,
                    dcn_error *err)
{
    json_t *answer;
    if (pipe_ask(question, values, n, &answer, err))
        return -1;
    const int failed = pipe_take(answer, to, want, err);
    json_decref(answer);
    return failed;
}

/* ---- what an answer says --------------------------------------------------------------------- */

static int fail_key(dcn_error *err, const char *key, const char *expected)
{
    return dcn_fail(err, DCN_EFAILED, "the model's answer: \"%s\" is not %s", key, expected);
}

static bool is_number(const json_t *v, int least)
{
    return json_is_integer(v) && json_integer_value(v) >= least && json_integer_value(v) <= INT_MAX;
}

int pipe_integer(const json_t *object, const char *key, int least, int *to, dcn_error *err)
{
    const json_t *v = json_object_get(object, key);
    if (!is_number(v, least))
        return fail_key(err, key, "a number that can be");
    *to = (int)json_integer_value(v);
    return 0;
}

int pipe_integers(const json_t *object, const char *key, int least, int n, int64_t *to,
                  dcn_error *err)
{
    const json_t *list = json_object_get(object, key);
    bool good = json_is_array(list) && json_array_size(list) == (size_t)n;
    for (int i = 0; i < n && good; i++) {
        good = is_number(json_array_get(list, (size_t)i), least);
        to[i] = json_integer_value(json_array_get(list, (size_t)i));
    }
    return good ? 0 : fail_key(err, key, "a list of as many numbers as there must be");
}

const char *pipe_text(const json_t *object, const char *key, dcn_error *err)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text)
        fail_key(err, key, "a text");
    return text;
}

int pipe_report_failure(const dcn_error *err)
{
    char text[DCN_ERROR_MAX];
    dcn_error_print(err, text, sizeof text);
    json_t *question = json_pack("{s:s, s:i, s:o}", "ask", "failed", "code", (int)err->code, "text",
                                 text_json(text));
    const bool told = question && write_message(question, NULL, 0);
    json_decref(question);
    return told ? (int)err->code : -1;
}
