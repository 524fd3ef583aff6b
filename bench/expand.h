/* expand.h: one line for many schedules.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_BENCH_EXPAND_H
#define DCN_BENCH_EXPAND_H

/* "tiled mr={6,8} nv=*" with every {} and every * replaced by each of its values in turn; * stands
** for all that the lowering of that name allows.  Braces around the schedule of a part stay, as in
** "stages core={tiled mr={6,8}}".  take gets each text. */
void bench_expand(const char *pattern, void (*take)(void *self, const char *text), void *self);

#endif
