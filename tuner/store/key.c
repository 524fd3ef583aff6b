/* key.c: what names a tuning result.
**
**     id      = SHA-256(build, spec, machine, threads)
**     problem = SHA-256(spec, machine, threads)
**     family  = SHA-256(spec with its sizes taken out, machine, threads)
**
** Each is hashed as text that ends in NUL; never as bytes of a struct, whose padding and order mean
** nothing.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/key.h"
#include "code_digest.h"
#include "codegen/cg.h"
#include "runtime/base/digest.h"
#include "runtime/base/text.h"
#include "runtime/exec/threads.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who made the code ------------------------------------------------------------------- */

static char build[TUNE_ID_MAX + 64], code_build[TUNE_ID_MAX + 64];

static void write_builds(void)
{
    const char *llvm = cg_llvm_version();
    snprintf(build, sizeof build, "dcngen %d.%d llvm %s", DCN_VERSION_MAJOR, DCN_VERSION_MINOR,
             llvm);
    snprintf(code_build, sizeof code_build, "dcngen %d.%d llvm %s code %.32s", DCN_VERSION_MAJOR,
             DCN_VERSION_MINOR, llvm, DCN_CODE_DIGEST);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

const char *tune_build(void)
{
    pthread_once(&once, write_builds);
    return build;
}

const char *tune_code_build(void)
{
    pthread_once(&once, write_builds);
    return code_build;
}

/* ---- the machine ------------------------------------------------------------------------- */

/* The shortest is "+a", with a comma after it. */
enum { MAX_FEATURES = sizeof((dcn_target *)0)->features / 3 + 1 };
_Static_assert((int)TUNE_ID_MAX == (int)RT_DIGEST_HEX, "an id is a digest");

typedef struct Feature {
    const char *at; /* "+name" or "-name", not ended */
    int length, place;
} Feature;

/* By name; of the same name the last one first, because that is the one that counts. */
static int by_name(const void *a, const void *b)
{
    const Feature *x = a, *y = b;
    int shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->at + 1, y->at + 1, (size_t)shorter - 1);
    if (!order)
        order = x->length - y->length;
    return order ? order : y->place - x->place;
}

static int split(const char *list, Feature *f)
{
    int n = 0;
    while (*list && n < MAX_FEATURES) {
        int length = (int)strcspn(list, ",");
        if (length > 1) {
            f[n] = (Feature){ list, length, n };
            n++;
        }
        list += length + (list[length] == ',');
    }
    return n;
}

static bool same_name(const Feature *a, const Feature *b)
{
    return a->length == b->length && !memcmp(a->at + 1, b->at + 1, (size_t)a->length - 1);
}

/* The features sorted by name, each once; returns the length as snprintf does. */
static int print_features(const char *list, char *buf, size_t size)
{
    Feature f[MAX_FEATURES];
    const int n = split(list, f);
    rt_text t = rt_text_in(buf, size);
    qsort(f, (size_t)n, sizeof *f, by_name);
    for (int i = 0; i < n; i++)
        if (i == 0 || !same_name(&f[i - 1], &f[i]))
            rt_text_item(&t, ",", "%.*s", f[i].length, f[i].at);
    return (int)t.length;
}

/* A list that holds all that the host can and cannot do leaves nothing to the CPU's name.  A CPU of
** the table stands for the features of its name, so there the name says what code may do. */
static bool features_say_all(const dcn_target *t)
{
    dcn_target native;
    size_t n;
    return !dcn_target_native(&native, NULL) && (n = strlen(native.features)) > 0 &&
           !strncmp(t->features, native.features, n) && strchr(",", t->features[n]) != NULL;
}

static int print_machine(const dcn_target *t, char *buf, size_t size)
{
    int n = snprintf(buf, size,
                     "%s %s cpu=%s vector=%d registers=%d fma=%d gather=%d l1=%" PRId64
                     " l2=%" PRId64 " l3=%" PRId64 " features=",
                     t->triple, t->isa, features_say_all(t) ? "-" : t->cpu, t->vector_bytes,
                     t->registers, t->fma, t->gather, t->l1_bytes, t->l2_bytes, t->l3_bytes);
    return n + print_features(t->features, buf + n, size - (size_t)n);
}

