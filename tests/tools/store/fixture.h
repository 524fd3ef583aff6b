/* fixture.h: what many tests of the store begin with.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TEST_STORE_FIXTURE_H
#define DCN_TEST_STORE_FIXTURE_H

#include "tests/tools/store/temp.h"

/* An empty store and a key, from store_begin to store_end: .init and .fini of a suite. */
extern TuneStore *st;
extern TuneKey key;
extern dcn_error err;
void store_begin(void);
void store_end(void);

/* Put a record under the key; asserts that it is taken. */
void store_put(const TuneRecord *r);

/* Change the store's database behind its back. */
void store_sql(const char *text);

#endif
