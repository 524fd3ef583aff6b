/* code_gc.c: which compiled code goes when the store is pruned.
**
** Rows go by age and size; then every file that no row names.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/digest.h"
#include "tuner/store/form.h"
#include "tuner/store/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- rows -------------------------------------------------------------------------------- */

/* Code of a winner, or of a schedule that the user pinned. */
#define PRECIOUS                                                                                   \
    "(EXISTS (SELECT 1 FROM records r WHERE r.key = o.key AND r.schedule = o.schedule"             \
    "  AND r.winner)"                                                                              \
    " OR EXISTS (SELECT 1 FROM keys k JOIN pins p ON p.problem = k.problem"                        \
    "  WHERE k.id = o.key AND p.schedule = o.schedule))"

static int64_t evict_size(const Db *db, int64_t bytes, dcn_error *err)
{
    int64_t total, gone = 0;
    while (bytes >= 0) {
        if (db_number(db, err, &total, COUNT_CODE_BYTES, ""))
            return -1;
        if (total <= bytes)
            break;
        int n = db_do(db, err,
                      "DELETE FROM objects WHERE digest = (SELECT digest FROM objects o"
                      " ORDER BY " PRECIOUS ", used LIMIT 1)",
                      "");
        if (n <= 0)
            return n < 0 ? -1 : gone;
        gone += n;
    }
    return gone;
}

int64_t code_evict(const StoreLayer *l, int64_t bytes, int64_t before, dcn_error *err)
{
    int old = db_do(&l->db, err,
                    "DELETE FROM objects WHERE build <> ? OR used < ? OR NOT " CODE_BYTES_ARE_SOUND,
                    "sl", tune_code_build(), before);
    int64_t more = old < 0 ? -1 : evict_size(&l->db, bytes, err);
    return more < 0 ? -1 : old + more;
}

/* ---- files that belong to nothing ---------------------------------------------------------- */

/* A digest with its suffix, as code_path makes it. */
static bool is_code(const char *file)
{
    char digest[RT_DIGEST_HEX];
    snprintf(digest, sizeof digest, "%.64s", file);
    return form_is_digest(digest) && !strcmp(file + RT_DIGEST_HEX - 1, ".o");
}

static int is_named(const StoreLayer *l, const char *file, dcn_error *err)
{
    char digest[RT_DIGEST_HEX];
    int64_t rows;
    snprintf(digest, sizeof digest, "%.64s", file);
    return db_number(&l->db, err, &rows, "SELECT count(*) FROM objects WHERE digest = ?", "s",
                     digest)
               ? -1
               : rows > 0;
}

static int collect_one(const StoreLayer *l, int dir, const char *file, int64_t before,
                       dcn_error *err)
{
    struct stat st;
    bool ours = is_code(file) || !strncmp(file, ".dcngen-", 8);
    if (!ours || fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
        st.st_mtime >= before)
        return 0;
    int named = is_code(file) ? is_named(l, file, err) : 0;
    if (!named)
        unlinkat(dir, file, 0);
    return named < 0 ? -1 : 0;
}

int code_collect_garbage(const StoreLayer *l, int64_t before, dcn_error *err)
{
    DIR *dir = opendir(l->objects);
    int failed = 0;
    struct dirent *entry;
    while (dir && !failed && (entry = readdir(dir)))
        failed = collect_one(l, dirfd(dir), entry->d_name, before, err);
    if (dir)
        closedir(dir);
    return failed;
}
