/* batch.h: scenes as the network wants them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef BATCH_H
#define BATCH_H

#include "model.h"
#include "scenes.h"

typedef struct Batch {
    float *image;         /* [batch][size][size][3], about 1 in deviation */
    unsigned char *class; /* [batch][map][map]: of the pixels in whose middle the map's stand */
    float *radius;        /* [batch][map][map] */
    Scene scene;          /* the last one, as drawn */
} Batch;

Batch new_batch(const Model *m);
void free_batch(Batch *b);

/* Scenes number first, first + 1, ... of a part. */
void draw_batch(const Model *m, const Picture *photo, ScenePart part, int64_t first, Batch *b);

#endif
