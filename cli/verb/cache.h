/* cache.h: the parts of the verb cache.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_CACHE_H
#define DCN_CLI_VERB_CACHE_H

#include "cli/args/args.h"

#include <dcngen/cache.h>

/* What is remembered: as text a kernel each, as JSON every candidate. */
int cache_ls(const Args *a, dcn_cache *c, dcn_error *err);

/* Prune and clear say how much went, in records, code and hours of tuning. */
int cache_prune(const Args *a, dcn_cache *c, dcn_error *err);
int cache_clear(const Args *a, dcn_cache *c, dcn_error *err);

/* Pins of the kernels of a spec: all of them, or none if one cannot be. */
int cache_pin(const Args *a, dcn_cache *c, dcn_error *err);
int cache_unpin(const Args *a, dcn_cache *c, dcn_error *err);

#endif
