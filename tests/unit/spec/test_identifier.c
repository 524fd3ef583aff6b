/* test_identifier.c: whatever a kernel may be called, a program that includes the usual headers can include
** its header, too.
**
** Every identifier that the headers mention is tried: what dcngen takes as a name becomes, all in one file, a struct
** and a function as the header of a kernel has them.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/fields.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char c_headers[] =
    "#include <assert.h>\n#include <complex.h>\n#include <ctype.h>\n#include <errno.h>\n"
    "#include <fenv.h>\n#include <float.h>\n#include <inttypes.h>\n#include <limits.h>\n"
    "#include <locale.h>\n#include <math.h>\n#include <setjmp.h>\n#include <signal.h>\n"
    "#include <stdalign.h>\n#include <stdarg.h>\n#include <stdatomic.h>\n#include <stdbool.h>\n"
    "#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
    "#include <stdnoreturn.h>\n#include <string.h>\n#include <threads.h>\n#include <time.h>\n"
    "#include <uchar.h>\n#include <wchar.h>\n#include <wctype.h>\n";

static const char posix_headers[] =
    "#include <fcntl.h>\n#include <omp.h>\n#include <pthread.h>\n#include <strings.h>\n#include "
    "<sys/stat.h>\n"
    "#include <sys/time.h>\n#include <sys/types.h>\n#include <unistd.h>\n";

static const char cpp_headers[] =
    "#include <algorithm>\n#include <atomic>\n#include <chrono>\n#include <cmath>\n#include "
    "<complex>\n"
    "#include <cstdint>\n#include <cstdio>\n#include <cstdlib>\n#include <cstring>\n"
    "#include <functional>\n#include <iostream>\n#include <memory>\n#include <string>\n"
    "#include <thread>\n#include <vector>\n#include <unistd.h>\n";

/* A directory that is gone when the test ends. */
static char folder[] = "/tmp/dcngen-names-XXXXXX";

static void begin(void)
{
    cr_assert(mkdtemp(folder));
}

static void end(void)
{
    static const char *const files[] = { "in.c", "out.i", "names.c" };
    char path[64];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

static FILE *create(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w+");
    cr_assert(f, "%s", path);
    return f;
}

static int compile(const char *compiler, const char *arguments)
{
    char command[512];
    snprintf(command, sizeof command, "cd %s && LC_ALL=C %s %s", folder, compiler, arguments);
    return system(command);
}

/* Whether a kernel may be called so. */
static int is_taken_by_nobody(const char *name)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_CONV2D);
    s.in_channels = s.out_channels = s.height = s.width = s.kernel[0] = s.kernel[1] = 1;
    snprintf(s.name, sizeof s.name, "%s", name);
    dcn_spec_complete(&s);
    return dcn_spec_check(&s, NULL) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The next identifier of a file; false at its end.  Longer ones than a kernel may have are cut. */
static int next_word(FILE *f, char word[64])
{
    int c = getc(f), n = 0;
    while (c != EOF && !isalpha(c) && c != '_') {
        while (isdigit(c) || isalpha(c)) /* 0x10, 64UL */
            c = getc(f);
        if (c != EOF && !isalpha(c) && c != '_')
            c = getc(f);
    }
    for (; isalnum(c) || c == '_'; c = getc(f))
        if (n < 63)
            word[n++] = (char)c;
    word[n] = 0;
    return n > 0;
}

static int has_lower(const char *word)
{
    while (*word && !islower(*word))
        word++;
    return *word != 0;
}

/* Write what headers of kernels have for every name that words of out.i can be; returns how many.  capitals: also words
** without another letter. */
static int declare_names(FILE *out, int capitals)
{
    enum { MOST = 1 << 20 };
    char **words = malloc(MOST * sizeof *words), word[64], path[64];
    int n = 0, declared = 0;
    snprintf(path, sizeof path, "%s/out.i", folder);
    FILE *in = fopen(path, "r");
    cr_assert(in && words);
    while (n < MOST && next_word(in, word))
        words[n++] = strdup(word);
    fclose(in);
    qsort(words, (size_t)n, sizeof *words, by_text);
    for (int i = 0; i < n; i++) {
        const int again = i && !strcmp(words[i], words[i - 1]);
        if (again || !(capitals || has_lower(words[i])) || !is_taken_by_nobody(words[i]))
            continue;
        fprintf(out,
                "typedef struct %s_args { int x; } %s_args;\n"
                "static inline void %s(const %s_args *args, void *workspace)\n"
                "{ (void)args; (void)workspace; }\n",
                words[i], words[i], words[i], words[i]);
        declared++;
    }
    for (int i = 0; i < n; i++)
        free(words[i]);
    free(words);
    return declared;
}

static void try_names(const char *compiler, const char *options, const char *h1, const char *h2,
                      int capitals)
{
    char arguments[256];
    FILE *in = create("in.c"), *out = create("names.c");
    fprintf(in, "%s%s", h1, h2);
    fclose(in);
    fprintf(out, "%s%s", h1, h2);
    snprintf(arguments, sizeof arguments, "%s -E -dD in.c >out.i", options);
    cr_assert_eq(compile(compiler, arguments), 0);
    cr_expect_gt(declare_names(out, capitals), 100);
    fclose(out);
    snprintf(arguments, sizeof arguments, "%s -w -fsyntax-only names.c", options);
    cr_expect_eq(compile(compiler, arguments), 0, "a name that is accepted does not compile");
}

static const char *c_compiler(void)
{
    return getenv("CC") ? getenv("CC") : "cc";
}

Test(identifier, fits_into_programs_of_c, .init = begin, .fini = end)
{
    try_names(c_compiler(), "-std=c11", c_headers, "", 1);
    try_names(c_compiler(), "-std=gnu11", c_headers, posix_headers, 0);
}

Test(identifier, fits_into_programs_of_cpp, .init = begin, .fini = end)
{
    if (system("c++ --version >/dev/null 2>&1") != 0)
        cr_skip_test("there is no c++");
    try_names("c++", "-x c++ -std=c++17", cpp_headers, "", 0);
}

/* What stands alone in a header is no less of a trouble than what other headers bring. */
Test(identifier, words_are_not_names)
{
    static const char *const words[] = {
        "malloc",    "int64_t",  "bool",       "linux",
        "class",     "new",      "std",        "stderr",
        "EOF",       "read",     "index",      "INT64_MAX",
        "PRId64",    "errno",    "isnan",      "M_PI",
        "UINT8_C",   "sinf",     "y0",         "_x",
        "thrd_exit", "FILE",     "assert",     "and_eq",
        "constexpr", "HUGE_VAL", "omp_lock_t", "omp_get_num_threads",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        cr_expect_not(is_taken_by_nobody(words[i]), "%s", words[i]);
    static const char *const names[] = { "first", "INTERNAL", "PRIMARY", "SIGMOID",
                                         "Mn",    "conv_t",   "c2",      "E" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect(is_taken_by_nobody(names[i]), "%s", names[i]);
}
