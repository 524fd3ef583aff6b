/* doctor.c: the verb that checks the machine.
**
** Each check is one line of a table and does the real thing: the kernel is compiled and verified,
** the shared library is made.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen/cache.h>

#include "cli/args/hints.h"
#include "cli/out/print.h"
#include "cli/verbs.h"
#include "codegen/cg.h"
#include "runtime/base/env.h"
#include "runtime/base/text.h"
#include "runtime/exec/threads.h"
#include "tuner/store/key.h"
#include "tuner/store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a check found; on failure the text is that of the error. */
typedef char Finding[sizeof((dcn_error *)0)->text];

typedef struct DoctorCheck {
    const char *name;
    bool vital; /* nothing works without it */
    int (*run)(Finding found, dcn_error *err);
} DoctorCheck;

static int find(Finding found, const char *fmt, ...) RT_PRINTF(2, 3);

static int find(Finding found, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(found, sizeof(Finding), fmt, args);
    va_end(args);
    return 0;
}

/* ---- the checks ----------------------------------------------------------- */

static int check_version(Finding found, dcn_error *err)
{
    (void)err;
    return find(found, "dcngen %s with LLVM %s", dcn_version(), cg_llvm_version());
}

static const char *const variables[] = {
    "DCNGEN_NUM_THREADS", "DCNGEN_MAX_ISA",   "DCNGEN_VERBOSE",    "DCNGEN_DUMP", "DCNGEN_TUNE",
    "DCNGEN_CACHE",       "DCNGEN_CACHE_DIR", "DCNGEN_SYSTEM_DIR", NULL,
};

static int check_environment(Finding found, dcn_error *err)
{
    rt_env env;
    char set[1024];
    rt_text t = rt_text_in(set, sizeof set);
    if (rt_env_read(&env, err))
        return -1;
    for (int i = 0; variables[i]; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            rt_text_item(&t, ", ", "%s=%.80s", variables[i], value);
    }
    return find(found, "%s", *set ? set : "no variable is set");
}

