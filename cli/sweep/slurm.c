/* slurm.c: job arrays for Slurm: one for each target and number of threads.
**
** One task of an array is one item with a database of its own, so no two machines write one file,
** and a task that is requeued, on whatever node, goes on where it was.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/sweep/sweep.h"
#include "runtime/base/base.h"
#include "runtime/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ARRAY = 1000 }; /* Slurm takes 1001 unless it is told otherwise */

/* ---- the directory ------------------------------------------------------------------------ */

typedef struct Arrays {
    const SweepPlan *plan;
    char dir[2048]; /* absolute */
    bool *listed;   /* of every item */
    char *submit;   /* the script that submits all */
    size_t submit_size;
    FILE *to_submit;
} Arrays;

static int make_dir(const char *path, dcn_error *err)
{
    if (mkdir(path, 0777) && errno != EEXIST)
        return dcn_fail(err, DCN_EENV, "cannot create %s: %s", path, strerror(errno));
    return 0;
}

static int make_dirs(Arrays *x, const char *dir, dcn_error *err)
{
    static const char *const below[] = { "db", "log" };
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-+=@,:";
    char path[4096];
    if (make_dir(dir, err))
        return -1;
    char *whole = realpath(dir, NULL);
    if (!whole || (size_t)snprintf(x->dir, sizeof x->dir, "%s", whole) >= sizeof x->dir) {
        free(whole);
        return dcn_fail(err, DCN_EENV, "cannot use %s: %s", dir, strerror(errno));
    }
    free(whole);
    if (x->dir[strspn(x->dir, plain)])
        return dcn_fail(err, DCN_EUSAGE,
                        "--slurm %s: sbatch scripts need a path without spaces and quotes", x->dir);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", x->dir, below[i]);
        if (make_dir(path, err))
            return -1;
    }
    return 0;
}

/* Write what was printed to a stream of memory into a file; takes `from` and *text. */
static int write_stream(const Arrays *x, const char *name, FILE *from, char **text, size_t *size,
                        dcn_error *err)
{
    char path[4096];
    int failed = fclose(from) ? dcn_fail(err, DCN_EENV, "no memory for %s", name) : 0;
    snprintf(path, sizeof path, "%s/%s", x->dir, name);
    if (!failed)
        failed = rt_write_file(path, *text, *size, err);
    free(*text);
    *text = NULL;
    return failed;
}

/* ---- one array ---------------------------------------------------------------------------- */

/* Minutes that an item takes at most, with room to confirm its winner; 0: there is no limit. */
static int minutes(const SweepItem *t)
{
    static const double by_effort[] = { [DCN_TUNE_MEASURE] = 60, [DCN_TUNE_PATIENT] = 900 };
    double s = t->seconds;
    if (s <= 0 && !t->trials && t->effort <= DCN_TUNE_PATIENT)
        s = by_effort[t->effort];
    return s > 0 ? (int)(2 * s / 60) + 15 : 0;
}

static void print_script(FILE *f, const Arrays *x, const SweepItem *t, const char *name, int n)
{
    fprintf(f,
            "#!/bin/sh\n"
            "#SBATCH --job-name=dcngen-%s\n"
            "#SBATCH --array=1-%d\n"
            "#SBATCH --constraint=%s\n"
            "#SBATCH --ntasks=1\n"
            "#SBATCH --cpus-per-task=%d\n"
            "#SBATCH --hint=nomultithread\n",
            name, n, t->isa, t->threads);
    if (minutes(t))
        fprintf(f, "#SBATCH --time=%d\n", minutes(t));
    fprintf(
        f,
        "#SBATCH --requeue\n"
        "#SBATCH --open-mode=append\n"
        "#SBATCH --signal=B:TERM@30\n"
        "#SBATCH --chdir=%s\n"
        "#SBATCH --output=%s/log/%s-%%a.txt\n"
        "# %s on %d thread%s.  The class of the target is the constraint; `sbatch --constraint`\n"
        "# names the nodes more closely, `sbatch --exclusive` takes whole ones.\n"
        "item=$(sed -n \"${SLURM_ARRAY_TASK_ID}p\" %s/%s.items)\n"
        "exec \"${DCNGEN:-dcngen}\" sweep worker --plan %s/plan.jsonl --item \"$item\" \\\n"
        "    --db \"%s/db/$item.db\"\n",
        x->dir, x->dir, name, t->target, t->threads, t->threads == 1 ? "" : "s", x->dir, name,
        x->dir, x->dir);
}

