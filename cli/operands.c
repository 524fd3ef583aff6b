/* operands.c: the tensors of one `run`.
**
** A size that is dynamic in the spec is what the input tensor has there; all other operands must
** then agree.  An unknown size is written as ?.
** SPDX-License-Identifier: Apache-2.0
*/
#include "operands.h"
#include "names.h"
#include "runtime/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------- */

static Operand *find(Operands *o, const char *name)
{
    for (int i = 0; i < o->n; i++) {
        if (!strcmp(o->at[i].tensor.name, name))
            return &o->at[i];
    }
    return NULL;
}

static int fail_unknown(const Operands *o, const char *option, const char *name, dcn_error *err)
{
    const char *names[DCN_MAX_TENSORS + 1] = { NULL };
    char all[128], hint[HINT_MAX];
    for (int i = 0; i < o->n; i++)
        names[i] = o->at[i].tensor.name;
    return dcn_fail(err, DCN_EUSAGE, "%s: kernel '%s' has no tensor '%.64s'%s; it has %s", option,
                    o->spec->name, name, names_hint(name, names, hint),
                    names_join(names, all, sizeof all));
}

static int match(Operands *o, const Pairs *files, bool outputs, dcn_error *err)
{
    const char *option = outputs ? "--output" : "--input";
    for (int i = 0; i < files->n; i++) {
        Operand *p = find(o, files->at[i].name);
        if (!p)
            return fail_unknown(o, option, files->at[i].name, err);
        if ((p->tensor.role == DCN_OUT) != outputs)
            return dcn_fail(err, DCN_EUSAGE, "%s: '%s' is an %s of kernel '%s'", option,
                            p->tensor.name, outputs ? "input" : "output", o->spec->name);
        p->path = files->at[i].value;
    }
    return 0;
}

/* ---- shapes --------------------------------------------------------------- */

static const char *shape_text(int rank, const int64_t *dims, char *buf, size_t size)
{
    size_t at = (size_t)snprintf(buf, size, "[");
    for (int i = 0; i < rank && at < size; i++) {
        const char *comma = i ? "," : "";
        at += (size_t)(dims[i] == DCN_DYNAMIC
                           ? snprintf(buf + at, size - at, "%s?", comma)
                           : snprintf(buf + at, size - at, "%s%" PRId64, comma, dims[i]));
    }
    if (at < size)
        snprintf(buf + at, size - at, "]");
    return buf;
}

/* How many rois there are; 0 where there is no such file to tell. */
static int64_t rois_of(Operands *o)
{
    const Operand *p = find(o, "rois");
    return p && p->file.data && p->file.rank > 0 ? p->file.dims[0] : 0;
}

/* The sizes that are dynamic, from the input tensor; without a usable one they stay dynamic. */
static int bind_sizes(Operands *o, dcn_error *err)
{
    const dcn_spec *s = o->spec;
    const rt_array *in = &find(o, "input")->file;
    o->bound = *s;
    if (!in->data || in->rank != 4)
        return 0;
    const int y = s->layout == DCN_NCHW ? 2 : 1;
    const dcn_sizes sizes = {
        .batch = s->batch == DCN_DYNAMIC ? in->dims[0] : s->batch,
        .height = s->height == DCN_DYNAMIC ? in->dims[y] : s->height,
        .width = s->width == DCN_DYNAMIC ? in->dims[y + 1] : s->width,
        .rois = s->rois == DCN_DYNAMIC ? rois_of(o) : s->rois,
    };
    if (!dcn_spec_bind(s, sizes, &o->bound, err))
        return 0;
    char shape[128], text[sizeof err->text];
    snprintf(text, sizeof text, "%s", err->text);
    return dcn_fail(err, DCN_EUSAGE, "kernel '%s' cannot take an input of %s: %s", s->name,
                    shape_text(in->rank, in->dims, shape, sizeof shape), text);
}

static bool fits(const Operand *p)
{
    if (p->file.rank != p->tensor.rank)
        return false;
    for (int i = 0; i < p->tensor.rank; i++) {
        if (p->tensor.dims[i] != DCN_DYNAMIC && p->tensor.dims[i] != p->file.dims[i])
            return false;
    }
    return true;
}

