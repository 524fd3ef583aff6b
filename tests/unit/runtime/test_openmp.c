/* test_openmp.c: parallel loops on the threads of a host's OpenMP runtime, for which one of ours stands in.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/unit/runtime/seen.h"

#include <criterion/criterion.h>
#include <dcngen.h>
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TEAM = 8 };

/* ---- a runtime ------------------------------------------------------------------------------------ */

typedef struct Member {
    void (*body)(void *arg);
    void *arg;
    int rounding;   /* that it has of its own */
    bool disturbed; /* it came back with another one */
} Member;

static int team_size;             /* what the host set */
static int granted;               /* what a region gets; 0: what it asks for */
static atomic_int regions, asked; /* begun, and for how many threads the last one */

static int max_threads(void)
{
    return team_size;
}

static void *member_main(void *arg)
{
    Member *m = arg;
    fesetround(m->rounding);
    m->body(m->arg);
    m->disturbed = fegetround() != m->rounding;
    return NULL;
}

static void parallel(void (*body)(void *arg), void *arg, unsigned threads, unsigned flags)
{
    pthread_t thread[MAX_TEAM];
    Member member[MAX_TEAM];
    const int team = granted ? granted : (int)threads;
    atomic_fetch_add(&regions, 1);
    atomic_store(&asked, (int)threads);
    cr_assert(team <= MAX_TEAM && !flags);
    for (int i = 1; i < team; i++) {
        member[i] = (Member){ .body = body, .arg = arg, .rounding = FE_UPWARD };
        cr_assert_eq(pthread_create(&thread[i], NULL, member_main, &member[i]), 0);
    }
    body(arg);
    for (int i = 1; i < team; i++) {
        pthread_join(thread[i], NULL);
        cr_expect_not(member[i].disturbed, "a thread of the host rounds otherwise afterwards");
    }
}

static dcn_openmp runtime = { .parallel = parallel, .max_threads = max_threads };

/* ---- loops ---------------------------------------------------------------------------------------- */

static atomic_int rounded; /* tasks that rounded otherwise than their caller */

static void count(void *arg, int64_t i, int thread)
{
    seen_count(arg, i, thread);
    if (fegetround() != FE_DOWNWARD)
        atomic_fetch_add(&rounded, 1);
}

static void loop(int64_t n, int threads)
{
    static Seen s;
    s = (Seen){ .threads = threads };
    fesetround(FE_DOWNWARD);
    dcn_openmp_for(&runtime, n, threads, count, &s);
    cr_expect_eq(fegetround(), FE_DOWNWARD);
    fesetround(FE_TONEAREST);
    seen_expect_all(&s, n);
    cr_expect_eq(rounded, 0, "%d tasks rounded otherwise than their caller", rounded);
}

Test(openmp, every_index_is_run_once)
{
    for (team_size = 1; team_size <= 5; team_size++)
        for (int threads = 1; threads <= 6; threads++)
            for (granted = 0; granted <= 1; granted++) {
                loop(0, threads);
                loop(1, threads);
                loop(threads, threads);
                loop(SEEN_MOST, threads);
            }
}

/* Teams of several sizes would cost the host threads that end and begin. */
Test(openmp, all_of_the_team_is_asked_for_or_nobody)
{
    team_size = 4;
    loop(SEEN_MOST, 2);
    cr_expect_eq(regions, 1);
    cr_expect_eq(asked, 4);
    loop(SEEN_MOST, 1);
    loop(1, 4);
    loop(0, 4);
    team_size = 1;
    loop(SEEN_MOST, 4);
    cr_expect_eq(regions, 1);
}

Test(openmp, no_region_begins_in_a_child)
{
    team_size = 2;
    const pid_t pid = fork();
    if (pid == 0) {
        loop(SEEN_MOST, 2);
        _exit(regions ? 1 : 0);
    }
    int status;
    waitpid(pid, &status, 0);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    loop(SEEN_MOST, 2);
    cr_expect_eq(regions, 1);
}

/* ---- fingerprints --------------------------------------------------------------------------------- */

Test(openmp, fingerprints_are_those_of_other_threads)
{
    static unsigned char bytes[5 << 20];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 >> 3);
    team_size = 3;
    const uint64_t expected = dcn_fingerprint_threads(bytes, sizeof bytes, 1);
    cr_expect_eq(dcn_fingerprint_for(bytes, sizeof bytes, 3, dcn_openmp_for, &runtime), expected);
    cr_expect_eq(regions, 1);
    cr_expect_eq(dcn_fingerprint_for(bytes, sizeof bytes, 3, NULL, NULL), expected);
}

static void half(void *self, int64_t n, int threads, void (*body)(void *arg, int64_t i, int thread),
                 void *arg)
{
    (void)self;
    (void)threads;
    for (int64_t i = 0; i < n; i += 2)
        body(arg, i, 0);
}

Test(openmp, fingerprints_leave_nothing_out)
{
    static unsigned char bytes[5 << 20];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 5 >> 2);
    cr_expect_eq(dcn_fingerprint_for(bytes, sizeof bytes, 3, half, NULL),
                 dcn_fingerprint_threads(bytes, sizeof bytes, 1));
}

/* ---- flags ---------------------------------------------------------------------------------------- */

static void divide(void *arg, int64_t i, int thread)
{
    (void)arg;
    (void)i;
    (void)thread;
    feraiseexcept(FE_DIVBYZERO);
}

Test(openmp, what_the_caller_raised_is_seen)
{
    team_size = 2;
    granted = 1;
    feclearexcept(FE_ALL_EXCEPT);
    dcn_openmp_for(&runtime, 8, 2, divide, NULL);
    cr_expect(fetestexcept(FE_DIVBYZERO));
}
