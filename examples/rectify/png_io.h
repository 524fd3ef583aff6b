/* png_io.h: pictures as planes of floats, read from and written to PNG files.
**
** What goes wrong is said in one line on stderr and ends the program with exit code 1.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef PNG_IO_H
#define PNG_IO_H

#include <stdint.h>

/* plane[3 colours][h][w], 0 to 255; freed by free(plane) */
typedef struct Picture {
    int64_t h, w;
    float *plane;
} Picture;

/* Memory aligned to 64 bytes, for free(). */
void *new_buffer(int64_t bytes);

Picture new_picture(int64_t h, int64_t w);
Picture read_picture(const char *path);

/* Values are rounded, and those outside of 0 to 255 are cut. */
void write_picture(const Picture *p, const char *path);

#endif
