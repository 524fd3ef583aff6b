/* env.c: the environment, read in one place and never remembered.
**
**     DCNGEN_VERBOSE      comma-separated words of the table below
**     DCNGEN_NUM_THREADS  threads where a call names none
**     OMP_NUM_THREADS     the same, where that one is not set
**     DCNGEN_MAX_ISA      a row of the target table that lowers the native machine
**     DCNGEN_DUMP         directory for the stages of every compilation
**     DCNGEN_CACHE        whether the store of tuning results is read and written: off, ro, rw
**     DCNGEN_CACHE_DIR    one directory for the whole store, instead of those of XDG
**     DCNGEN_SYSTEM_DIR   the system-wide store that is read after the user's
**     DCNGEN_TUNE         whether schedules come from the store: off, cached, on
**     TMPDIR              where temporary files go
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/env.h"
#include "runtime/base/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct VerboseWord {
    const char *name, *help;
    unsigned bit;
} VerboseWord;

static const VerboseWord words[] = {
    { "spec", "the checked spec", RT_VERBOSE_SPEC },
    { "dispatch", "schedules chosen and refused", RT_VERBOSE_DISPATCH },
    { "ir", "LLVM IR as emitted", RT_VERBOSE_IR },
    { "opt", "LLVM IR after optimisation", RT_VERBOSE_OPT },
    { "asm", "assembly", RT_VERBOSE_ASM },
    { "time", "time of each stage", RT_VERBOSE_TIME },
};
enum { NWORDS = sizeof words / sizeof *words };

static const char *get(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static int fail_word(const char *word, int length, dcn_error *err)
{
    char table[512];
    rt_text t = rt_text_in(table, sizeof table);
    for (int i = 0; i < NWORDS; i++)
        rt_text_item(&t, ", ", "%s (%s)", words[i].name, words[i].help);
    return dcn_fail(err, DCN_EUSAGE, "DCNGEN_VERBOSE: unknown word '%.*s'; known are %s",
                    length < 40 ? length : 40, word, table);
}

static unsigned find_word(const char *word, size_t length)
{
    for (int i = 0; i < NWORDS; i++)
        if (strlen(words[i].name) == length && !memcmp(words[i].name, word, length))
            return words[i].bit;
    return 0;
}

static int read_verbose(unsigned *bits, dcn_error *err)
{
    const char *at = get("DCNGEN_VERBOSE");
    while (at) {
        size_t length = strcspn(at, ",");
        unsigned bit = find_word(at, length);
        if (!bit)
            return fail_word(at, (int)length, err);
        *bits |= bit;
        at = at[length] ? at + length + 1 : NULL;
    }
    return 0;
}

static int read_threads(int *threads, dcn_error *err)
{
    const char *text = get("DCNGEN_NUM_THREADS");
    if (!text)
        return 0;
    char *end;
    long n = strtol(text, &end, 10);
    if (text[strspn(text, "0123456789")] || *end || n < 1 || n > RT_MAX_THREADS)
        return dcn_fail(err, DCN_EUSAGE,
                        "DCNGEN_NUM_THREADS = '%.40s' is not a number from 1 to %d", text,
                        RT_MAX_THREADS);
    *threads = (int)n;
    return 0;
}

/* A variable that is not ours: what makes no sense to us is none of our business.  "4,2" is for nested loops. */
static int omp_threads(void)
{
    const char *text = get("OMP_NUM_THREADS");
    long n = text ? strtol(text, NULL, 10) : 0;
    if (n < 1)
        return 0;
    return n < RT_MAX_THREADS ? (int)n : RT_MAX_THREADS;
}

/* Which of three known values the variable has; default_value where it is not set. */
static int read_choice(const char *name, const char *const known[3], int default_value,
                       dcn_error *err)
{
    const char *text = get(name);
    if (!text)
        return default_value;
    for (int i = 0; i < 3; i++)
        if (!strcmp(text, known[i]))
            return i;
    return dcn_fail(err, DCN_EUSAGE, "%s = '%.40s' is not one of %s, %s, %s", name, text, known[0],
                    known[1], known[2]);
}

int rt_env_read(rt_env *out, dcn_error *err)
{
    static const char *const cache[] = { "off", "ro", "rw" };
    static const char *const tune[] = { "off", "cached", "on" };
    *out = (rt_env){ .max_isa = get("DCNGEN_MAX_ISA"),
                     .dump = get("DCNGEN_DUMP"),
                     .omp_num_threads = omp_threads(),
                     .cache_dir = get("DCNGEN_CACHE_DIR"),
                     .system_dir = get("DCNGEN_SYSTEM_DIR") };
    if (read_verbose(&out->verbose, err) || read_threads(&out->num_threads, err))
        return -1;
    out->cache = read_choice("DCNGEN_CACHE", cache, RT_CACHE_RW, err);
    out->tune = out->cache < 0 ? -1 : read_choice("DCNGEN_TUNE", tune, RT_TUNE_CACHED, err);
    return out->tune < 0 ? -1 : 0;
}

const char *rt_temp_dir(void)
{
    const char *dir = get("TMPDIR");
    return dir ? dir : "/tmp";
}
