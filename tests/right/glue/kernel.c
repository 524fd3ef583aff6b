/* kernel.c: the kernel of one layer, compiled alone and called between guard pages.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/glue/kernel.h"
#include "codegen/backend/pipeline.h"
#include "codegen/glue/glue.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void kernel_open(LayerKernel *k, const GlueCase *c, int64_t channels, dcn_dtype dtype, bool back)
{
    dcn_error err = { .text = "" };
    Build b;
    void *bytes = NULL;
    size_t size = 0;
    *k = (LayerKernel){ .name = c->name, .back = back };
    glue_net(&k->g, c, channels, dtype);
    dcn_spec *s = &k->kernel.spec;
    s->dtype = dtype;
    strcpy(s->name, "layer");
    cr_assert_eq(dcn_target_native(&k->kernel.target, &err), 0, "%s", err.text);
    cr_assert_eq(build_open(&b, CG_OBJ, s->name, dtype, &k->kernel.target, &err), 0, "%s",
                 err.text);
    Kernel kernel = { .s = s };
    (back ? glue_emit_back : glue_emit)(&b.e, &kernel, &k->g.net, &k->g.layer);
    kernel_no_weights(&b.e, &kernel);
    cr_assert_eq(build_finish(&b, &bytes, &size, &err), 0, "%s: %s", c->name, err.text);
    cr_assert_eq(cg_load(bytes, size, &k->kernel, &err), 0, "%s", err.text);
    free(bytes);
}

void kernel_close(LayerKernel *k)
{
    k->kernel.release(k->kernel.owner);
}

/* ---- a call ----------------------------------------------------------------------------------- */

static Guarded tensor(const LayerCall *call, int i, dcn_dtype dtype, Guard side)
{
    const size_t each = dtype == DCN_F32 ? 4 : 8;
    Guarded g = guarded_new((size_t)call->count[i] * each, side);
    for (int64_t at = 0; at < call->count[i]; at++)
        if (dtype == DCN_F32)
            ((float *)g.at)[at] = (float)call->v[i][at];
        else
            ((double *)g.at)[at] = call->v[i][at];
    if (i < call->outputs)
        guarded_read_only(&g);
    return g;
}

static void take(const LayerCall *call, int i, dcn_dtype dtype, const Guarded *g)
{
    for (int64_t at = 0; at < call->count[i]; at++)
        call->v[i][at] = dtype == DCN_F32 ? ((float *)g->at)[at] : ((double *)g->at)[at];
}

static void run_phase(const rt_entry *entry, const void *args, int64_t phase, void *workspace,
                      bool backwards)
{
    const int64_t n = entry->tasks(args, phase);
    if (!backwards)
        entry->run(args, phase, 0, n, workspace, 0);
    for (int64_t i = n - 1; i >= 0 && backwards; i--)
        entry->run(args, phase, i, i + 1, workspace, i % 3);
}

void kernel_call(const LayerKernel *k, const LayerCall *call, Guard side)
{
    const dcn_dtype dtype = k->g.net.dtype;
    const rt_entry *entry = &k->kernel.entry;
    Guarded g[KERNEL_MAX_TENSORS] = { { 0 } };
    enum { SIZES = 4, WORDS = KERNEL_MAX_TENSORS / 64 + 1 };
    uint64_t args[KERNEL_MAX_TENSORS + SIZES + WORDS] = { 0 };
    for (int i = 0; i < call->n; i++) {
        if (call->v[i])
            g[i] = tensor(call, i, dtype, side);
        args[i] = (uint64_t)(uintptr_t)g[i].at;
        args[call->n + SIZES + i / 64] |= (uint64_t)call->add[i] << i % 64;
    }
    Guarded room = guarded_new((size_t)entry->workspace_bytes(0, 0, 0, 0, 3), GUARD_BEFORE);
    for (int64_t phase = 0; entry->tasks(args, phase) >= 0; phase++)
        run_phase(entry, args, phase, room.at, call->backwards);
    for (int i = call->outputs; i < call->n; i++)
        if (call->v[i])
            take(call, i, dtype, &g[i]);
    for (int i = 0; i < call->n; i++)
        guarded_free(&g[i]);
    guarded_free(&room);
}
