/* variant.c: the ways of computing that every law must hold for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/right/laws/variant.h"
#include "tests/support/thin.h"

#include <stdio.h>

static const char *const schedules[] = {
    "direct",
    "direct lanes=2 oc_block=1",
    "tiled",
    ("tiled mr=7 nv=1 tile_h=2 tile_w=6 kc_channels=16 kc_taps=5 loop_order=1 unroll=4 "
     "implicit_gemm=0"),
};

static void each_of(size_t first, size_t step, void (*law)(const Variant *v))
{
    for (int dtype = DCN_F32; dtype <= DCN_F64; dtype++)
        for (int layout = DCN_NCHW; layout <= DCN_NHWC; layout++)
            for (size_t i = first; i < sizeof schedules / sizeof *schedules; i += step) {
                Variant v = { (dcn_dtype)dtype, (dcn_layout)layout, schedules[i] };
                if (thin_takes(THIN_LAWS))
                    law(&v);
            }
}

void each_variant(void (*law)(const Variant *v))
{
    each_of(0, 1, law);
}

void each_lowering(void (*law)(const Variant *v))
{
    each_of(1, 2, law);
}

dcn_spec variant_spec(const Variant *v, dcn_op op)
{
    dcn_spec s = case_spec(op, 20, 18, 7, 9);
    s.dtype = v->dtype;
    s.layout = v->layout;
    s.batch = 2;
    return s;
}

void variant_open(Case *c, const Variant *v, const dcn_spec *s)
{
    case_open(c, s, v->schedule, NULL);
    case_fill(c, 7);
}

double variant_tolerance(const Variant *v)
{
    return v->dtype == DCN_F32 ? 2e-5 : 1e-13;
}

const char *variant_name(const Variant *v)
{
    static char name[128];
    snprintf(name, sizeof name, "%s %s %s", dcn_dtype_name(v->dtype), dcn_layout_name(v->layout),
             v->schedule ? v->schedule : "guess");
    return name;
}
