/* compare.c: how far two pictures are apart.
**
**     compare A.png B.png MAX DB
**
** Fails if any value differs by more than MAX, or the peak signal-to-noise ratio is below DB.
** SPDX-License-Identifier: Apache-2.0
*/
#include "png_io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: compare A.png B.png MAX DB\n");
        return 2;
    }
    Picture a = read_picture(argv[1]), b = read_picture(argv[2]);
    if (a.h != b.h || a.w != b.w) {
        fprintf(stderr, "%s and %s are not of the same size\n", argv[1], argv[2]);
        return 1;
    }
    double worst = 0, squares = 0;
    const int64_t n = 3 * a.h * a.w;
    for (int64_t i = 0; i < n; i++) {
        const double d = fabs(a.plane[i] - b.plane[i]);
        worst = fmax(worst, d);
        squares += d * d;
    }
    const double db = 10 * log10(255.0 * 255.0 * (double)n / squares); /* infinite if equal */
    const int failed = worst > atof(argv[3]) || db < atof(argv[4]);
    printf("largest difference %g of 255, PSNR %.1f dB%s\n", worst, db, failed ? ": TOO FAR" : "");
    free(a.plane);
    free(b.plane);
    return failed;
}
