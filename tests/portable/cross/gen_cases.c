/* gen_cases.c: operands and right answers for the kernels of a spec file, for machines without a library.
**
**     dcngen_cross_cases kernels.lua DIRECTORY
**
** writes kernels.inc, a line KERNEL(name) for each, and cases.bin, which host.c reads.  Its words have 8 bytes
** and the order of bytes that all machines in question share; of a network in f32 also NAME.safetensors, for its
** parameters are to be constants of its object, and no tensor:
**
**     kernels
**     per kernel: cases
**     per case:   name (32 bytes), bytes of a real, tensors, sizes[4], tolerance relative and absolute,
**                 per tensor: 1 for a weight, elements, the elements filled up to 8 bytes
**                 the right output in doubles, as many as the last tensor has elements
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "runtime/network/weights.h"
#include "runtime/spec/op.h"
#include "runtime/spec/shape.h"
#include "tuner/check/expected.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *blob;
static const char *folder;

static void word(int64_t k)
{
    fwrite(&k, sizeof k, 1, blob);
}

static void real(double k)
{
    fwrite(&k, sizeof k, 1, blob);
}

static void *typed(const Operands *o, int i)
{
    const rt_kind kind = rt_kind_of(o->spec.dtype);
    void *to = calloc(1, (size_t)o->count[i] * rt_kind_bytes(kind) + 8);
    rt_convert(to, kind, o->exact[i], RT_F64, o->count[i]);
    return to;
}

/* The operand that is constants of the object; -1: none. */
static int constants(const Operands *o)
{
    const bool network = rt_op_has(o->spec.op, RT_IS_NETWORK);
    return network && o->spec.dtype == DCN_F32 ? net_parameters_at(o->spec.network) : -1;
}

static int write_constants(const Operands *o, dcn_error *err)
{
    char path[4096];
    if (constants(o) < 0)
        return 0;
    void *values = typed(o, constants(o));
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, o->spec.name);
    const int failed = net_weights_write(o->spec.network, path, values, err);
    free(values);
    return failed;
}

static void tensor(const Operands *o, int i)
{
    const size_t bytes = (size_t)o->count[i] * rt_kind_bytes(rt_kind_of(o->spec.dtype));
    void *values = typed(o, i);
    word(o->tensor[i].role == DCN_WEIGHT);
    word(o->count[i]);
    fwrite(values, 1, (bytes + 7) / 8 * 8, blob);
    free(values);
}

/* The tolerance of expected.c. */
static void want(const ExpectedOutput *x, const Operands *o)
{
    double largest = 1;
    for (int64_t i = 0; i < x->n; i++)
        largest = fmax(largest, fabs(x->value[i]));
    const Tolerance t = expected_tolerance(o->spec.dtype, rt_terms(&o->spec, RT_OUTPUT));
    real(t.rtol);
    real(t.atol * largest);
}

static int one_case(Operands *o, const TuneCase *c, rt_rng *r, dcn_error *err)
{
    char name[32] = "";
    Expected x;
    tune_fill_case(o, c, r);
    if (expected_open(&x, o, r, err))
        return -1;
    const ExpectedOutput *out = &x.output[0];
    if (x.n != 1 || out->n != o->count[out->operand])
        return dcn_fail(err, DCN_EFAILED, "'%s' is too large to be compared in full", o->spec.name);
    snprintf(name, sizeof name, "%s", c->name);
    fwrite(name, 1, sizeof name, blob);
    word((int64_t)dcn_dtype_bytes(o->spec.dtype));
    word(o->n - (constants(o) >= 0));
    word(o->spec.batch), word(o->spec.height), word(o->spec.width), word(o->spec.rois);
    want(out, o);
    for (int i = 0; i < o->n; i++)
        if (i != constants(o))
            tensor(o, i);
    fwrite(out->value, sizeof(double), (size_t)out->n, blob);
    expected_close(&x);
    return 0;
}

/* The ordinary case, and one in which all others are mixed. */
static int one_kernel(const dcn_spec *s, dcn_error *err)
{
    Operands o;
    rt_rng r = rt_rng_seed(7);
    int n;
    const TuneCase *cases[] = { &tune_cases_of(s, &n)[0], &tune_mixed };
    word(2);
    int rc = tune_operands_open(&o, NULL, s, err) || tune_fill_inputs(&o, &r, err) ||
             write_constants(&o, err) || one_case(&o, cases[0], &r, err) ||
             one_case(&o, cases[1], &r, err);
    tune_operands_close(&o);
    return rc ? -1 : 0;
}

static int all(const dcn_module *m, FILE *names, dcn_error *err)
{
    word(dcn_module_count(m));
    for (int i = 0; i < dcn_module_count(m); i++) {
        fprintf(names, "KERNEL(%s)\n", dcn_module_spec(m, i)->name);
        if (one_kernel(dcn_module_spec(m, i), err))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    dcn_module *m = NULL;
    dcn_error err = { .text = "usage: dcngen_cross_cases kernels.lua DIRECTORY" };
    if (argc != 3 || dcn_load_file(argv[1], NULL, 0, &m, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    folder = argv[2];
    snprintf(path, sizeof path, "%s/cases.bin", folder);
    blob = fopen(path, "wb");
    snprintf(path, sizeof path, "%s/kernels.inc", folder);
    FILE *names = fopen(path, "w");
    if (!blob || !names || all(m, names, &err)) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        return 1;
    }
    dcn_module_free(m);
    return fclose(blob) || fclose(names);
}
