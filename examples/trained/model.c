/* model.c: two kernels of one network, compiled in memory, and the parameters that both read.
** SPDX-License-Identifier: Apache-2.0
*/
#include "model.h"
#include "png_io.h"

#include <stdio.h>
#include <stdlib.h>

static void check(int failed, const dcn_error *err)
{
    if (!failed)
        return;
    char line[DCN_ERROR_MAX];
    dcn_error_print(err, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    exit(1);
}

static float *new_floats(int64_t n)
{
    return new_buffer(n * (int64_t)sizeof(float));
}

/* What the operands of the forward kernel say, which are image, parameters and scores. */
static void read_shapes(Model *m)
{
    dcn_tensor t[3];
    const dcn_spec *s = dcn_module_spec(m->module, 0);
    if (dcn_spec_tensors(s, t, 3) != 3 || dcn_spec_parameters(s, NULL, 0) == 0 || t[2].rank != 4) {
        fprintf(stderr, "the spec's first kernel is no network of one image and its scores\n");
        exit(1);
    }
    m->batch = t[0].dims[0];
    m->size = t[0].dims[1];
    m->count = t[1].dims[0];
    m->map = t[2].dims[1];
    m->classes = t[2].dims[3];
    m->nparameters = dcn_spec_parameters(s, NULL, 0);
    m->parameter = new_buffer(m->nparameters * (int64_t)sizeof *m->parameter);
    dcn_spec_parameters(s, m->parameter, m->nparameters);
}

static size_t workspace_bytes(const dcn_kernel *k, int threads)
{
    return k ? dcn_kernel_workspace_bytes(k, (dcn_sizes){ 0 }, threads) : 0;
}

Model model_open(const char *spec, const dcn_param *params, int nparams, bool gradients,
                 int threads)
{
    Model m = { .threads = threads };
    const dcn_options opt = { .threads = threads };
    dcn_error err;
    check(dcn_load_file(spec, params, nparams, &m.module, &err), &err);
    read_shapes(&m);
    check(dcn_compile(dcn_module_spec(m.module, 0), &opt, &m.forward, &err), &err);
    m.forward_packed = new_buffer((int64_t)dcn_kernel_packed_bytes(m.forward));
    if (gradients) {
        check(dcn_compile(dcn_module_spec(m.module, 1), &opt, &m.backward, &err), &err);
        m.backward_packed = new_buffer((int64_t)dcn_kernel_packed_bytes(m.backward));
    }
    const size_t a = workspace_bytes(m.forward, threads), b = workspace_bytes(m.backward, threads);
    m.workspace = new_buffer((int64_t)(a > b ? a : b));
    m.values = new_floats(m.count);
    m.gradient = new_floats(m.count);
    m.scores = new_floats(m.batch * m.map * m.map * m.classes);
    return m;
}

void model_close(Model *m)
{
    dcn_kernel_free(m->forward);
    dcn_kernel_free(m->backward);
    dcn_module_free(m->module);
    free(m->parameter);
    free(m->values);
    free(m->gradient);
    free(m->scores);
    free(m->forward_packed);
    free(m->backward_packed);
    free(m->workspace);
}

void model_read(Model *m, const char *path)
{
    dcn_error err;
    void *values;
    check(dcn_read_parameters(dcn_kernel_spec(m->forward), path, &values, &err), &err);
    free(m->values);
    m->values = values;
    model_changed(m);
}

void model_write(const Model *m, const char *path)
{
    dcn_error err;
    check(dcn_write_parameters(dcn_kernel_spec(m->forward), path, m->values, &err), &err);
}

void model_changed(Model *m)
{
    dcn_pack_weights(m->forward, m->values, m->forward_packed);
    if (m->backward)
        dcn_pack_weights(m->backward, m->values, m->backward_packed);
}

void model_run(Model *m, const float *image)
{
    dcn_error err;
    const dcn_call call = { DCN_TENSORS((void *)image, m->forward_packed, m->scores),
                            .workspace = m->workspace, .threads = m->threads };
    check(dcn_execute(m->forward, &call, &err), &err);
}

void model_differentiate(Model *m, const float *image, const float *grad_scores)
{
    dcn_error err;
    const dcn_call call = {
        DCN_TENSORS((void *)image, m->backward_packed, (void *)grad_scores, m->gradient),
        .workspace = m->workspace,
        .threads = m->threads,
    };
    check(dcn_execute(m->backward, &call, &err), &err);
}
