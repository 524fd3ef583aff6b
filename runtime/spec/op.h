/* op.h: an operator is one row: its name, what is special about it, and what it does.
**
** The rows stand in runtime/ops, a file for each family.  They refer to the reference, so their
** table lies above this folder; rt_op_of is the one call that leads up to it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_OP_H
#define DCN_RUNTIME_SPEC_OP_H

#include "runtime/spec/operands.h"

#include <dcngen/error.h>

/* A set of operators: bit 1 << op.  Networks, the last, are made of operators and not of fields: they
** are in RT_ANY_SPEC, but not in RT_ANY_OP. */
typedef uint64_t rt_op_set;
#define RT_OP(x)    ((rt_op_set)1 << DCN_OP_##x)
#define RT_ANY_SPEC (~(rt_op_set)0 >> (64 - DCN_NUM_OPS))
#define RT_ANY_OP   (RT_ANY_SPEC & ~RT_OP(NETWORK))
_Static_assert(DCN_NUM_OPS <= 64, "a set of operators has 64 bits");

static inline bool rt_op_in(dcn_op op, rt_op_set set)
{
    return (unsigned)op < DCN_NUM_OPS && (set >> op & 1);
}

/* What code may ask about an operator, instead of which one it is. */
enum {
    RT_HAS_ROIS = 1 << 0,           /* works on regions: `rois` is a size of its calls */
    RT_DEFORMS = 1 << 1,            /* where it samples follows from offsets or regions */
    RT_QUANTISED = 1 << 2,          /* its bins are whole pixels, not samples */
    RT_ADAPTIVE_GRID = 1 << 3,      /* sampling_ratio <= 0: as many samples as a bin has pixels */
    RT_HALF_PIXEL = 1 << 4,         /* regions are moved by half a pixel, without a key for it */
    RT_POSITION_SENSITIVE = 1 << 5, /* a bin has channels of its own */
    RT_BY_PART = 1 << 6,            /* shifts come from `trans`, one for each part of a region */
    RT_XY_OFFSETS = 1 << 7,         /* dcnv3, dcnv4: taps run by columns, x comes before y */
    RT_PACKED_OFFSETS = 1 << 8,     /* dcnv4: offsets and masks of a group lie side by side */
    RT_COMPOSITE = 1 << 9,          /* a chain of other operators */
    RT_IS_NETWORK = 1 << 10,        /* its operands and all it computes are those of spec.network */
    RT_CENTRED = 1 << 11,           /* padding keeps the size of the map at a stride of 1 */
};

/* A rule between members of a spec whose fields are in range; checked in order. */
typedef struct rt_rule {
    size_t member; /* the one to blame: its offset in dcn_spec, or RT_NO_MEMBER */
    int (*check)(const dcn_spec *s, dcn_error *err);
} rt_rule;
#define RT_MEMBER(m) offsetof(dcn_spec, m)
#define RT_NO_MEMBER sizeof(dcn_spec)

struct rt_ref;
struct ref_back;
struct rt_stages;

typedef struct rt_op {
    dcn_op op;
    const char *name; /* of its constructor */
    uint64_t traits;
    void (*operands)(rt_operands *list);          /* in calling order */
    void (*complete)(dcn_spec *s);                /* members that follow from others; NULL: none */
    const rt_rule *rules;                         /* ended by .check NULL; may be NULL */
    int64_t (*inner_channels)(const dcn_spec *s); /* as rt_inner_channels; NULL: no maps inside */
    double (*flops)(const dcn_spec *s);           /* as dcn_spec_flops */
    double (*terms)(const dcn_spec *s);           /* products in the sum of one output element */
    int (*reference)(struct rt_ref *r);           /* opens it: 0, or -1 without memory */
    int (*backward)(const struct ref_back *b);    /* its gradients: 0, or -1 without memory */
    void (*stages)(struct rt_stages *g);          /* of a composite one: adds them */
} rt_op;

/* NULL: there is no such operator. */
const rt_op *rt_op_of(dcn_op op);

/* Whether op has all of these traits. */
bool rt_op_has(dcn_op op, uint64_t traits);

#endif
