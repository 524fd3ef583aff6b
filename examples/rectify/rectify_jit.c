/* rectify_jit.c: straightens a picture with a kernel that libdcngen compiles for its size.
**
**     cc rectify_jit.c png_io.c $(pkg-config --cflags --libs dcngen) -lpng
** SPDX-License-Identifier: Apache-2.0
*/
#include "lens.h"
#include "png_io.h"

#include <dcngen.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: rectify_jit rectify.lua BEFORE.png AFTER.png\n");
        return 2;
    }
    Picture before = read_picture(argv[2]), after = new_picture(before.h, before.w);
    float *offset = new_buffer(9 * 2 * before.h * before.w * (int64_t)sizeof *offset);
    lens_offsets(before.h, before.w, offset);

    char h[24], w[24]; /* -D h=... -D w=... */
    snprintf(h, sizeof h, "%d", (int)before.h);
    snprintf(w, sizeof w, "%d", (int)before.w);
    const dcn_param size[] = { { "h", h }, { "w", w } };
    dcn_error err;
    dcn_module *module = NULL;
    dcn_kernel *kernel = NULL;
    void *packed = NULL;
    int failed = dcn_load_file(argv[1], size, 2, &module, &err) ||
                 dcn_compile(dcn_module_spec(module, 0), NULL, &kernel, &err);
    if (!failed) {
        packed = new_buffer((int64_t)dcn_kernel_packed_bytes(kernel));
        dcn_pack_weights(kernel, lens_filter, packed);
        const dcn_call call = { DCN_TENSORS(before.plane, packed, offset, after.plane) };
        failed = dcn_execute(kernel, &call, &err);
    }
    if (failed) {
        char line[DCN_ERROR_MAX];
        dcn_error_print(&err, line, sizeof line);
        fprintf(stderr, "%s\n", line);
    } else
        write_picture(&after, argv[3]);

    free(before.plane);
    free(after.plane);
    free(offset);
    free(packed);
    dcn_kernel_free(kernel);
    dcn_module_free(module);
    return failed != 0;
}
