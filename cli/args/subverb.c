/* subverb.c: verbs whose first word says which of several things they do.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/subverb.h"
#include "cli/args/hints.h"
#include "cli/args/verb.h"
#include "runtime/base/text.h"

#include <string.h>

int subverb_find(const Args *a, const char *const *names, dcn_error *err)
{
    char all[128], hint[HINT_MAX];
    const char *word = a->words.at[0];
    for (int i = 0; names[i]; i++) {
        if (!strcmp(names[i], word))
            return i;
    }
    if (verb_word_is_file(word))
        return dcn_fail(err, DCN_EUSAGE, "%s needs %s before '%.100s'; 'dcngen help %s' says more",
                        a->verb->name, a->verb->operands[0], word, a->verb->name);
    return dcn_fail(err, DCN_EUSAGE, "%s '%.100s' is not one of %s%s", a->verb->name, word,
                    rt_join(names, all, sizeof all), hint_nearest(word, names, hint));
}

int subverb_check(const Args *a, const char *subverb, uint64_t allowed, dcn_error *err)
{
    for (int i = 0; i < NOPTIONS; i++) {
        if (a->given & ~allowed & BIT(i))
            return dcn_fail(err, DCN_EUSAGE, "%s %s has no option '%s'", a->verb->name, subverb,
                            options[i].name);
    }
    return 0;
}
