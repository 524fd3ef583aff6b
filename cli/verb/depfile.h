/* depfile.h: what the files of a kernel were made from, in the syntax of make.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_DEPFILE_H
#define DCN_CLI_VERB_DEPFILE_H

#include "cli/verb/artefact.h"

/* The rule for those of `all` that belong to the kernel of `a`, or to any if it names none, rules left
** out; malloc'ed. */
void *depfile_text(const dcn_module *m, const ArtefactFile *all, int n, const ArtefactFile *a,
                   size_t *size, dcn_error *err);

#endif
