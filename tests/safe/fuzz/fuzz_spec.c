/* fuzz_spec.c: any text is a list of valid kernels or an error of one line.
**
** Kernels that load are printed and loaded again, which must give the same kernel.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const dsl_limits limits = { .memory_bytes = 4 << 20, .steps = 100 * 1000, .seconds = 2 };

static dcn_module *load(const char *text)
{
    const dcn_param params[] = { { "h", "14" }, { "w", "dynamic" } };
    const dsl_request request = {
        .path = "fuzz.lua",
        .text = text,
        .params = params,
        .nparams = strstr(text, "param") ? 2 : 0,
        .limits = &limits,
    };
    dcn_module *m;
    dcn_error err = { .code = DCN_OK };
    if (dsl_load(&request, &m, &err) == 0)
        return m;
    if (m || err.code != DCN_ESPEC || !err.file[0] || !err.text[0] || strpbrk(err.text, "\n\r"))
        abort();
    return NULL;
}

static void check(const dcn_spec *s)
{
    char text[DCN_SPEC_TEXT_MAX], again[DCN_SPEC_TEXT_MAX];
    if (dcn_spec_check(s, NULL) || dcn_spec_print(s, text, sizeof text) >= (int)sizeof text)
        abort();
    dcn_module *m;
    dcn_error err;
    if (dcn_load_text(text, "printed", NULL, 0, &m, &err))
        abort();
    dcn_spec_print(dcn_module_spec(m, 0), again, sizeof again);
    if (strcmp(text, again) != 0)
        abort();
    dcn_module_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    dcn_module *m = load(text);
    for (int i = 0; m && i < dcn_module_count(m) && i < 16; i++)
        check(dcn_module_spec(m, i));
    dcn_module_free(m);
    free(text);
    return 0;
}
