/* scratch.h: a store that no other test sees.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_TUNE_SCRATCH_H
#define DCN_TESTS_TUNE_SCRATCH_H

/* Make an empty one, and let the environment name it; .init and .fini of a suite. */
void scratch_open(void);
void scratch_close(void);

#endif
