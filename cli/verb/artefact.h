/* artefact.h: the files that `compile` makes.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_VERB_ARTEFACT_H
#define DCN_CLI_VERB_ARTEFACT_H

#include <dcngen.h>

/* A sort of file: PREFIX kernel SUFFIX. */
typedef struct ArtefactKind {
    const char *name, *prefix, *suffix;
    dcn_emit_kind emit;
} ArtefactKind;

enum { NKINDS = 7 };
extern const ArtefactKind artefact_kinds[NKINDS];
extern const ArtefactKind artefact_depfile; /* its `emit` means nothing */

typedef struct ArtefactFile {
    const dcn_spec *spec; /* NULL: of all kernels */
    const ArtefactKind *kind;
    const dcn_choice *choice; /* of the kernel, for each target */
    char *path, *temp;        /* where it goes, and where it is written first */
    void *bytes;
    size_t size;
    dcn_error err; /* of making it */
} ArtefactFile;

/* Bits of artefact_kinds named by "obj,header"; 0 with err for an unknown one. */
unsigned artefact_parse(const char *list, dcn_error *err);

/* Set the names, in the directory or as the path says; -1 without memory. */
int artefact_name(ArtefactFile *a, const char *dir, dcn_error *err);
int artefact_name_path(ArtefactFile *a, const char *path, dcn_error *err);

/* Create `dir` and write all n files: each of them appears, or none does. */
int artefacts_write(const char *dir, ArtefactFile *all, int n, dcn_error *err);

void artefacts_free(ArtefactFile *all, int n);

#endif
