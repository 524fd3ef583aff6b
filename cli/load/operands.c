/* operands.c: a user's tensors for one kernel.
**
** A size that is dynamic in the spec is what the input tensor has there; all other operands must
** then agree.  An unknown size is written as ?.  A kernel of gradients may be given all that its
** kernel without them reads; of what it does not need itself only the shape of `input` is looked at.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/operands.h"
#include "cli/args/hints.h"
#include "cli/load/weights.h"
#include "runtime/base/text.h"
#include "runtime/spec/op.h"
#include <dcngen/network.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------- */

static Operand *find(OperandFiles *o, const char *name)
{
    for (int i = 0; i < o->n; i++) {
        if (!strcmp(o->at[i].tensor.name, name))
            return &o->at[i];
    }
    return NULL;
}

static int fail_unknown(const OperandFiles *o, const char *option, const char *name, dcn_error *err)
{
    const char *names[RT_NUM_OPERANDS + 1] = { NULL };
    char all[512], hint[HINT_MAX];
    for (int i = 0; i < o->n; i++)
        names[i] = o->at[i].tensor.name;
    return dcn_fail(err, DCN_EUSAGE, "%s: kernel '%s' has no tensor '%.64s'%s; it has %s", option,
                    o->spec->name, name, hint_nearest(name, names, hint),
                    rt_join(names, all, sizeof all));
}

/* The operand of that name that only the kernel without gradients reads. */
static bool is_spare(OperandFiles *o, const char *name)
{
    const rt_operands plain = rt_plain_operands_of(o->spec);
    for (int i = 0; i < plain.n; i++)
        if (plain.tensor[i].role != DCN_OUT && !strcmp(plain.tensor[i].name, name))
            return o->spec->gradient && !find(o, name);
    return false;
}

static void take_spare(OperandFiles *o, const char *name, const char *path)
{
    if (!strcmp(name, rt_operand_names[RT_INPUT]))
        o->input.path = path;
}

static int match(OperandFiles *o, const ParamList *files, bool outputs, dcn_error *err)
{
    const char *option = outputs ? "--output" : "--input";
    for (int i = 0; i < files->n; i++) {
        Operand *p = find(o, files->at[i].name);
        if (!outputs && is_spare(o, files->at[i].name)) {
            take_spare(o, files->at[i].name, files->at[i].value);
            continue;
        }
        if (!p)
            return fail_unknown(o, option, files->at[i].name, err);
        if ((p->tensor.role == DCN_OUT) != outputs)
            return dcn_fail(err, DCN_EUSAGE, "%s: '%s' is an %s of kernel '%s'", option,
                            p->tensor.name, outputs ? "input" : "output", o->spec->name);
        p->path = files->at[i].value;
    }
    return 0;
}

/* --weights is the file of an operand that may have one of its own. */
static int match_weights(OperandFiles *o, const Args *a, dcn_error *err)
{
    if (!a->weights)
        return 0;
    if (weights_check(a, o->spec, err))
        return -1;
    Operand *p = find(o, "parameters");
    if (p->path)
        return dcn_fail(err, DCN_EUSAGE,
                        "--weights and --input parameters=FILE: one of them is enough");
    p->path = a->weights;
    p->by_name = true;
    return 0;
}

/* ---- shapes --------------------------------------------------------------- */

static const char *shape_text(int rank, const int64_t *dims, char *buf, size_t size)
{
    rt_text text = rt_text_in(buf, size);
    rt_text_shape(&text, rank, dims);
    return buf;
}

/* Whether its files may have rows and columns in one, [N,H*W,C], as upstream's DCNv4 has them. */
static bool may_be_flat(const dcn_spec *s, const dcn_tensor *t)
{
    return rt_op_has(s->op, RT_PACKED_OFFSETS) && t->rank == 4 && t->role != DCN_WEIGHT;
}

