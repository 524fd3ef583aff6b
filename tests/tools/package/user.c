/* user.c: a program outside the project; compiles a kernel from text and checks what it computes.
**
** A 1x1 convolution of one channel: output = 3 * input + 1, every value exact in f32.  With any
** argument it prints where the library looks for the system-wide store instead.
** SPDX-License-Identifier: Apache-2.0
*/
#include <dcngen/cache.h>
#include <stdio.h>
#include <stdlib.h>

/* Names that the library has inside: a program may have them, too, with either library. */
double f_add(double a, double b)
{
    return a + b;
}

int db_open(int a)
{
    return a;
}

static const char spec[] = "return conv2d { name = 'triple', in_channels = 1, out_channels = 1,\n"
                           "  height = 2, width = 3, kernel_size = 1, bias = true }\n";

static int triple(const dcn_kernel *k, float *input, float *output, dcn_error *err)
{
    float weight = 3, bias = 1;
    void *packed = malloc(dcn_kernel_packed_bytes(k) + 1);
    if (!packed)
        return -1;
    dcn_pack_weights(k, &weight, packed);
    dcn_call call = { DCN_TENSORS(input, packed, &bias, output), .threads = 2 };
    int status = dcn_execute(k, &call, err);
    free(packed);
    return status;
}

static int print_system(void)
{
    dcn_cache *cache;
    dcn_cache_stats stats;
    if (dcn_cache_open(&cache, NULL))
        return 1;
    int failed = dcn_cache_stat(cache, &stats, NULL);
    dcn_cache_close(cache);
    if (!failed)
        printf("system %s\n", stats.system[0] ? stats.system : "none");
    return failed != 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return print_system();
    float input[6] = { 0, 1, -2, 3.5f, 100, -0.25f }, output[6] = { 0 };
    dcn_error err = { 0 };
    dcn_module *module = NULL;
    dcn_kernel *kernel = NULL;
    int wrong = 0;

    if (dcn_load_text(spec, "user", NULL, 0, &module, &err) ||
        dcn_compile(dcn_module_spec(module, 0), NULL, &kernel, &err) ||
        triple(kernel, input, output, &err)) {
        char line[DCN_ERROR_MAX];
        dcn_error_print(&err, line, sizeof line);
        fprintf(stderr, "%s\n", line);
        wrong = 1;
    }
    for (int i = 0; i < 6 && !wrong; i++)
        if (output[i] != (float)f_add(db_open(3) * input[i], 1)) {
            fprintf(stderr, "output[%d] = %g\n", i, output[i]);
            wrong = 1;
        }
    if (!wrong)
        printf("dcngen %s\n", dcn_version());
    dcn_kernel_free(kernel);
    dcn_module_free(module);
    return wrong;
}
