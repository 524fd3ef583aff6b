/* code.c: compiled code, content-addressed.
**
** A file is called after the SHA-256 of its bytes; the store says which (key, name, schedule) it is
** the code of.  A file that has its name's digest is therefore what was put there for that key.
** Files are written under another name, flushed and renamed.  What is damaged is dropped: it can be
** made again.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/base/digest.h"
#include "runtime/base/file.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(RT_DIGEST_HEX == 64 + 1, "as digests are printed below");

int code_path(const StoreLayer *l, const char *digest, char out[STORE_PATH_MAX], dcn_error *err)
{
    char name[RT_DIGEST_HEX + 8];
    if (!form_is_digest(digest))
        return dcn_fail(err, DCN_ESTORE, "the store names code that has no digest");
    snprintf(name, sizeof name, "%.64s.o", digest);
    return dirs_join(out, l->objects, name, err);
}

static void digest_of(const void *bytes, size_t size, char hex[RT_DIGEST_HEX])
{
    rt_digest d;
    rt_digest_open(&d);
    rt_digest_bytes(&d, bytes, size);
    rt_digest_hex(&d, hex);
}

/* The first word of the machine's text. */
static void key_triple(const TuneKey *key, char triple[64])
{
    snprintf(triple, 64, "%.*s", (int)strcspn(key->machine, " "), key->machine);
}

/* ---- put --------------------------------------------------------------------------------- */

static int write_code(const StoreLayer *l, const char *digest, const void *bytes, size_t size,
                      dcn_error *err)
{
    char path[STORE_PATH_MAX];
    if (mkdir(l->objects, 0700) && dirs_check(l->objects, false, err))
        return -1;
    return code_path(l, digest, path, err) || rt_write_file(path, bytes, size, err) ? -1 : 0;
}

int tune_code_put(TuneStore *st, const TuneCode *code, const void *bytes, size_t size,
                  dcn_error *err)
{
    char triple[64], digest[RT_DIGEST_HEX];
    if (st->dirs.file[0])
        return 0;
    key_triple(code->key, triple);
    const char *no = code_refuse(bytes, size, code->name, triple);
    if (no)
        return dcn_fail(err, DCN_EFAILED, "code of '%s' is not kept: %s", code->name, no);
    StoreLayer *l = store_writer(st, err);
    digest_of(bytes, size, digest);
    if (!l || write_code(l, digest, bytes, size, err))
        return -1;
    return db_do(&l->db, err, "INSERT OR REPLACE INTO objects VALUES (?,?,?,?,?,?,?,?)", "ssssssll",
                 code->key->id, code->name, code->schedule, tune_code_build(), triple, digest,
                 (int64_t)size, (int64_t)time(NULL)) < 0
               ? -1
               : 0;
}

/* ---- get --------------------------------------------------------------------------------- */

/* 1: there is a row, with its digest, or "" if it has none; 0 none; -1 err. */
static int find_digest(const StoreLayer *l, const TuneCode *code, char digest[RT_DIGEST_HEX],
                       dcn_error *err)
{
    DbRows *row = db_ask(&l->db, err,
                         "SELECT digest FROM objects"
                         " WHERE key = ? AND name = ? AND schedule = ? AND build = ?",
                         "ssss", code->key->id, code->name, code->schedule, tune_code_build());
    int found = db_next(&l->db, row, err);
    if (found > 0 && !db_text(row, 0, digest, RT_DIGEST_HEX))
        digest[0] = '\0';
    db_done(row);
    return found;
}

const char *code_read(const StoreLayer *l, const CodeId *id, void **bytes, size_t *size)
{
    char path[STORE_PATH_MAX], got[RT_DIGEST_HEX];
    dcn_error why;
    if (code_path(l, id->digest, path, &why))
        return "its digest is none";
    struct stat st;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) /* a pipe, which would be waited for */
        return "its file is none";
    if (rt_read_file(path, CODE_MAX_BYTES, bytes, size, &why))
        return "its file cannot be read";
    digest_of(*bytes, *size, got);
    const char *no = strcmp(got, id->digest) != 0
                         ? "its file is not what was written"
                         : code_refuse(*bytes, *size, id->name, id->triple);
    if (no) {
        free(*bytes);
        *bytes = NULL;
    }
    return no;
}

/* Best effort: where it stays it will be refused again.  A row without a digest has no file. */
static void drop(const StoreLayer *l, const TuneCode *code, const char *digest)
{
    char path[STORE_PATH_MAX];
    if (!l->writable)
        return;
    if (!code_path(l, digest, path, NULL))
        unlink(path);
    db_try(&l->db,
           "DELETE FROM objects WHERE digest = ? OR (key = ? AND name = ? AND schedule = ?)",
           "ssss", digest, code->key->id, code->name, code->schedule);
}

static void touch(const StoreLayer *l, const char *digest)
{
    enum { DAY = 24 * 3600 };
    const int64_t now = (int64_t)time(NULL);
    int64_t old = 0;
    if (l->writable &&
        !db_number(&l->db, NULL, &old, "SELECT min(used) FROM objects WHERE digest = ?", "s",
                   digest) &&
        old < now - DAY)
        db_try(&l->db, "UPDATE objects SET used = ? WHERE digest = ?", "ls", now, digest);
}

int tune_code_get(TuneStore *st, const TuneCode *code, void **bytes, size_t *size, dcn_error *err)
{
    char digest[RT_DIGEST_HEX], triple[64];
    const CodeId id = { digest, code->name, triple };
    key_triple(code->key, triple);
    if (err)
        err->text[0] = '\0';
    for (int i = 0; i < STORE_NLAYERS; i++) {
        const StoreLayer *l = &st->layer[i];
        int found = l->db.h ? find_digest(l, code, digest, err) : 0;
        if (found < 0)
            return -1;
        if (!found || dirs_check(l->objects, i == LAYER_SYSTEM, NULL))
            continue;
        const char *no = code_read(l, &id, bytes, size);
        if (!no) {
            touch(l, digest);
            return 0;
        }
        drop(l, code, digest);
        dcn_fail(err, DCN_OK, "stored code of '%s' was dropped: %s", code->name, no);
    }
    return 1;
}
