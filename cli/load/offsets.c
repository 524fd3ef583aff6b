/* offsets.c: the value of --offsets.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/offsets.h"
#include "runtime/base/base.h"
#include "tuner/check/offsets.h"

int offsets_check(const char *text, dcn_error *err)
{
    if (!text || tune_offsets_is_text(text))
        return 0;
    return dcn_fail(err, DCN_EUSAGE,
                    "--offsets '%.100s' is not zero, normal:S or S with 0 <= S <= 1e6, or FILE.npy",
                    text);
}
