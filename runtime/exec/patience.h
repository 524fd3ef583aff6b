/* patience.h: how long an idle thread of a pool spins before it sleeps.
**
** To wake a thread that sleeps takes tens of microseconds, under a hypervisor more; to spin takes the
** time of a core from others.  So patience is earned: a part of the time that tasks take is added,
** the time of spinning is taken away, down to a least that every loop grants anew.  Phases of a kernel
** find the threads of the one before awake, and so do calls that follow a long one soon; work of some
** microseconds now and then does not keep a core busy.  A caller waits for the last of its workers in
** the same way, with patience of that loop alone.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_PATIENCE_H
#define DCN_RUNTIME_PATIENCE_H

typedef struct rt_patience {
    double ns;
} rt_patience;

/* The least is longer than from one phase of a small kernel to the next.  The most is longer than a
** host takes from call to call when the kernel has driven the host's code out of the caches, and short
** beside a slice of time.  The share is of the time that tasks took, be it that others had the core. */
#define RT_PATIENCE_LEAST_NS 30e3
#define RT_PATIENCE_MOST_NS  500e3
#define RT_PATIENCE_SHARE    0.125

static inline rt_patience rt_patience_of(double ns)
{
    return (rt_patience){ ns < RT_PATIENCE_LEAST_NS  ? RT_PATIENCE_LEAST_NS
                          : ns > RT_PATIENCE_MOST_NS ? RT_PATIENCE_MOST_NS
                                                     : ns };
}

static inline void rt_patience_worked(rt_patience *p, double ns)
{
    *p = rt_patience_of(p->ns + RT_PATIENCE_SHARE * ns);
}

static inline void rt_patience_spun(rt_patience *p, double ns)
{
    *p = rt_patience_of(p->ns - ns);
}

#endif
