/* test_turns.c: what decided about a candidate is kept beside its record.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/tools/store/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(turns, .init = store_begin, .fini = store_end);

static const TuneTurns some = { "tiled mr=2", 0.9, 0.875, 0.95 };

static int get(const TuneRecord *of, TuneTurns *out)
{
    const int none = tune_turns_get(st, &key, of, out, &err);
    cr_assert_geq(none, 0, "%s", err.text);
    return none;
}

Test(turns, come_back_as_they_were_put)
{
    const TuneRecord r = temp_record("tiled mr=1", 100), other = temp_record("tiled mr=3", 100);
    TuneTurns got;
    store_put(&r);
    store_put(&other);
    cr_expect_eq(get(&r, &got), 1, "nothing was put yet, nor is there a table");
    cr_assert_eq(tune_turns_put(st, &key, &r, &some, &err), 0, "%s", err.text);
    cr_assert_eq(get(&r, &got), 0);
    cr_expect_str_eq(got.against, some.against);
    cr_expect(got.ratio == some.ratio && got.low == some.low && got.high == some.high);
    cr_expect_eq(get(&other, &got), 1);
}

Test(turns, go_with_their_record)
{
    TuneRecord r = temp_record("tiled mr=1", 100);
    TuneTurns got;
    cr_expect_eq(tune_turns_put(st, &key, &r, &some, &err), -1, "there is no such record");
    store_put(&r);
    cr_assert_eq(tune_turns_put(st, &key, &r, &some, &err), 0, "%s", err.text);
    store_put(&r);
    cr_expect_eq(get(&r, &got), 1, "it was put again");
    cr_assert_eq(tune_turns_put(st, &key, &r, &some, &err), 0, "%s", err.text);
    cr_assert_geq(tune_store_clear(st, &err), 0, "%s", err.text);
    cr_expect_eq(get(&r, &got), 1);
}

Test(turns, that_cannot_be_are_not_taken)
{
    static const TuneTurns bad[] = { { "", 1, 1, 1 },
                                     { "tiled", 1, 0, 1 },
                                     { "tiled", 1, 1.1, 1.2 },
                                     { "tiled", 1, 0.9, 1e300 },
                                     { "two\nlines", 1, 0.9, 1.1 } };
    const TuneRecord r = temp_record("tiled mr=1", 100);
    TuneTurns got;
    store_put(&r);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(tune_turns_put(st, &key, &r, &bad[i], &err), -1, "row %zu", i);
    cr_assert_eq(tune_turns_put(st, &key, &r, &some, &err), 0, "%s", err.text);
    store_sql("UPDATE turns SET low = -1");
    cr_expect_eq(get(&r, &got), 1, "nor believed where they stand in the file");
}
