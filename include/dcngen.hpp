/* dcngen.hpp: the operands of a call in C++, which has no DCN_TENSORS.
**
**     auto list = dcn::tensors(input, packed, offset, mask, output);
**     dcn_call call = list.call(2);
**     dcn_execute(kernel, &call, &err);
**
** C++11, nothing to link.  Inputs may be pointers to const: a kernel writes only what has the role
** DCN_OUT.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_HPP
#define DCNGEN_HPP

#include <dcngen.h>

namespace dcn
{

template <int N> struct tensor_list {
    void *at[N];

    /* A call on so many threads, 0: as dcn_execute counts them; valid as long as this list. */
    dcn_call call(int threads = 0) const
    {
        dcn_call c = dcn_call();
        c.tensor = at;
        c.ntensors = N;
        c.threads = threads;
        return c;
    }
};

/* Pointers in the order of dcn_spec_tensors, weights as packed. */
template <typename... T> tensor_list<int(sizeof...(T))> tensors(T *...pointer)
{
    return { { const_cast<void *>(static_cast<const void *>(pointer))... } };
}

} // namespace dcn

#endif
