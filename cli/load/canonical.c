/* canonical.c: the layers of known networks, as a spec that the program carries along.
**
** The text is put into the program when it is built, so that nothing must be found at run time.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/canonical.h"
#include "canonical_spec.h"

const char *canonical_spec(void)
{
    return canonical_text;
}