/* Rows and columns of an input that has them in one: as the spec says, or as many of each. */
static int split_pixels(const dcn_spec *s, int64_t pixels, dcn_sizes *sizes, dcn_error *err)
{
    const bool rows = s->height != DCN_DYNAMIC, columns = s->width != DCN_DYNAMIC;
    const int64_t side = (int64_t)floor(sqrt((double)pixels) + 0.5);
    const int64_t h = rows ? s->height : columns ? pixels / s->width : side;
    const int64_t w = columns ? s->width : rows ? pixels / s->height : side;
    if (pixels > 0 && w > 0 && pixels % w == 0 && pixels / w == h) {
        sizes->height = h;
        sizes->width = w;
        return 0;
    }
    return dcn_fail(err, DCN_EUSAGE,
                    rows || columns
                        ? "kernel '%s': the %" PRId64 " pixels of 'input' are not height * width"
                        : "kernel '%s': the %" PRId64 " pixels of 'input' are not a square's, and "
                          "height and width are both dynamic",
                    s->name, pixels);
}

/* How many rois there are; 0 where there is no such file to tell. */
static int64_t rois_of(OperandFiles *o)
{
    const Operand *p = find(o, "rois");
    return p && p->file.rank > 0 ? p->file.dims[0] : 0;
}

/* The sizes that are dynamic, from the input tensor; without a usable one they stay dynamic. */
static int bind_sizes(OperandFiles *o, dcn_error *err)
{
    const dcn_spec *s = o->spec;
    const Operand *input = find(o, "input") ? find(o, "input") : &o->input;
    const rt_array *in = &input->file;
    const int y = s->layout == DCN_NCHW ? 2 : 1;
    o->bound = *s;
    o->flat = in->rank == 3 && may_be_flat(s, &input->tensor);
    if (in->rank != 4 && !o->flat)
        return 0;
    dcn_sizes sizes = {
        .batch = s->batch == DCN_DYNAMIC ? in->dims[0] : s->batch,
        .height = s->height == DCN_DYNAMIC ? in->dims[y] : s->height,
        .width = s->width == DCN_DYNAMIC ? in->dims[y + 1] : s->width,
        .rois = s->rois == DCN_DYNAMIC ? rois_of(o) : s->rois,
    };
    if (o->flat && split_pixels(s, in->dims[1], &sizes, err))
        return -1;
    if (!dcn_spec_bind(s, sizes, &o->bound, err))
        return 0;
    char shape[128], text[sizeof err->text];
    snprintf(text, sizeof text, "%s", err->text);
    return dcn_fail(err, DCN_EUSAGE, "kernel '%s' cannot take an input of %s: %s", s->name,
                    shape_text(in->rank, in->dims, shape, sizeof shape), text);
}

/* [N,H,W,C] as [N,H*W,C]. */
static dcn_tensor flattened(const dcn_tensor *t)
{
    dcn_tensor f = *t;
    f.rank = 3;
    f.dims[1] = t->dims[1] == DCN_DYNAMIC || t->dims[2] == DCN_DYNAMIC ? DCN_DYNAMIC
                                                                       : t->dims[1] * t->dims[2];
    f.dims[2] = t->dims[3];
    return f;
}

static bool same_shape(const rt_array *file, const dcn_tensor *t)
{
    if (file->rank != t->rank)
        return false;
    for (int i = 0; i < t->rank; i++) {
        if (t->dims[i] != DCN_DYNAMIC && t->dims[i] != file->dims[i])
            return false;
    }
    return true;
}

static bool fits(const dcn_spec *s, const Operand *p)
{
    const dcn_tensor flat = flattened(&p->tensor);
    return p->by_name || same_shape(&p->file, &p->tensor) ||
           (may_be_flat(s, &p->tensor) && same_shape(&p->file, &flat));
}

/* What a file of it may be. */
static const char *shapes_text(const dcn_spec *s, const dcn_tensor *t, char *buf, size_t size)
{
    const dcn_tensor flat = flattened(t);
    shape_text(t->rank, t->dims, buf, size);
    const size_t n = strlen(buf);
    if (may_be_flat(s, t) && t->role != DCN_OUT && n + 4 < size) {
        memcpy(buf + n, " or ", 5);
        shape_text(flat.rank, flat.dims, buf + n + 4, size - n - 4);
    }
    return buf;
}

