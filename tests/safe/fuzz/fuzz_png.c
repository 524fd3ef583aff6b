/* fuzz_png.c: any bytes are a picture or an error of one line; every pixel that is read can be used.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/draw/photo.c" /* of the program, which is no library */

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Photo p;
    dcn_error err;
    uint64_t sum = 0;
    if (photo_parse("fuzz.png", data, size, &p, &err)) {
        if (p.rgb || err.code == DCN_OK || !err.text[0] || strchr(err.text, '\n'))
            abort();
        return 0;
    }
    for (int64_t i = 0; i < 3 * (int64_t)p.h * p.w; i++)
        sum += p.rgb[i];
    free(p.rgb);
    return sum > UINT64_MAX / 2;
}
