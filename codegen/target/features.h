/* features.h: what a machine's features say of it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_TARGET_FEATURES_H
#define DCN_CODEGEN_TARGET_FEATURES_H

#include "codegen/target/table.h"

#include <dcngen.h>
#include <stdbool.h>

/* Whether the triple is of the architecture that the class belongs to. */
bool cg_is_arch(const char *triple, const Isa *isa);

/* Whether a CPU of class `base` (NULL: that has nothing) has all that the class needs after attrs,
** "+x,-y" ("": none). */
bool cg_has_class(const Isa *isa, const Isa *base, const char *attrs);

/* Whether a word of the list is on this feature itself. */
bool cg_names(const char *list, const char *feature);

/* Shorten the list to the last word on each feature, because an earlier one would have taken others
** with it. */
void cg_keep_last_words(char *list);

/* The best class of the triple's architecture that cg_has_class; NULL: none. */
const Isa *cg_classify(const char *triple, const Isa *base, const char *attrs);

/* Write down the class, and what follows from it. */
void cg_set_isa(dcn_target *t, const Isa *isa);

/* Whether code for the target may use the feature, by itself or with a row of the table. */
bool cg_target_has(const dcn_target *t, const char *feature);

/* A word "+x" of the list, and the word "-y" of it that takes away what x needs; NULL: the list has
** sense.  Borrowed from the list. */
const char *cg_contradiction(const char *triple, const char *list, const char **minus);

/* Make "-x" of each such "+x": of what a machine says of itself, nothing is believed whose needs it
** lacks.  The number of words that changed. */
int cg_drop_unmet(const char *triple, char *list);

#endif
