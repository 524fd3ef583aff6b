/* report.c: the verb that writes what tuning found as one page.
**
** The page is made in memory and appears complete or not at all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/print.h"
#include "cli/report/data.h"
#include "cli/report/parts.h"
#include "cli/verbs.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"

#include <stdlib.h>
#include <string.h>

/* ---- making it ------------------------------------------------------------ */

static int make_page(const TuningReport *r, char **text, size_t *size, dcn_error *err)
{
    FILE *f = open_memstream(text, size);
    if (f)
        report_page(f, r);
    const int bad = !f || ferror(f) || fflush(f);
    return (f && fclose(f)) || bad ? dcn_fail(err, DCN_EENV, "no memory for the page") : 0;
}

static int make_json(const TuningReport *r, char **text, size_t *size, dcn_error *err)
{
    json_t *root = report_json(r);
    *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    if (!*text)
        return dcn_fail(err, DCN_EENV, "no memory for the report");
    *size = strlen(*text);
    return 0;
}

/* Write the report to the file of -o and print a line about it; without -o, write it to stdout. */
static int write_out(const Args *a, const TuningReport *r, const char *text, size_t size,
                     dcn_error *err)
{
    int64_t candidates = 0;
    for (int i = 0; i < r->n; i++)
        candidates += r->section[i].n;
    if (!a->out) {
        fwrite(text, 1, size, stdout);
        return 0;
    }
    if (rt_write_file(a->out, text, size, err))
        return -1;
    printf("%s: %d tuned kernel%s, %lld candidates\n", a->out, r->n, r->n == 1 ? "" : "s",
           (long long)candidates);
    return 0;
}

static int write_report(const Args *a, const Kernels *k, dcn_error *err)
{
    TuningReport r;
    char *text = NULL;
    size_t size;
    int failed = report_read(a, k, &r, err);
    if (!failed)
        failed = args_has(a, OPT_JSON) ? make_json(&r, &text, &size, err)
                                       : make_page(&r, &text, &size, err);
    if (!failed)
        failed = write_out(a, &r, text, size, err);
    free(text);
    report_free(&r);
    return failed;
}

/* ---- the verb ------------------------------------------------------------- */

/* -1 if an option was given that means something only with a spec. */
static int check_without_spec(const Args *a, dcn_error *err)
{
    static const OptionId needs[] = { OPT_DEFINE, OPT_KERNEL, OPT_TARGET, OPT_CPU,
                                      OPT_ATTRS,  OPT_OS,     OPT_TRIPLE };
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (args_has(a, needs[i]))
            return dcn_fail(err, DCN_EUSAGE, "report with %s needs SPEC.lua",
                            options[needs[i]].name);
    return 0;
}

int verb_report(const Args *a, dcn_error *err)
{
    if (!a->words.n)
        return check_without_spec(a, err) ? -1 : write_report(a, NULL, err);
    Kernels k;
    int status = kernels_load(a, &k, err);
    if (!status)
        status = write_report(a, &k, err);
    kernels_free(&k);
    return status;
}