/* What is wrong with one operand, "" if nothing. */
static void describe(const Operand *p, char *buf, size_t size)
{
    const dcn_tensor *t = &p->tensor;
    char want[128], got[RT_MAX_RANK * 22 + 4];
    buf[0] = 0;
    shape_text(t->rank, t->dims, want, sizeof want);
    if (t->role == DCN_OUT && !p->path)
        snprintf(buf, size, "--output %s=FILE is missing", t->name);
    else if (!p->path)
        snprintf(buf, size, "--input %s=FILE is missing, its shape is %s", t->name, want);
    else if (t->role != DCN_OUT && !fits(p))
        snprintf(buf, size, "'%s' is %.200s, but must be %s", t->name,
                 shape_text(p->file.rank, p->file.dims, got, sizeof got), want);
}

static int check_all(Operands *o, dcn_error *err)
{
    dcn_tensor tensor[DCN_MAX_TENSORS];
    char problems[sizeof err->text] = "", one[400];
    dcn_spec_tensors(&o->bound, tensor);
    for (int i = 0; i < o->n; i++) {
        o->at[i].tensor = tensor[i];
        describe(&o->at[i], one, sizeof one);
        size_t used = strlen(problems);
        if (*one)
            snprintf(problems + used, sizeof problems - used, "%s%s", used ? "; " : "", one);
    }
    return *problems ? dcn_fail(err, DCN_EUSAGE, "kernel '%s': %s", o->spec->name, problems) : 0;
}

/* ---- numbers -------------------------------------------------------------- */

/* calloc, because it refuses a product that does not fit; never of 0 bytes. */
static int make_room(Operand *p, dcn_dtype dtype, dcn_error *err)
{
    const int64_t count = rt_tensor_count(&p->tensor);
    if (count >= 0)
        p->data = calloc((size_t)count + 1, dcn_dtype_bytes(dtype));
    return p->data ? 0 : dcn_fail(err, DCN_EENV, "no memory for tensor '%s'", p->tensor.name);
}

static int convert(Operand *p, dcn_dtype dtype, dcn_error *err)
{
    if (make_room(p, dtype, err))
        return -1;
    if (p->tensor.role == DCN_OUT)
        return 0;
    rt_convert(p->data, rt_kind_of(dtype), p->file.data, p->file.kind, p->file.count);
    rt_array_free(&p->file);
    p->file.data = NULL;
    return 0;
}

/* ---- all of it ------------------------------------------------------------ */

static int read_files(Operands *o, dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        Operand *p = &o->at[i];
        if (p->path && p->tensor.role != DCN_OUT && rt_npy_read(p->path, &p->file, err))
            return -1;
    }
    return 0;
}

int operands_read(const Args *a, const dcn_spec *s, Operands *o, dcn_error *err)
{
    dcn_tensor tensor[DCN_MAX_TENSORS];
    *o = (Operands){ .spec = s, .n = dcn_spec_tensors(s, tensor) };
    for (int i = 0; i < o->n; i++)
        o->at[i].tensor = tensor[i];
    if (match(o, &a->input, false, err) || match(o, &a->output, true, err) || read_files(o, err) ||
        bind_sizes(o, err) || check_all(o, err))
        return -1;
    for (int i = 0; i < o->n; i++) {
        if (convert(&o->at[i], s->dtype, err))
            return -1;
    }
    return 0;
}

int operands_write(const Operands *o, dcn_error *err)
{
    const Operand *p = &o->at[o->n - 1];
    rt_array a = { .kind = rt_kind_of(o->spec->dtype),
                   .rank = p->tensor.rank,
                   .count = rt_tensor_count(&p->tensor),
                   .data = p->data };
    memcpy(a.dims, p->tensor.dims, sizeof p->tensor.dims);
    return rt_npy_write(p->path, &a, err);
}

void operands_free(Operands *o)
{
    for (int i = 0; i < o->n; i++) {
        rt_array_free(&o->at[i].file);
        free(o->at[i].data);
    }
}
