/* cores.h: how many cores this process may keep busy.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_CORES_H
#define DCN_RUNTIME_CORES_H

/* Cores of the affinity mask, but no more than the CPU quota of the process's control group allows,
** rounded up; at least 1.  The quota is read once. */
int rt_cores(void);

/* What rt_cores is the lesser of: cores of the mask, and the quota in CPUs, 0 where there is none. */
int rt_cores_in_mask(void);
double rt_cores_quota(void);

/* The quota as the files below `root` (normally "") say it: version 2 (cpu.max), else version 1
** (cpu.cfs_quota_us), the smallest of the group's own and of all groups above it.  0: there is
** none. */
double rt_read_quota(const char *root);

#endif