/* ---- the key ----------------------------------------------------------------------------- */

static int print_spec(const dcn_spec *s, char *buf, size_t size)
{
    dcn_spec bare = *s;
    snprintf(bare.name, sizeof bare.name, "kernel");
    bare.target[0] = bare.schedule[0] = '\0';
    return dcn_spec_print(&bare, buf, size);
}

int tune_key(const dcn_spec *s, const dcn_target *t, int threads, TuneKey *out, dcn_error *err)
{
    memset(out, 0, sizeof *out);
    out->threads = rt_threads(threads, err);
    if (out->threads < 0)
        return -1;
    if ((size_t)print_spec(s, out->spec, sizeof out->spec) >= sizeof out->spec ||
        (size_t)print_machine(t, out->machine, sizeof out->machine) >= sizeof out->machine)
        return dcn_fail(err, DCN_EFAILED, "internal: the key of '%s' is too long", s->name);
    snprintf(out->build, sizeof out->build, "%s", tune_build());
    tune_key_id(out, out->id);
    return 0;
}

int tune_key_like(const TuneKey *key, const dcn_spec *s, TuneKey *out, dcn_error *err)
{
    *out = *key;
    if ((size_t)print_spec(s, out->spec, sizeof out->spec) >= sizeof out->spec)
        return dcn_fail(err, DCN_EFAILED, "internal: the key of '%s' is too long", s->name);
    tune_key_id(out, out->id);
    return 0;
}

static void digest(const char *first, const char *spec, const TuneKey *key, char id[TUNE_ID_MAX])
{
    char threads[16];
    rt_digest d;
    snprintf(threads, sizeof threads, "%d", key->threads);
    rt_digest_open(&d);
    rt_digest_text(&d, first);
    rt_digest_text(&d, spec);
    rt_digest_text(&d, key->machine);
    rt_digest_text(&d, threads);
    rt_digest_hex(&d, id);
}

void tune_key_id(const TuneKey *key, char id[TUNE_ID_MAX])
{
    digest(key->build, key->spec, key, id);
}

bool tune_key_is_network(const TuneKey *key)
{
    static const char begin[] = "return network {";
    return !strncmp(key->spec, begin, sizeof begin - 1);
}

void tune_key_problem(const TuneKey *key, char id[TUNE_ID_MAX])
{
    digest("problem", key->spec, key, id);
}

/* ---- families ---------------------------------------------------------------------------- */

static const char *const sizes[TUNE_NSIZES] = { "batch",       "height",       "width",
                                                "in_channels", "out_channels", "channels",
                                                "output_dim",  "rois" };

/* Which size is set at this place of the text: the index of its key, or -1. */
static int size_at(const char *text, const char *at)
{
    for (int i = 0; i < TUNE_NSIZES; i++) {
        size_t n = strlen(sizes[i]);
        if (!strncmp(at, sizes[i], n) && !strncmp(at + n, " = ", 3) &&
            (at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_')))
            return i;
    }
    return -1;
}

void tune_key_family(const TuneKey *key, char id[TUNE_ID_MAX], int64_t size[TUNE_NSIZES])
{
    char rest[TUNE_SPEC_MAX];
    size_t n = 0;
    memset(size, 0, TUNE_NSIZES * sizeof *size);
    for (const char *at = key->spec; *at;) {
        int i = size_at(key->spec, at);
        if (i >= 0) {
            const char *value = at + strlen(sizes[i]) + 3;
            size[i] = isdigit((unsigned char)*value) ? strtoll(value, NULL, 10) : DCN_DYNAMIC;
            at = value + strcspn(value, ", ");
        } else {
            rest[n++] = *at++;
        }
    }
    rest[n] = '\0';
    digest("family", rest, key, id);
}
