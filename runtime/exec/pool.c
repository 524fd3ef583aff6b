/* pool.c: worker threads that stay from one parallel loop to the next.
**
** A loop lies on its caller's stack and hangs in a list while it has room for more threads.
** Announcing it counts `turn` up, which is what idle workers look at: for a while they spin
** (patience.h), because phases of a kernel follow one another quickly; then they sleep on it (futex).
** Who is woken wakes two more while there is room, so that a large team is on its way after a few
** steps.  The caller takes its loop off the list when nothing is left to begin, and waits for the
** tasks that workers are in the middle of.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/exec/pool.h"
#include "runtime/base/clock.h"
#include "runtime/exec/patience.h"
#include "runtime/exec/workers.h"
#include "runtime/loop/chunks.h"

#include <fenv.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* LOOKS: at a word that may change, between two looks at the clock.  FANOUT: as many wake-ups as one thread can make
** while the ones it woke begin to make theirs. */
enum { LOOKS = 16, FANOUT = 2 };

/* A bit of rt_loop.active: the caller sleeps until it is the only one left. */
#define WAITING (1u << 31)

_Static_assert(RT_MAX_THREADS % 64 == 0, "rt_loop.taken has a bit for each");

struct rt_loop {
    rt_loop *next, *former; /* in the list of those that have room */
    int team, joined;       /* joined: the caller and the workers that ever took part */
    void (*body)(void *arg, int64_t i, int thread);
    void *arg;
    fenv_t fenv;
    atomic_uint active;  /* workers inside, and WAITING */
    unsigned generation; /* of the pool: after a fork its workers are those of another process */
    uint64_t taken[RT_MAX_THREADS / 64]; /* a bit for each number in the team but the caller's, 0 */
    rt_chunks *tasks;
};

/* ---- futex --------------------------------------------------------------------------------- */

