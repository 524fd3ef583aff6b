/* embed.h: a network with its parameters in it, or with another bound of memory.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_EMBED_H
#define DCN_TUNER_EMBED_H

#include <dcngen.h>

/* *out is *s, but if opt has parameters a spec of the same network with these as constants, if it has
** a bound of memory one with that.  Its network is given up by embed_close, after a failure too. */
int embed_open(const dcn_spec *s, const dcn_options *opt, dcn_spec *out, dcn_error *err);
void embed_close(const dcn_spec *s, dcn_spec *out);

#endif
