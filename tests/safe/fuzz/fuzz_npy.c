/* fuzz_npy.c: any bytes are an array or an error of one line; what is read can be used.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/npy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_array a;
    dcn_error err;
    if (rt_npy_parse("fuzz.npy", data, size, &a, &err)) {
        if (err.code == DCN_OK || !err.text[0] || strchr(err.text, '\n'))
            abort();
        return 0;
    }
    double *values = malloc((size_t)a.count * sizeof *values + 1);
    rt_convert(values, RT_F64, a.data, a.kind, a.count);
    free(values);
    rt_array_free(&a);
    return 0;
}
