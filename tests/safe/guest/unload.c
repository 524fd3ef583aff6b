/* unload.c: the library is loaded, used on several threads, and unloaded, again and again.
**
**     unload LIBDCNGEN.SO
** SPDX-License-Identifier: Apache-2.0
*/
#include "guest.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

static void *need(void *library, const char *name)
{
    void *p = dlsym(library, name);
    if (!p)
        guest_fail(name);
    return p;
}

/* A function from a pointer to data: C has no cast for it, POSIX says that the bits are the same.
** */
#define NEED(library, fn)                                                                          \
    __typeof__(fn) *fn##_ = NULL;                                                                  \
    void *fn##_bits = need(library, #fn);                                                          \
    memcpy(&fn##_, &fn##_bits, sizeof fn##_)

static void use(void *library)
{
    NEED(library, dcn_load_text);
    NEED(library, dcn_module_spec);
    NEED(library, dcn_module_free);
    NEED(library, dcn_compile);
    NEED(library, dcn_pack_weights);
    NEED(library, dcn_execute);
    NEED(library, dcn_kernel_free);
    static float input[GUEST_COUNT], output[GUEST_COUNT], weight = 3, bias = 1, packed[1024];
    dcn_error err = { 0 };
    dcn_module *m = NULL;
    dcn_kernel *k = NULL;
    if (dcn_load_text_(guest_spec, "guest", NULL, 0, &m, &err) ||
        dcn_compile_(dcn_module_spec_(m, 0), NULL, &k, &err))
        guest_fail(err.text);
    for (int i = 0; i < GUEST_COUNT; i++)
        input[i] = (float)(i % 1000);
    dcn_pack_weights_(k, &weight, packed);
    dcn_call call = { .tensor = (void *[]){ input, packed, &bias, output },
                      .ntensors = 4,
                      .threads = 3 };
    if (dcn_execute_(k, &call, &err))
        guest_fail(err.text);
    guest_check(input, output);
    dcn_kernel_free_(k);
    dcn_module_free_(m);
}

int main(int argc, char **argv)
{
    guest_hurry();
    for (int i = 0; i < 5 && argc == 2; i++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library)
            guest_fail(dlerror());
        use(library);
        dlclose(library);
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 },
                  NULL); /* a worker would run into nothing */
    }
    return argc != 2;
}
