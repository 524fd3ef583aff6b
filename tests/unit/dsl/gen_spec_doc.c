/* gen_spec_doc.c: prints docs/SPEC.md.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

int main(void)
{
    return dsl_page(stdout) || fflush(stdout) ? 1 : 0;
}
