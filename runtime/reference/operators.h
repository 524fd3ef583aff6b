/* operators.h: how the reference of each operator is opened, for the operators' rows.
**
** An opener makes what the operator needs to compute its outputs: 0, or -1 without memory.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_REFERENCE_OPERATORS_H
#define DCN_RUNTIME_REFERENCE_OPERATORS_H

struct rt_ref;

int ref_open_conv(struct rt_ref *r);
int ref_open_dcn(struct rt_ref *r);
int ref_open_roi(struct rt_ref *r);
int ref_open_module(struct rt_ref *r);
int ref_open_network(struct rt_ref *r);

/* The operators backwards, see internal.h. */
struct ref_back;
int ref_back_conv(const struct ref_back *b);
int ref_back_dcn(const struct ref_back *b);
int ref_back_roi(const struct ref_back *b);
int ref_back_module(const struct ref_back *b);
int ref_back_network(const struct ref_back *b);

#endif
