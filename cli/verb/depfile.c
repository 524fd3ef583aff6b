/* depfile.c: one rule of make.
**
**     out/k.o out/k.h: spec.lua common.lua
**
** with spaces and # behind a backslash and $ doubled, as gcc -MD writes it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/verb/depfile.h"
#include "runtime/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_name(FILE *f, const char *name)
{
    for (; *name; name++) {
        if (strchr(" \t#", *name))
            fputc('\\', f);
        if (*name == '$')
            fputc('$', f);
        fputc(*name, f);
    }
}

/* Whether a file is made by the rule that a is. */
static bool is_made(const ArtefactFile *file, const ArtefactFile *a)
{
    return file->kind != &artefact_depfile && (!a->spec || file->spec == a->spec);
}

void *depfile_text(const dcn_module *m, const ArtefactFile *all, int n, const ArtefactFile *a,
                   size_t *size, dcn_error *err)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, size);
    const char *file, *before = "";
    for (int i = 0; f && i < n; i++) {
        if (!is_made(&all[i], a))
            continue;
        fputs(before, f);
        put_name(f, all[i].path);
        before = " ";
    }
    if (f)
        fputc(':', f);
    for (int i = 0; f && (file = dcn_module_file(m, i)); i++) {
        fputc(' ', f);
        put_name(f, file);
    }
    int bad =
        !f || (fputc('\n', f), ferror(f)); /* fclose may not tell that the buffer could not grow */
    if (f && !fclose(f) && !bad && text)
        return text;
    dcn_fail(err, DCN_EENV, "no memory for a depfile");
    free(text);
    return NULL;
}
