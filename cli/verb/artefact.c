/* artefact.c: many files that appear together or not at all.
**
** All of them are first written under names that nobody looks for, in the directory where they
** are to be; only when every byte of every file is on disk are they renamed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/artefact.h"
#include "cli/args/hints.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const ArtefactKind artefact_kinds[NKINDS] = {
    { "obj", "", ".o", DCN_EMIT_OBJ },
    { "header", "", ".h", DCN_EMIT_HEADER },
    { "asm", "", ".s", DCN_EMIT_ASM },
    { "llvm-ir", "", ".ll", DCN_EMIT_LLVM_IR },
    { "bitcode", "", ".bc", DCN_EMIT_BITCODE },
    { "static-lib", "lib", ".a", DCN_EMIT_STATIC_LIB },
    { "shared-lib", "lib", ".so", DCN_EMIT_SHARED_LIB },
};

const ArtefactKind artefact_depfile = { .name = "depfile", .prefix = "", .suffix = ".d" };

/* ---- names ---------------------------------------------------------------- */

static int find_kind(const char *word, size_t length)
{
    int i = 0;
    while (i < NKINDS &&
           (strncmp(artefact_kinds[i].name, word, length) != 0 || artefact_kinds[i].name[length]))
        i++;
    return i;
}

static void fail_kind(const char *word, size_t length, dcn_error *err)
{
    const char *names[NKINDS + 1] = { NULL };
    char given[64], all[128], hint[HINT_MAX];
    for (int i = 0; i < NKINDS; i++)
        names[i] = artefact_kinds[i].name;
    snprintf(given, sizeof given, "%.*s", (int)(length < 60 ? length : 60), word);
    dcn_fail(err, DCN_EUSAGE, "--emit '%s' is not one of %s%s", given,
             rt_join(names, all, sizeof all), hint_nearest(given, names, hint));
}

unsigned artefact_parse(const char *list, dcn_error *err)
{
    unsigned bits = 0;
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        int i = find_kind(at, length);
        if (i == NKINDS) {
            fail_kind(at, length, err);
            return 0;
        }
        bits |= 1u << i;
        at += length;
        if (!*at)
            return bits;
    }
}

int artefact_name(ArtefactFile *a, const char *dir, dcn_error *err)
{
    const char *slash = dir[strlen(dir) - 1] == '/' ? "" : "/";
    const ArtefactKind *k = a->kind;
    if (asprintf(&a->path, "%s%s%s%s%s", dir, slash, k->prefix, a->spec->name, k->suffix) < 0)
        a->path = NULL;
    if (asprintf(&a->temp, "%s%s.%s%s%s.%ld.tmp", dir, slash, k->prefix, a->spec->name, k->suffix,
                 (long)getpid()) < 0)
        a->temp = NULL;
    return a->path && a->temp ? 0 : dcn_fail(err, DCN_EENV, "no memory for file names");
}

int artefact_name_path(ArtefactFile *a, const char *path, dcn_error *err)
{
    a->path = strdup(path);
    if (asprintf(&a->temp, "%s.%ld.tmp", path, (long)getpid()) < 0)
        a->temp = NULL;
    return a->path && a->temp ? 0 : dcn_fail(err, DCN_EENV, "no memory for file names");
}

/* ---- writing -------------------------------------------------------------- */

static int make_one(const char *dir, dcn_error *err)
{
    struct stat st;
    if (!mkdir(dir, 0777) || (errno == EEXIST && !stat(dir, &st) && S_ISDIR(st.st_mode)))
        return 0;
    return dcn_fail(err, DCN_EENV, "cannot create directory %s: %s", dir,
                    strerror(errno == EEXIST ? ENOTDIR : errno));
}

/* Make dir and the directories above it. */
static int make_dirs(const char *dir, dcn_error *err)
{
    char *part = strdup(dir);
    if (!part)
        return dcn_fail(err, DCN_EENV, "no memory for file names");
    int failed = 0;
    for (char *at = strchr(part + 1, '/'); at && !failed; at = strchr(at + 1, '/')) {
        *at = 0;
        failed = make_one(part, err);
        *at = '/';
    }
    failed = failed || make_one(part, err);
    free(part);
    return failed ? -1 : 0;
}

/* Renaming over a directory is the one failure that renaming alone would find too late. */
static int check_free(const ArtefactFile *a, dcn_error *err)
{
    struct stat st;
    if (!lstat(a->path, &st) && S_ISDIR(st.st_mode))
        return dcn_fail(err, DCN_EENV, "cannot write %s: it is a directory", a->path);
    return 0;
}

/* The message names the file that was wanted, with the reason that follows the last colon. */
static int write_temp(const ArtefactFile *a, dcn_error *err)
{
    dcn_error why;
    if (!rt_write_file(a->temp, a->bytes, a->size, &why))
        return 0;
    const char *reason = strrchr(why.text, ':');
    return dcn_fail(err, DCN_EENV, "cannot write %s%s", a->path, reason ? reason : "");
}

int artefacts_write(const char *dir, ArtefactFile *all, int n, dcn_error *err)
{
    int failed = make_dirs(dir, err), written = 0;
    for (int i = 0; i < n && !failed; i++)
        failed = check_free(&all[i], err);
    while (written < n && !failed) {
        failed = write_temp(&all[written], err);
        written += !failed;
    }
    for (int i = 0; i < n && !failed; i++) {
        if (rename(all[i].temp, all[i].path))
            failed = dcn_fail(err, DCN_EENV, "cannot write %s: %s", all[i].path, strerror(errno));
    }
    for (int i = 0; i < written && failed; i++)
        unlink(all[i].temp);
    return failed;
}

void artefacts_free(ArtefactFile *all, int n)
{
    for (int i = 0; all && i < n; i++) {
        free(all[i].path);
        free(all[i].temp);
        free(all[i].bytes);
    }
    free(all);
}
