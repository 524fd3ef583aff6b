/* version.c: the version that was compiled in, which may differ from the header's.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen.h>

#define TEXT(x)         #x
#define DOTTED(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *dcn_version(void)
{
    return DOTTED(DCN_VERSION_MAJOR, DCN_VERSION_MINOR, DCN_VERSION_PATCH);
}
