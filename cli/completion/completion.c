/* completion.c: the verb that prints completion scripts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/completion/completion.h"
#include "cli/args/subverb.h"
#include "cli/verbs.h"

int verb_completion(const Args *a, dcn_error *err)
{
    static void (*const print[])(const Verb *verbs) = { completion_bash, completion_zsh,
                                                        completion_fish };
    const int i = subverb_find(a, completion_shells, err);
    if (i < 0)
        return -1;
    print[i](a->verbs);
    return 0;
}
