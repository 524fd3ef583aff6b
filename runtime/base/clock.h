/* clock.h: the clock that timings and deadlines are read from.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_CLOCK_H
#define DCN_RUNTIME_CLOCK_H

/* ns since some fixed moment: never set back, and not slewed while clocks are being adjusted.  A
** double holds them exactly for the first hundred days of a machine, and to 2 ns for the next. */
double rt_now_ns(void);

/* ns for which the calling thread has had a core, since some fixed moment.  What a hypervisor took
** away meanwhile is counted as had. */
double rt_thread_ns(void);

#endif
