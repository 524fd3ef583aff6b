/* canonical.h: the layers of known networks, as a spec that the program carries along.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_LOAD_CANONICAL_H
#define DCN_CLI_LOAD_CANONICAL_H

/* share/canonical.lua */
const char *canonical_spec(void);

#endif
