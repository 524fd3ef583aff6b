/* fuzz_weights.c: any bytes are the parameters of a network or an error of one line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/network/weights.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The parameters of two layers, as seeds_weights has them. */
static net_layer layers[] = { { .name = "a" }, { .name = "a.b" } };
static net_param params[] = {
    { .name = "a.weight", .layer = 0, .rank = 4, .dims = { 2, 3, 1, 1 }, .at = 0, .count = 6 },
    { .name = "a.bias", .layer = 0, .rank = 1, .dims = { 2 }, .at = 6, .count = 2 },
    { .name = "a.b.c_0_weight", .layer = 1, .rank = 2, .dims = { 1, 2 }, .at = 8, .count = 2 },
};
static const dcn_network network = {
    .dtype = DCN_F64, .nlayers = 2, .nparams = 3, .layer = layers, .param = params, .parameters = 10
};

static void expect_line(const dcn_error *err)
{
    if (err->code == DCN_OK || !err->text[0] || strchr(err->text, '\n'))
        abort();
}

/* Every tensor of the file, not only those that the network wants. */
static void get_all(const rt_tensor_file *f)
{
    for (int i = 0; i < rt_tensor_file_count(f); i++) {
        rt_array a;
        dcn_error err;
        if (rt_tensor_file_get(f, i, &a, &err))
            expect_line(&err);
        else
            rt_array_free(&a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rt_tensor_file *f = NULL;
    void *parameters = NULL;
    dcn_error err;
    if (rt_tensor_file_parse("fuzz", data, size, &f, &err)) {
        expect_line(&err);
        return 0;
    }
    if (net_weights_from(&network, "fuzz", f, &parameters, &err))
        expect_line(&err);
    free(parameters);
    get_all(f);
    rt_tensor_file_close(f);
    return 0;
}
