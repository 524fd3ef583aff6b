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

/* Whether all that the class needs stands: in attrs ("+x,-y", the last word counts), else in what the class
** `base` has (NULL: nothing). */
bool cg_has_class(const Isa *isa, const Isa *base, const char *attrs);

/* The best class of the triple's architecture that cg_has_class; NULL: none. */
const Isa *cg_classify(const char *triple, const Isa *base, const char *attrs);

/* Write down the class, and what follows from it. */
void cg_set_isa(dcn_target *t, const Isa *isa);

/* Whether code for the target may use the feature, by itself or with a row of the table. */
bool cg_target_has(const dcn_target *t, const char *feature);

#endif