typedef enum { NO_INPUT, NO_OUTPUT, MISSHAPED, NCOMPLAINTS } Complaint;

/* Operands with one complaint. */
typedef struct ComplaintList {
    int n;
    char text[RT_NUM_OPERANDS][400];
} ComplaintList;

static bool has_sizes(const dcn_tensor *t)
{
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] == DCN_DYNAMIC)
            return false;
    return true;
}

static void add_complaint(ComplaintList list[NCOMPLAINTS], const dcn_spec *s, const Operand *p,
                          bool outputs)
{
    const dcn_tensor *t = &p->tensor;
    char want[128], got[RT_MAX_RANK * 22 + 4];
    const bool out = t->role == DCN_OUT;
    if (out ? p->path || !outputs || s->gradient : p->path ? fits(s, p) : !outputs && has_sizes(t))
        return;
    ComplaintList *l = &list[p->path ? MISSHAPED : out ? NO_OUTPUT : NO_INPUT];
    char *text = l->text[l->n++];
    shapes_text(s, t, want, sizeof want);
    if (p->path)
        snprintf(text, sizeof *l->text, "'%s' is %.200s, but must be %s", t->name,
                 shape_text(p->file.rank, p->file.dims, got, sizeof got), want);
    else
        snprintf(text, sizeof *l->text, "%s%s%s%s", t->name, out ? "" : " ", out ? "" : want,
                 s->network && t->role == DCN_WEIGHT ? " (or --weights FILE)" : "");
}

/* "--input NAME=FILE is missing for weight [4,2,3,3], bias [4]; 'offset' is ..."; what does not fit
** is counted. */
static void list_complaints(const ComplaintList list[NCOMPLAINTS], char *buf, size_t size)
{
    static const char *const before[] = { "--input NAME=FILE is missing for ",
                                          "--output NAME=FILE is missing for ", "" };
    enum { LATER = 120 }; /* kept free for the lists that follow */
    rt_text t = rt_text_in(buf, size);
    for (int p = 0; p < NCOMPLAINTS; p++) {
        const char *names[RT_NUM_OPERANDS + 1] = { NULL };
        for (int i = 0; i < list[p].n; i++)
            names[i] = list[p].text[i];
        size_t used = t.length + strlen(before[p]) + strlen("; ");
        for (int later = p + 1; later < NCOMPLAINTS; later++)
            used += list[later].n ? LATER : 0;
        char all[1024];
        const size_t room = used < size ? size - used : 0;
        if (list[p].n)
            rt_text_item(&t, "; ", "%s%s", before[p], rt_join(names, all, room));
    }
}

/* Any of the gradients of a kernel will do. */
static int check_gradients(const OperandFiles *o, dcn_error *err)
{
    const char *names[RT_NUM_OPERANDS + 1] = { NULL };
    char all[512];
    int n = 0;
    for (int i = 0; i < o->n; i++) {
        if (o->at[i].tensor.role != DCN_OUT)
            continue;
        if (o->at[i].path)
            return 0;
        names[n++] = o->at[i].tensor.name;
    }
    return dcn_fail(err, DCN_EUSAGE,
                    "kernel '%s': --output NAME=FILE is missing: one or more of %s", o->spec->name,
                    rt_join(names, all, sizeof all));
}

static int check_all(OperandFiles *o, bool outputs, dcn_error *err)
{
    dcn_tensor tensor[RT_NUM_OPERANDS];
    ComplaintList list[NCOMPLAINTS] = { { .n = 0 } };
    char complaints[640]; /* of an error's text, beside the name of the kernel */
    dcn_spec_tensors(&o->bound, tensor, RT_NUM_OPERANDS);
    for (int i = 0; i < o->n; i++) {
        o->at[i].tensor = tensor[i];
        add_complaint(list, o->spec, &o->at[i], outputs);
    }
    list_complaints(list, complaints, sizeof complaints);
    if (!*complaints && outputs && o->spec->gradient)
        return check_gradients(o, err);
    return *complaints ? dcn_fail(err, DCN_EUSAGE, "kernel '%s': %s", o->spec->name, complaints)
                       : 0;
}

