/* fingerprint.c: the fingerprint of many bytes, read by several threads.
**
** Bytes are cut into at most PARTS equal parts, which depend on their number alone; the result is the fingerprint of
** the parts' fingerprints, and a single word that differs still makes another one.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/whole.h"
#include "runtime/exec/pool.h"
#include "runtime/exec/threads.h"

#include <stdatomic.h>

/* LEAST: bytes of a part.  EACH: what a thread must have to read to be worth waking. */
enum { PARTS = 64, LEAST = 128 << 10, GRAIN = 4096, EACH = 1 << 20 };

typedef struct MarkedBytes {
    const unsigned char *bytes;
    size_t size, part;
    uint64_t mark[PARTS];
    atomic_size_t done;
} MarkedBytes;

static void mark_part(void *arg, int64_t i, int thread)
{
    MarkedBytes *p = arg;
    (void)thread;
    const size_t begin = (size_t)i * p->part, left = p->size - begin;
    p->mark[i] = dcn_fingerprint(p->bytes + begin, left < p->part ? left : p->part);
    atomic_fetch_add(&p->done, 1);
}

static int useful_threads(size_t size, int threads)
{
    const int given = rt_threads(threads, NULL);
    const size_t most = size / EACH;
    if (given < 1 || most < 1)
        return 1;
    return most < (size_t)given ? (int)most : given;
}

uint64_t dcn_fingerprint_for(const void *bytes, size_t size, int threads,
                             dcn_parallel_for parallel_for, void *parallel_self)
{
    const dcn_parallel_for loop = parallel_for ? parallel_for : rt_shared_for;
    MarkedBytes p = { .bytes = bytes, .size = size, .part = rt_round_up(size / PARTS + 1, GRAIN) };
    p.part = p.part < LEAST ? LEAST : p.part;
    const size_t count = rt_ceil_div(size, p.part);
    if (count < 2)
        return dcn_fingerprint(bytes, size);
    loop(parallel_self, (int64_t)count, useful_threads(size, threads), mark_part, &p);
    if (atomic_load(&p.done) != count) /* a loop of the caller's that leaves parts out */
        for (size_t i = 0; i < count; i++)
            mark_part(&p, (int64_t)i, 0);
    return dcn_fingerprint(p.mark, count * sizeof *p.mark);
}

uint64_t dcn_fingerprint_threads(const void *bytes, size_t size, int threads)
{
    return dcn_fingerprint_for(bytes, size, threads, NULL, NULL);
}