static bool same_array(const SweepItem *a, const SweepItem *b)
{
    return !strcmp(a->target, b->target) && !strcmp(a->isa, b->isa) && a->threads == b->threads &&
           minutes(a) == minutes(b);
}

/* List the ids of the items that share an array with item `first`; returns how many. */
static int list_items(Arrays *x, int first, FILE *to)
{
    int n = 0;
    for (int i = first; i < x->plan->n && n < MAX_ARRAY; i++) {
        if (x->listed[i] || !same_array(&x->plan->at[first], &x->plan->at[i]))
            continue;
        x->listed[i] = true;
        fprintf(to, "%s\n", x->plan->at[i].id);
        n++;
    }
    return n;
}

static int write_array(Arrays *x, int first, int number, dcn_error *err)
{
    const SweepItem *t = &x->plan->at[first];
    char name[128], file[160], *items = NULL, *script = NULL;
    size_t items_size, script_size;
    snprintf(name, sizeof name, "%d-%s-t%d", number, t->target, t->threads);
    FILE *to_items = open_memstream(&items, &items_size);
    FILE *to_script = open_memstream(&script, &script_size);
    if (!to_items || !to_script)
        return dcn_fail(err, DCN_EENV, "no memory for job arrays");
    print_script(to_script, x, t, name, list_items(x, first, to_items));
    snprintf(file, sizeof file, "%s.items", name);
    int failed = write_stream(x, file, to_items, &items, &items_size, err);
    snprintf(file, sizeof file, "%s.sbatch", name);
    failed = write_stream(x, file, to_script, &script, &script_size, failed ? NULL : err) || failed;
    fprintf(x->to_submit, "sbatch \"$@\" %s/%s\n", x->dir, file);
    return failed ? -1 : 0;
}

/* ---- all of them -------------------------------------------------------------------------- */

static int write_plan(const Arrays *x, dcn_error *err)
{
    char path[4096], *text;
    size_t size;
    snprintf(path, sizeof path, "%s/plan.jsonl", x->dir);
    if (sweep_plan_print(x->plan, &text, &size, err))
        return -1;
    int failed = rt_write_file(path, text, size, err);
    free(text);
    return failed;
}

static int write_all(Arrays *x, dcn_error *err)
{
    int failed = write_plan(x, err), number = 0;
    fputs("#!/bin/sh\n# Submit all arrays; options are handed on to sbatch.  What is done already "
          "is\n"
          "# skipped, so it may be submitted again.\nset -e\n",
          x->to_submit);
    for (int i = 0; i < x->plan->n && !failed; i++)
        if (!x->listed[i])
            failed = write_array(x, i, ++number, err);
    return failed;
}

int sweep_slurm(const SweepPlan *plan, const char *dir, dcn_error *err)
{
    Arrays x = { .plan = plan };
    if (make_dirs(&x, dir, err))
        return -1;
    x.listed = calloc((size_t)plan->n, sizeof *x.listed);
    x.to_submit = open_memstream(&x.submit, &x.submit_size);
    int failed = !x.listed || !x.to_submit ? dcn_fail(err, DCN_EENV, "no memory for job arrays")
                                           : write_all(&x, err);
    if (x.to_submit &&
        write_stream(&x, "submit.sh", x.to_submit, &x.submit, &x.submit_size, failed ? NULL : err))
        failed = -1;
    free(x.listed);
    return failed;
}
