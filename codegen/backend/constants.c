/* constants.c: the parameters of a network, packed by the code that packs them for a target.
**
** How weights are packed follows from the spec, the schedule and the target.  Code that packs them so is
** emitted for this machine in place of the target, and run: nothing in it depends on the machine but the
** instructions.  All else that a network has is left out of it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/backend/constants.h"
#include "codegen/backend/jit.h"
#include "codegen/backend/pipeline.h"
#include "codegen/kernel/entry.h"
#include "runtime/base/base.h"
#include "runtime/spec/network.h"

#include <stdio.h>
#include <stdlib.h>

typedef void (*Packer)(int64_t which, const void *plain, void *packed);

/* Vectors as long as those of the target, whatever this machine has. */
static void set_lanes(Emit *e, const dcn_spec *s, const dcn_target *t)
{
    const int bytes = (int)dcn_dtype_bytes(s->dtype);
    e_set_type(e, (LaneType){ bytes, t->vector_bytes / bytes, false });
}

/* An object of nothing but NAME_pack; *packed_bytes: what it writes. */
static int build_packer(const dcn_spec *s, const Schedule *sched, const dcn_target *t, CgBuilt *out,
                        int64_t *packed_bytes, dcn_error *err)
{
    Build b;
    dcn_target host;
    Kernel kernel = { .s = s };
    if (dcn_target_native(&host, err) || build_open(&b, CG_OBJ, s->name, s->dtype, &host, err))
        return -1;
    set_lanes(&b.e, s, t);
    const int failed = sched_emit(sched, &b.e, &kernel, t);
    free(kernel.phase);
    if (failed)
        return build_abandon(&b, err);
    *packed_bytes = kernel.packed[0];
    build_keep_only(&b, kernel.pack);
    return build_finish(&b, &out->bytes, &out->size, err);
}

static int run_packer(const dcn_spec *s, const CgBuilt *object, const void *plain, void *packed,
                      dcn_error *err)
{
    char symbol[RT_SYMBOL_MAX];
    void *owner = NULL;
    Packer pack;
    snprintf(symbol, sizeof symbol, "%s_pack", s->name);
    if (jit_open(object->bytes, object->size, symbol, &pack, &owner, err))
        return -1;
    pack(0, plain, packed);
    cg_unload(owner);
    return 0;
}

int pack_constants(const dcn_spec *s, const Schedule *sched, const dcn_target *t, void **packed,
                   dcn_error *err)
{
    *packed = NULL;
    if (!s->network || !s->network->constants)
        return 0;
    dcn_network variable = *s->network;
    dcn_spec with = *s;
    CgBuilt object = { NULL, 0, NULL, 0 };
    int64_t bytes = 0;
    variable.constants = NULL;
    with.network = &variable;
    if (cg_can_load(err) || build_packer(&with, sched, t, &object, &bytes, err))
        return -1;
    /* Zeros, since what lies between the pieces goes into the object, too. */
    *packed = calloc((size_t)bytes + 1, 1);
    int failed =
        *packed ? run_packer(s, &object, s->network->constants, *packed, err)
                : dcn_fail(err, DCN_EENV, "no memory for the packed parameters of '%s'", s->name);
    free(object.bytes);
    if (failed) {
        free(*packed);
        *packed = NULL;
    }
    return failed ? -1 : 0;
}
