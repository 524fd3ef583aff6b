/* fuzz_spec.c: any text is a list of valid kernels or an error of one line.
**
** Kernels and networks that load are printed and loaded again, which must give the same.
** SPDX-License-Identifier: Apache-2.0
*/
#include "dsl/loader.h"
#include "runtime/spec/network.h"

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

/* The text of a kernel or network, malloc'ed. */
static char *print(const dcn_spec *s)
{
    if (s->network)
        return net_print(s);
    char *text = malloc(DCN_SPEC_TEXT_MAX);
    if (text && dcn_spec_print(s, text, DCN_SPEC_TEXT_MAX) >= DCN_SPEC_TEXT_MAX)
        abort();
    return text;
}

static void check(const dcn_spec *s)
{
    dcn_module *m;
    dcn_error err;
    char *text = print(s);
    if (!text || dcn_spec_check(s, NULL) || dcn_load_text(text, "printed", NULL, 0, &m, &err))
        abort();
    char *again = print(dcn_module_spec(m, 0));
    if (!again || strcmp(text, again) != 0)
        abort();
    free(text);
    free(again);
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