/* Whether a line NAME=VALUE of the environment is meant for dcngen, which does not know it. */
static bool is_unknown(const char *line, char *name, size_t size)
{
    static const char *const others[] = { "DCNGEN_BIN", "DCNGEN_LIBRARY" }; /* tests', Python's */
    snprintf(name, size, "%.*s", (int)strcspn(line, "="), line);
    bool known = strncmp(name, "DCNGEN_", strlen("DCNGEN_")) != 0;
    for (int i = 0; variables[i] && !known; i++)
        known = !strcmp(name, variables[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others && !known; i++)
        known = !strcmp(name, others[i]);
    return !known;
}

/* A misspelt variable has no effect, and nobody else says so. */
static int check_variables(Finding found, dcn_error *err)
{
    char unknown[600], name[64], hint[HINT_MAX];
    rt_text t = rt_text_in(unknown, sizeof unknown);
    for (char **line = environ; *line; line++)
        if (is_unknown(*line, name, sizeof name))
            rt_text_item(&t, ", ", "%s%s", name, hint_nearest(name, variables, hint));
    if (*unknown)
        return dcn_fail(err, DCN_EENV, "dcngen reads no %s", unknown);
    return find(found, "dcngen reads all that begin with DCNGEN_");
}

static int check_cpu(Finding found, dcn_error *err)
{
    dcn_target t;
    if (dcn_target_native(&t, err))
        return -1;
    return find(found, "%s, %s: %d registers of %d bits, fma %s", t.cpu, t.isa, t.registers,
                8 * t.vector_bytes, t.fma ? "yes" : "no");
}

static int check_threads(Finding found, dcn_error *err)
{
    return rt_threads_print(found, sizeof(Finding), err) < 0 ? -1 : 0;
}

/* A small kernel that uses sampling, a mask and a polynomial. */
static dcn_spec small_spec(void)
{
    dcn_spec s;
    dcn_spec_init(&s, DCN_OP_DEFORM_CONV2D);
    snprintf(s.name, sizeof s.name, "doctor");
    s.batch = 1;
    s.height = s.width = 5;
    s.in_channels = s.out_channels = 4;
    s.kernel[0] = s.kernel[1] = 3;
    s.modulation = DCN_MODULATION_SIGMOID;
    return s;
}

static int check_kernel(Finding found, dcn_error *err)
{
    const dcn_spec s = small_spec();
    dcn_kernel *k = NULL;
    dcn_report r;
    int status = -1;
    if (dcn_compile(&s, NULL, &k, err) || dcn_verify(k, 0, 0, &r, err))
        goto out;
    status = r.failures ? dcn_fail(err, DCN_EFAILED, "%s", r.what)
                        : find(found, "compiled and verified");
out:
    dcn_kernel_free(k);
    return status;
}

static int check_shared_lib(Finding found, dcn_error *err)
{
    const dcn_spec s = small_spec();
    void *bytes;
    size_t size;
    if (dcn_emit(&s, NULL, DCN_EMIT_SHARED_LIB, &bytes, &size, err))
        return -1;
    free(bytes);
    return find(found, "linked");
}

static int check_temporary(Finding found, dcn_error *err)
{
    const char *dir = rt_temp_dir();
    char path[1024];
    snprintf(path, sizeof path, "%s/dcngen-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0)
        return dcn_fail(err, DCN_EENV, "%s cannot be written: %s", dir, strerror(errno));
    close(fd);
    unlink(path);
    return find(found, "%s", dir);
}

static int check_store(Finding found, dcn_error *err)
{
    dcn_cache *c = NULL;
    dcn_cache_stats s;
    int status = -1;
    if (dcn_cache_open(&c, err) || dcn_cache_stat(c, &s, err))
        goto out;
    status = *dcn_cache_why(c)
                 ? dcn_fail(err, DCN_EENV, "%s", dcn_cache_why(c))
                 : find(found, "%.400s: %d records", *s.state ? s.state : "off", (int)s.records);
out:
    dcn_cache_close(c);
    return status;
}

/* ---- records that were installed for all users ------------------------------ */

typedef struct TunedCount {
    const char *machine; /* as keys of this machine have it */
    int winners, here;
} TunedCount;

static int count_winner(void *self, const TuneKey *key, const TuneRecord *r)
{
    TunedCount *n = self;
    const bool counts = r->winner && tune_record_is_current(key, r);
    n->winners += counts;
    n->here += counts && !strcmp(key->machine, n->machine);
    return 0;
}

/* The system's store alone: beside the user's, which is not looked at, there is no other. */
static int count_tuned(const char *system, TunedCount *n, dcn_error *err)
{
    const TuneStoreAt at = { .mode = TUNE_STORE_RO,
                             .state_dir = "/nonexistent",
                             .cache_dir = "/nonexistent",
                             .system_dir = system };
    TuneStore *st = NULL;
    if (tune_store_open(&at, &st, err))
        return -1;
    const int failed = *tune_store_why(st) ? dcn_fail(err, DCN_EENV, "%s", tune_store_why(st))
                                           : tune_store_each(st, NULL, count_winner, n, err);
    tune_store_close(st);
    return failed;
}

static int check_tuned(Finding found, dcn_error *err)
{
    const dcn_spec s = small_spec();
    dcn_cache *c = NULL;
    dcn_cache_stats stats;
    dcn_target native;
    TuneKey key;
    int status = -1;
    if (dcn_cache_open(&c, err) || dcn_cache_stat(c, &stats, err) ||
        dcn_target_native(&native, err) || tune_key(&s, &native, 1, &key, err))
        goto out;
    TunedCount n = { .machine = key.machine };
    if (*stats.system && count_tuned(stats.system, &n, err))
        goto out;
    if (n.winners)
        status =
            find(found, "%.400s: %d tuned kernels, %d of them for this machine%s", stats.system,
                 n.winners, n.here, n.here ? "" : "; `dcngen tune` makes your own");
    else
        status =
            find(found, "none are installed for all users%s%.400s; `dcngen tune` makes your own",
                 *stats.system ? " in " : "", stats.system);
out:
    dcn_cache_close(c);
    return status;
}

static const DoctorCheck checks[] = {
    { "version", true, check_version },
    { "environment", true, check_environment },
    { "variables", false, check_variables },
    { "cpu", true, check_cpu },
    { "threads", true, check_threads },
    { "kernel", true, check_kernel },
    { "temporary files", false, check_temporary },
    { "shared library", false, check_shared_lib },
    { "store", false, check_store },
    { "tuned records", false, check_tuned },
};

/* ---- the verb ------------------------------------------------------------- */

static const char *verdict(const DoctorCheck *c, bool failed)
{
    return !failed ? "ok" : c->vital ? "FAILED" : "warning";
}

static void print_check(const DoctorCheck *c, bool failed, const char *found)
{
    const char *colour = print_colour(stdout, failed ? COLOUR_BAD : COLOUR_GOOD);
    printf("%s%-8s%s %-16s %s\n", colour, verdict(c, failed), print_colour(stdout, COLOUR_NONE),
           c->name, found);
}

/* What failed for the reason of the first failure is told once. */
static void say_why(const dcn_error *why, const dcn_error *first, const char *broken, Finding found)
{
    if (broken && !strcmp(why->text, first->text))
        find(found, "not checked: '%s' comes first", broken);
    else
        find(found, "%s", why->text);
}

int verb_doctor(const Args *a, dcn_error *err)
{
    json_t *list = json_array();
    const char *broken = NULL;
    dcn_error first = { .text = "" };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const DoctorCheck *c = &checks[i];
        Finding found;
        dcn_error why;
        bool failed = c->run(found, &why) != 0;
        if (failed)
            say_why(&why, &first, broken, found);
        if (failed && c->vital && !broken) {
            broken = c->name;
            first = why;
        }
        if (args_has(a, OPT_JSON))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", c->name, "status",
                                                  verdict(c, failed), "found", found));
        else
            print_check(c, failed, found);
    }
    int status =
        args_has(a, OPT_JSON) ? print_json(list_json("checks", json_incref(list)), err) : 0;
    json_decref(list);
    if (!status && broken)
        return dcn_fail(err, DCN_EENV, "doctor: '%s' does not work here", broken);
    return status;
}
