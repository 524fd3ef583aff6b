/* temp.h: stores in a directory of their own, and records to put there.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TEST_STORE_TEMP_H
#define DCN_TEST_STORE_TEMP_H

#include "tuner/store/store.h"

#include <stdbool.h>

/* A new directory (its path, static) that is gone when the test's process ends. */
const char *temp_dir(void);

/* dir/name; one of a few static buffers. */
const char *temp_path(const char *dir, const char *name);

/* The store in a directory, with no system-wide one; asserts that it opens. */
TuneStore *temp_store(const char *dir, TuneStoreMode mode);

/* A key that stands for the i-th problem; sizes differ, the rest is the same. */
TuneKey temp_key(int i);

/* A verified record of a current lowering. */
TuneRecord temp_record(const char *schedule, double ns);

/* A small spec, its key for this machine, and its code under a schedule (freed by the caller). */
dcn_spec temp_spec(const char *name);
void *temp_code(const dcn_spec *s, const char *schedule, size_t *size);

/* Runs as root: permissions stop nobody. */
bool temp_is_root(void);

#endif
