/* dirs.c: where the store lies, and whether its directories can be trusted.
**
** Code from the store is run, so whoever can write there can run code as this user.  A directory
** counts only if it belongs to the user (a system-wide one to root) and neither group nor others
** may write it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/dirs.h"
#include "runtime/base/base.h"
#include "runtime/base/env.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where ------------------------------------------------------------------------------- */

static int fits(int length, dcn_error *err)
{
    return length < STORE_PATH_MAX ? 0
                                   : dcn_fail(err, DCN_EENV, "the path of the store is too long");
}

int dirs_join(char out[STORE_PATH_MAX], const char *dir, const char *name, dcn_error *err)
{
    return fits(snprintf(out, STORE_PATH_MAX, "%s/%s", dir, name), err);
}

/* XDG wants its variables to hold absolute paths and others to be ignored. */
static const char *absolute(const char *variable)
{
    const char *path = getenv(variable);
    return path && path[0] == '/' ? path : NULL;
}

/* dcngen below the XDG home, else below its default below HOME; "" if there is neither. */
static int find_home(char out[STORE_PATH_MAX], const char *variable, const char *default_home,
                     dcn_error *err)
{
    const char *xdg = absolute(variable), *home = absolute("HOME");
    *out = '\0';
    if (xdg)
        return dirs_join(out, xdg, "dcngen", err);
    if (home)
        return fits(snprintf(out, STORE_PATH_MAX, "%s/%s/dcngen", home, default_home), err);
    dcn_fail(err, DCN_EENV,
             "no place for the store: neither DCNGEN_CACHE_DIR, %s nor HOME is an absolute path",
             variable);
    return 0;
}

static int copy(char out[STORE_PATH_MAX], const char *dir, dcn_error *err)
{
    return fits(snprintf(out, STORE_PATH_MAX, "%s", dir), err);
}

static int find_user(const TuneStoreAt *at, const rt_env *env, StoreDirs *p, dcn_error *err)
{
    const char *state = at->state_dir ? at->state_dir : env->cache_dir;
    const char *cache = at->cache_dir ? at->cache_dir : env->cache_dir;
    if (state ? copy(p->state, state, err)
              : find_home(p->state, "XDG_STATE_HOME", ".local/state", err))
        return -1;
    return cache ? copy(p->cache, cache, err)
                 : find_home(p->cache, "XDG_CACHE_HOME", ".cache", err);
}

/* The file that holds this code, without links: the shared library, or what it is linked into. */
static const char *own_file(char out[PATH_MAX])
{
    static const char here = 0;
    Dl_info info;
    void *map = NULL;
    const char *name = "";
    if (dladdr1(&here, &info, &map, RTLD_DL_LINKMAP) && map)
        name = ((const struct link_map *)map)->l_name; /* "" for the program itself */
    if (*name)
        return realpath(name, out);
    const char *file = realpath("/proc/self/exe", out);
    return file ? file : realpath((const char *)getauxval(AT_EXECFN), out); /* there is no /proc */
}

/* Cut the last name off a path, and return it. */
static const char *cut_name(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return "";
    *slash = '\0';
    return slash + 1;
}

/* From a file in PREFIX/bin, PREFIX/lib, PREFIX/lib64 or PREFIX/lib/TRIPLE to PREFIX. */
static bool cut_to_prefix(char *path)
{
    cut_name(path);
    const char *dir = cut_name(path);
    return !strcmp(dir, "bin") || !strcmp(dir, "lib") || !strcmp(dir, "lib64") ||
           !strcmp(cut_name(path), "lib");
}

/* share/dcngen below the prefix that this code is installed in, wherever it was moved to; "" for
** what is not installed, as in a build tree. */
static int find_system(char out[STORE_PATH_MAX], dcn_error *err)
{
    char path[PATH_MAX];
    *out = '\0';
    return own_file(path) && cut_to_prefix(path) ? dirs_join(out, path, "share/dcngen", err) : 0;
}

int dirs_find(const TuneStoreAt *at, StoreDirs *out, dcn_error *err)
{
    rt_env env;
    if (err)
        *err = (dcn_error){ .code = DCN_OK };
    if (rt_env_read(&env, err))
        return -1;
    bool placed = at->file || (at->state_dir && at->cache_dir);
    const char *system = at->system_dir ? at->system_dir : env.system_dir;
    *out = (StoreDirs){ .mode = at->mode };
    if (!placed && (int)out->mode > env.cache)
        out->mode = (TuneStoreMode)env.cache;
    if (out->mode == TUNE_STORE_OFF)
        return 0;
    if (at->file)
        return copy(out->file, at->file, err);
    if (find_user(at, &env, out, err))
        return -1;
    return system ? copy(out->system, system, err) : find_system(out->system, err);
}

/* ---- trust ------------------------------------------------------------------------------- */

int dirs_check(const char *dir, bool shared, dcn_error *err)
{
    struct stat st;
    if (stat(dir, &st)) {
        if (errno == ENOENT)
            return 1;
        return dcn_fail(err, DCN_EENV, "cannot use the store in %s: %s", dir, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode))
        return dcn_fail(err, DCN_EENV, "cannot use the store in %s: not a directory", dir);
    if (st.st_uid != geteuid() && !(shared && st.st_uid == 0))
        return dcn_fail(err, DCN_EENV, "the store in %s is not used: it belongs to user %ld", dir,
                        (long)st.st_uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return dcn_fail(err, DCN_EENV,
                        "the store in %s is not used: others may write it (chmod go-w)", dir);
    return 0;
}

int dirs_make(const char *dir, dcn_error *err)
{
    char part[STORE_PATH_MAX];
    size_t n = (size_t)snprintf(part, sizeof part, "%s", dir);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char was = part[i];
        part[i] = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return dcn_fail(err, DCN_EENV, "cannot create %s for the store: %s", part,
                            strerror(errno));
        part[i] = was;
    }
    return dirs_check(dir, false, err) == 0 ? 0 : -1;
}
