/* tensor.h: buffers of numbers: counting and converting.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_TENSOR_H
#define DCN_RUNTIME_TENSOR_H

#include <dcngen/spec.h>

/* The number formats that files hold; kernels take RT_F32 and RT_F64. */
typedef enum {
    RT_F16,
    RT_F32,
    RT_F64,
    RT_I8,
    RT_I16,
    RT_I32,
    RT_I64,
    RT_U8,
    RT_U16,
    RT_U32,
    RT_U64,
    RT_BOOL, /* one byte; anything but 0 is 1 */
    RT_NUM_NPY_KINDS,
    RT_BF16 = RT_NUM_NPY_KINDS, /* the upper half of an RT_F32; numpy has no name for it */
    RT_NUM_KINDS
} rt_kind;

rt_kind rt_kind_of(dcn_dtype t);
size_t rt_kind_bytes(rt_kind k);
const char *rt_kind_name(rt_kind k); /* as numpy says it: "f4"; "bf16" */

/* Elements; 0 if a size is 0, -1 if one is dynamic or the product does not fit. */
int64_t rt_tensor_count(const dcn_tensor *t);

/* Bytes of a tensor whose sizes are numbers that dcn_spec_check has passed. */
size_t rt_tensor_bytes(const dcn_tensor *t);

/* n numbers of one format into another, each rounded once, to nearest even; may not overlap.  from
** may be any format, to RT_F32 or RT_F64. */
void rt_convert(void *to, rt_kind to_kind, const void *from, rt_kind from_kind, int64_t n);

/* The number as an element of the format holds it. */
double rt_round_to(rt_kind k, double v);

#endif
