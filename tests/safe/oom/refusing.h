/* refusing.h: the allocator of this program, told to fail.
**
** While armed, the calling thread's n-th allocation (counted from 0) fails, and all later ones
** succeed; what is allocated and freed is counted.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_OOM_REFUSING_H
#define DCN_TESTS_OOM_REFUSING_H

/* Sanitizers bring an allocator of their own, which cannot be told: 0 there. */
int refusing_works(void);

void refusing_arm(long n);

/* 1 if an allocation was refused since it was armed. */
int refusing_disarm(void);

/* Allocations less frees of this thread since refusing_watch. */
void refusing_watch(void);
long refusing_alive(void);

#endif