static void sleep_while(atomic_uint *word, unsigned value)
{
    syscall(SYS_futex, (unsigned *)word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

/* The word may be gone when the call is made: then some other thread finds its own word unchanged,
** or nobody is there. */
static void wake(atomic_uint *word, int count)
{
    syscall(SYS_futex, (unsigned *)word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool changes_now(atomic_uint *word, unsigned value)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load(word) != value)
            return true;
        pause_a_moment();
    }
    return false;
}

/* Whether the word has changed from the value before it was time to sleep. */
static bool changes_soon(const rt_pool *p, atomic_uint *word, unsigned value, rt_patience *patience)
{
    if (changes_now(word, value))
        return true;
    if (!p->spins)
        return false;
    const double start = rt_now_ns();
    double spun = 0;
    bool changed = false;
    while (!changed && spun < patience->ns) {
        changed = changes_now(word, value);
        spun = rt_now_ns() - start;
    }
    rt_patience_spun(patience, spun);
    return changed;
}

/* ---- the list of loops ----------------------------------------------------------------------- */

static bool has_room(const rt_loop *l)
{
    return l->joined < l->team && rt_chunks_left(l->tasks);
}

static void hang(rt_pool *p, rt_loop *l)
{
    pthread_mutex_lock(&p->lock);
    l->generation = p->generation;
    l->next = p->open;
    if (l->next)
        l->next->former = l;
    p->open = l;
    pthread_mutex_unlock(&p->lock);
}

/* Nobody joins it afterwards.  False if the pool forgot it in a fork. */
static bool unhang(rt_pool *p, rt_loop *l)
{
    pthread_mutex_lock(&p->lock);
    const bool ours = l->generation == p->generation;
    if (ours) {
        *(l->former ? &l->former->next : &p->open) = l->next;
        if (l->next)
            l->next->former = l->former;
    }
    pthread_mutex_unlock(&p->lock);
    return ours;
}

static bool is_taken(const rt_loop *l, int thread)
{
    return l->taken[thread / 64] >> thread % 64 & 1;
}

/* A worker's number in a loop is its own one where it can be, for what the loop before read and wrote as that number
** is in the caches of this worker's core. */
static int take_number(rt_loop *l, int own)
{
    int thread = own;
    if (own >= l->team || is_taken(l, own))
        for (thread = 1; is_taken(l, thread);)
            thread++;
    l->taken[thread / 64] |= (uint64_t)1 << thread % 64;
    return thread;
}

/* A loop that has room, with this worker as number *thread in it, or NULL; own: its number in the pool, 1 and up;
** *more: others could join, too. */
static rt_loop *join(rt_pool *p, int own, int *thread, bool *more)
{
    pthread_mutex_lock(&p->lock);
    rt_loop *l = p->open;
    while (l && !has_room(l))
        l = l->next;
    if (l) {
        l->joined++;
        *thread = take_number(l, own);
        atomic_fetch_add(&l->active, 1);
        *more = has_room(l) || l->next;
    }
    pthread_mutex_unlock(&p->lock);
    return l;
}

static void wake_workers(rt_pool *p, int count)
{
    if (atomic_load(&p->sleeping) > 0)
        wake(&p->turn, count);
}

/* ---- working --------------------------------------------------------------------------------- */

/* The loop may be gone as soon as it is left. */
static void leave(rt_loop *l)
{
    if (atomic_fetch_sub(&l->active, 1) == (WAITING | 1))
        wake(&l->active, 1);
}

static void await_turn(rt_pool *p, unsigned former, rt_patience *patience)
{
    if (changes_soon(p, &p->turn, former, patience))
        return;
    atomic_fetch_add(&p->sleeping, 1);
    while (atomic_load(&p->turn) == former)
        sleep_while(&p->turn, former);
    atomic_fetch_sub(&p->sleeping, 1);
}

void rt_wake_all(rt_pool *p)
{
    wake(&p->turn, INT_MAX);
}

void *rt_worker_main(void *pool)
{
    rt_pool *p = pool;
    const int own = atomic_fetch_add(&p->begun, 1) + 1;
    rt_patience patience = rt_patience_of(0);
    for (;;) {
        const unsigned turn = atomic_load(&p->turn);
        bool more = false;
        int thread = 0;
        rt_loop *l = join(p, own, &thread, &more);
        if (!l && atomic_load(&p->closing))
            return NULL;
        if (!l) {
            await_turn(p, turn, &patience);
            continue;
        }
        if (more)
            wake_workers(p, FANOUT);
        fesetenv(&l->fenv);
        const double start = rt_now_ns();
        rt_chunks_run(l->tasks, thread, l->body, l->arg);
        leave(l);
        rt_patience_worked(&patience, rt_now_ns() - start);
    }
}

/* ---- calling --------------------------------------------------------------------------------- */

static void await_workers(const rt_pool *p, rt_loop *l, rt_patience patience)
{
    for (unsigned n = atomic_load(&l->active); n; n = atomic_load(&l->active)) {
        if (changes_soon(p, &l->active, n, &patience))
            continue;
        if (atomic_compare_exchange_strong(&l->active, &n, n | WAITING))
            break;
    }
    for (unsigned n = atomic_load(&l->active); n & ~WAITING; n = atomic_load(&l->active))
        sleep_while(&l->active, n);
}

void rt_pool_for(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg)
{
    rt_pool *p = self;
    const int most = threads < RT_MAX_THREADS ? threads : RT_MAX_THREADS,
              team = n < most ? (int)n : most;
    if (team < 2 || !p->started) {
        for (int64_t i = 0; i < n; i++)
            body(arg, i, 0);
        return;
    }
    rt_chunks tasks;
    rt_loop l = { .team = team, .joined = 1, .body = body, .arg = arg, .tasks = &tasks };
    rt_chunks_cut(&tasks, n, team);
    fegetenv(&l.fenv);
    hang(p, &l);
    atomic_fetch_add(&p->turn, 1);
    wake_workers(p, FANOUT);
    rt_patience patience = rt_patience_of(0);
    const double start = rt_now_ns();
    rt_chunks_run(&tasks, 0, body, arg);
    rt_patience_worked(&patience, rt_now_ns() - start);
    if (unhang(p, &l))
        await_workers(p, &l, patience);
}