/* ---- numbers -------------------------------------------------------------- */

/* calloc, because it refuses a product that does not fit; never of 0 bytes. */
static int make_room(Operand *p, dcn_error *err)
{
    const int64_t count = rt_tensor_count(&p->tensor);
    if (count >= 0)
        p->data = calloc((size_t)count + 1, dcn_dtype_bytes(p->tensor.dtype));
    return p->data ? 0 : dcn_fail(err, DCN_EENV, "no memory for tensor '%s'", p->tensor.name);
}

static int convert(Operand *p, dcn_error *err)
{
    if (p->by_name || (!p->path && p->tensor.role != DCN_OUT))
        return 0;
    if (make_room(p, err))
        return -1;
    if (p->tensor.role == DCN_OUT)
        return 0;
    rt_convert(p->data, rt_kind_of(p->tensor.dtype), p->file.data, p->file.kind, p->file.count);
    rt_array_free(&p->file);
    p->file.data = NULL;
    return 0;
}

/* ---- all of it ------------------------------------------------------------ */

/* How large a tensor with a dynamic size is, its file tells. */
static int read_file(Operand *p, dcn_error *err)
{
    const int64_t count = rt_tensor_count(&p->tensor);
    return rt_npy_read(p->path, count < 0 ? INT64_MAX : count, &p->file, err);
}

static int read_files(OperandFiles *o, dcn_error *err)
{
    if (o->input.path && read_file(&o->input, err))
        return -1;
    for (int i = 0; i < o->n; i++) {
        Operand *p = &o->at[i];
        if (!p->path || p->tensor.role == DCN_OUT)
            continue;
        if (p->by_name ? dcn_read_parameters(o->spec, p->path, &p->data, err) : read_file(p, err))
            return -1;
    }
    return 0;
}

int operands_read(const Args *a, const dcn_spec *s, bool outputs, OperandFiles *o, dcn_error *err)
{
    dcn_tensor tensor[RT_NUM_OPERANDS];
    *o = (OperandFiles){ .spec = s, .n = dcn_spec_tensors(s, tensor, RT_NUM_OPERANDS) };
    for (int i = 0; i < o->n; i++)
        o->at[i].tensor = tensor[i];
    o->input.tensor = rt_plain_operands_of(s).tensor[0];
    if (match(o, &a->input, false, err) || match(o, &a->output, true, err) ||
        match_weights(o, a, err) || read_files(o, err) || bind_sizes(o, err) ||
        check_all(o, outputs, err))
        return -1;
    for (int i = 0; i < o->n; i++) {
        if (convert(&o->at[i], err))
            return -1;
    }
    return 0;
}

static int write_operand(const OperandFiles *o, const Operand *p, dcn_error *err)
{
    const bool flat = o->flat && may_be_flat(o->spec, &p->tensor);
    const dcn_tensor t = flat ? flattened(&p->tensor) : p->tensor;
    rt_array a = {
        .kind = rt_kind_of(t.dtype), .rank = t.rank, .count = rt_tensor_count(&t), .data = p->data
    };
    memcpy(a.dims, t.dims, sizeof t.dims);
    return rt_npy_write(p->path, &a, err);
}

int operands_write(const OperandFiles *o, dcn_error *err)
{
    for (int i = 0; i < o->n; i++) {
        const Operand *p = &o->at[i];
        if (p->tensor.role == DCN_OUT && p->path && write_operand(o, p, err))
            return -1;
    }
    return 0;
}

void operands_free(OperandFiles *o)
{
    rt_array_free(&o->input.file);
    for (int i = 0; i < o->n; i++) {
        rt_array_free(&o->at[i].file);
        free(o->at[i].data);
    }
}
