/* env.h: the environment variables that dcngen reads, all of them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_ENV_H
#define DCN_RUNTIME_ENV_H

#include <dcngen/error.h>

/* DCNGEN_VERBOSE=word,word: what to tell on stderr. */
enum {
    RT_VERBOSE_SPEC = 1,
    RT_VERBOSE_DISPATCH = 2,
    RT_VERBOSE_IR = 4,
    RT_VERBOSE_OPT = 8,
    RT_VERBOSE_ASM = 16,
    RT_VERBOSE_TIME = 32,
};

enum { RT_MAX_THREADS = 1024 };

/* DCNGEN_CACHE, DCNGEN_TUNE: the words off, ro, rw and off, cached, on. */
enum { RT_CACHE_OFF, RT_CACHE_RO, RT_CACHE_RW };
enum { RT_TUNE_OFF, RT_TUNE_CACHED, RT_TUNE_ON };

typedef struct rt_env {
    unsigned verbose;    /* RT_VERBOSE_ bits */
    int num_threads;     /* DCNGEN_NUM_THREADS; 0: not set */
    int omp_num_threads; /* OMP_NUM_THREADS, its first number; 0: not set, or none that makes sense */
    const char *max_isa; /* DCNGEN_MAX_ISA, borrowed from the environment; NULL: not set */
    const char *dump;    /* DCNGEN_DUMP, a directory, likewise */
    int cache, tune;     /* RT_CACHE_RW and RT_TUNE_CACHED where nothing is set */
    const char *cache_dir, *system_dir; /* DCNGEN_CACHE_DIR, DCNGEN_SYSTEM_DIR, likewise */
} rt_env;

/* Read them now; an empty variable counts as not set.  -1 with err for a value without sense. */
int rt_env_read(rt_env *out, dcn_error *err);

/* Where temporary files go: TMPDIR, else /tmp; borrowed from the environment. */
const char *rt_temp_dir(void);

#endif
