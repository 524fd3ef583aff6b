/* print.c: the two standard streams.
**
** A pipe that was closed and a disk that is full are errors like any other: SIGPIPE is ignored
** and the state of stdout is looked at once, at the end.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/out/signals.h"
#include "runtime/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void print_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    /* Writing to what stands in for a closed stdout must fail, so it is opened for reading. */
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
            _exit(DCN_EENV);
    }
}

const char *print_colour(FILE *to, Colour colour)
{
    static const char *const escape[] = { "\033[32m", "\033[1;31m", "\033[0m" };
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if ((no && *no) || !term || !strcmp(term, "dumb") || !isatty(fileno(to)))
        return "";
    return escape[colour];
}

static bool told; /* one line says what went wrong, what follows from it is not told again */

int print_error(const dcn_error *err)
{
    told = true;
    const char *bad = print_colour(stderr, COLOUR_BAD), *plain = print_colour(stderr, COLOUR_NONE);
    char line[DCN_ERROR_MAX];
    const size_t place = (size_t)dcn_error_print(err, line, sizeof line) - strlen(err->text);
    if (place)
        fprintf(stderr, "%s%.*s%s %s\n", bad, (int)place - 1, line, plain, err->text);
    else
        fprintf(stderr, "%sdcngen:%s %s\n", bad, plain, err->text);
    return (int)err->code;
}

void print_note(const char *text)
{
    static char last[sizeof((dcn_error *)0)->text];
    if (!*text || !strcmp(text, last))
        return;
    snprintf(last, sizeof last, "%s", text);
    fprintf(stderr, "dcngen: note: %s\n", text);
}

/* Where an earlier write failed its reason is lost, and one more byte is the way to hear it; what is
** written is incomplete in any case. */
static int flush_reason(void)
{
    errno = 0;
    if (fflush(stdout))
        return errno;
    return ferror(stdout) && write(STDOUT_FILENO, "\n", 1) < 0 ? errno : 0;
}

int print_end(int status)
{
    const int number = flush_reason();
    if ((!number && !ferror(stdout)) || (told && status))
        return status;
    const char *reason = number ? strerror(number) : NULL;
    dcn_error err;
    dcn_fail(&err, DCN_EENV, "cannot write the standard output%s%s", reason ? ": " : "",
             reason ? reason : "");
    print_error(&err);
    return status > EXIT_BY_SIGNAL ? status : DCN_EENV;
}

int print_json(json_t *root, dcn_error *err)
{
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    if (!text)
        return dcn_fail(err, DCN_EENV, "no memory for the report");
    puts(text);
    free(text);
    return 0;
}

json_t *number_json(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *text_json(const char *text)
{
    json_t *s = json_string(text);
    return s ? s : json_stringn_nocheck("", 0);
}

json_t *list_json(const char *key, json_t *list)
{
    return json_pack("{s:i, s:o}", "schema", 1, key, list);
}

const char *print_time(double ns, char buf[32])
{
    static const char *const units[] = { "ns", "us", "ms", "s" };
    int u = 0;
    for (; ns >= 1000 && u < 3; u++)
        ns /= 1000;
    snprintf(buf, 32, "%.4g %s", ns, units[u]);
    return buf;
}
