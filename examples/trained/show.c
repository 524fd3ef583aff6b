/* show.c: a class is a colour; each place of the network's map is a square of stride x stride pixels.
** SPDX-License-Identifier: Apache-2.0
*/
#include "show.h"
#include "batch.h"
#include "learn.h"

#include <stdlib.h>

static const unsigned char colour[NUM_CLASSES][3] = {
    [BACKGROUND] = { 30, 30, 30 }, [DISC] = { 230, 70, 60 }, [TRIANGLE] = { 70, 130, 230 },
    [SQUARE] = { 240, 200, 60 },   [STAR] = { 90, 190, 90 }, [CROSS] = { 190, 100, 210 },
};

static void put(Picture *sheet, int64_t y, int64_t x, const float rgb[3])
{
    for (int c = 0; c < 3; c++)
        sheet->plane[(c * sheet->h + y) * sheet->w + x] = rgb[c];
}

static void put_class(Picture *sheet, int64_t y, int64_t x, int class)
{
    put(sheet, y, x,
        (float[]){ (float)colour[class][0], (float)colour[class][1], (float)colour[class][2] });
}

static void put_row(const Model *m, const Batch *b, int64_t n, int64_t top, Picture *sheet)
{
    const int64_t size = m->size, stride = size / m->map;
    for (int64_t i = 0; i < size * size; i++) {
        const int64_t y = i / size, x = i % size;
        const float *v = b->image + (n * size * size + i) * 3;
        put(sheet, top + y, x, (float[]){ 64 * v[0] + 128, 64 * v[1] + 128, 64 * v[2] + 128 });
        const int64_t place = (n * m->map + y / stride) * m->map + x / stride;
        put_class(sheet, top + y, size + x, b->class[place]);
        put_class(sheet, top + y, 2 * size + x,
                  best_class(m->scores + place * NUM_CLASSES, NUM_CLASSES));
    }
}

void show(Model *m, const Picture *photo, int64_t scenes, const char *path)
{
    const int64_t batches = (scenes + m->batch - 1) / m->batch;
    Picture sheet = new_picture(batches * m->batch * m->size, 3 * m->size);
    Batch b = new_batch(m);
    for (int64_t i = 0; i < batches * m->batch; i += m->batch) {
        draw_batch(m, photo, UNSEEN, i, &b);
        model_run(m, b.image);
        for (int64_t n = 0; n < m->batch; n++)
            put_row(m, &b, n, (i + n) * m->size, &sheet);
    }
    write_picture(&sheet, path);
    free_batch(&b);
    free(sheet.plane);
}
