/* network.h: the parameters of a network, which are one operand of its kernel.
**
**     void *plain;
**     dcn_read_parameters(dcn_kernel_spec(k), "net.safetensors", &plain, &err);
**     void *packed = malloc(dcn_kernel_packed_bytes(k));
**     dcn_pack_weights(k, plain, packed);            once for many calls
**
** The operand `parameters` is a vector: all of them one after another, each in C order and in the layout of
** PyTorch.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_NETWORK_H
#define DCNGEN_NETWORK_H

#include <dcngen/error.h>
#include <dcngen/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dcn_parameter {
    const char *name; /* LAYER.TENSOR, borrowed from the network */
    dcn_dtype dtype;
    int rank;
    int64_t dims[DCN_MAX_RANK];
    int64_t at, count; /* elements, from the beginning of `parameters` */
    int64_t grad_at;   /* of it in `grad_parameters`; -1: its gradient is not asked for */
} dcn_parameter;

/* The parameters in the order of the layers, the first `max` of them into out.  Returns how many there are,
** 0 of what is no network. */
int dcn_spec_parameters(const dcn_spec *s, dcn_parameter *out, int max);

/* The operand `parameters` from a file, safetensors or npz, in which each has its name; after that of the
** layer dots and underscores are the same, so that names of a state_dict fit.  F16 and BF16 are converted, and
** [o,i] may stand for [o,i,1,1].  *out is freed by free().  Names that are missing or left over and shapes that
** do not fit are one error that lists them. */
int dcn_read_parameters(const dcn_spec *s, const char *path, void **out, dcn_error *err);

/* The operand `parameters` as a safetensors file, which appears complete or not at all. */
int dcn_write_parameters(const dcn_spec *s, const char *path, const void *parameters,
                         dcn_error *err);

#ifdef __cplusplus
}
#endif
#endif
