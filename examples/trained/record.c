/* record.c: arrays grow by one batch a step; their headers say at last how many there are.
** SPDX-License-Identifier: Apache-2.0
*/
#include "record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void path_in(const char *folder, const char *name, char path[4096])
{
    if (snprintf(path, 4096, "%s/%s", folder, name) >= 4096) {
        fprintf(stderr, "%s: the name is too long\n", folder);
        exit(1);
    }
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[4096];
    path_in(folder, name, path);
    FILE *f = fopen(path, "wb");
    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    return f;
}

/* NumPy's format, version 1: 10 bytes, then text up to byte 128. */
static void write_header(FILE *f, const char *shape)
{
    char text[119];
    int n = snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }",
                     shape);
    memset(text + n, ' ', sizeof text - 1 - (size_t)n);
    text[sizeof text - 2] = '\n';
    rewind(f);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, f);
    fwrite(text, 1, sizeof text - 1, f);
}

static void write_headers(const Record *r, const Model *m)
{
    char shape[64];
    const int n = (int)r->n, batch = (int)m->batch, size = (int)m->size, map = (int)m->map;
    snprintf(shape, sizeof shape, "%d, %d, %d, %d, 3", n, batch, size, size);
    write_header(r->images, shape);
    snprintf(shape, sizeof shape, "%d, %d, %d, %d", n, batch, map, map);
    write_header(r->classes, shape);
}

Record record_open(const char *folder, const Model *m)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        exit(1);
    }
    char path[4096];
    path_in(folder, "initial.safetensors", path);
    model_write(m, path);
    Record r = { open_in(folder, "images.npy"), open_in(folder, "classes.npy"),
                 open_in(folder, "steps.txt"), 0 };
    write_headers(&r, m);
    return r;
}

void record_step(Record *r, const Model *m, const Batch *b, float rate, Loss loss)
{
    for (int64_t i = 0; i < m->batch * m->size * m->size * 3; i++)
        putc((int)(b->image[i] * 64 + 128), r->images);
    fwrite(b->class, 1, (size_t)(m->batch * m->map * m->map), r->classes);
    fprintf(r->steps, "%d %.9g %.9g %.9g\n", (int)r->n, (double)rate, loss.loss, loss.accuracy);
    r->n++;
}

void record_close(Record *r, const Model *m)
{
    write_headers(r, m);
    if (fclose(r->images) | fclose(r->classes) | fclose(r->steps)) {
        fprintf(stderr, "the record cannot be written: %s\n", strerror(errno));
        exit(1);
    }
}
