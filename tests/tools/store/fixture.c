/* fixture.c: what many tests of the store begin with.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

TuneStore *st;
TuneKey key;
dcn_error err;

void store_begin(void)
{
    st = temp_store(temp_dir(), TUNE_STORE_RW);
    key = temp_key(0);
}

void store_end(void)
{
    tune_store_close(st);
}

void store_put(const TuneRecord *r)
{
    cr_assert_eq(tune_store_put(st, &key, r, &err), 0, "%s", err.text);
}

void store_sql(const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    cr_assert_eq(sqlite3_open(tune_store_path(st), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK, "%s", why);
    sqlite3_close(db);
}
