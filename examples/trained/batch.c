/* batch.c: scenes are drawn one after another; the class of each pixel of the network's map is that of the
** pixel of the picture on which its stack of windows is centred, the first of stride x stride.
** SPDX-License-Identifier: Apache-2.0
*/
#include "batch.h"

#include <stdlib.h>

Batch new_batch(const Model *m)
{
    const int64_t pixels = m->size * m->size, places = m->batch * m->map * m->map;
    return (Batch){
        .image = new_buffer(m->batch * pixels * 3 * (int64_t)sizeof(float)),
        .class = new_buffer(places),
        .radius = new_buffer(places * (int64_t)sizeof(float)),
        .scene = { .image = new_buffer(pixels * 3 * (int64_t)sizeof(float)),
                   .class = new_buffer(pixels),
                   .radius = new_buffer(pixels * (int64_t)sizeof(float)) },
    };
}

void free_batch(Batch *b)
{
    free(b->image);
    free(b->class);
    free(b->radius);
    free(b->scene.image);
    free(b->scene.class);
    free(b->scene.radius);
}

static void put_scene(const Model *m, int64_t n, Batch *b)
{
    const int64_t stride = m->size / m->map, values = m->size * m->size * 3;
    for (int64_t i = 0; i < values; i++)
        b->image[n * values + i] = (b->scene.image[i] - 128) / 64;
    for (int64_t i = 0; i < m->map * m->map; i++) {
        const int64_t from = (i / m->map * m->size + i % m->map) * stride;
        b->class[n * m->map * m->map + i] = b->scene.class[from];
        b->radius[n * m->map * m->map + i] = b->scene.radius[from];
    }
}

void draw_batch(const Model *m, const Picture *photo, ScenePart part, int64_t first, Batch *b)
{
    for (int64_t n = 0; n < m->batch; n++) {
        draw_scene(photo, part, (uint64_t)(first + n), (int)m->size, &b->scene);
        put_scene(m, n, b);
    }
}
