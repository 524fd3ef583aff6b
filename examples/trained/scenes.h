/* scenes.h: pictures of objects over a photograph, drawn from a seed, with the class of every pixel.
**
** One scene has three to six objects; later ones hide earlier ones.  Each has a kind, a place, a size (of all
** sizes equally many octaves), a turn, a stretch, a shear and a bend, and is filled with a colour that runs into
** another and a bit of the photograph.  Behind them is a crop of the photograph.
**
** The photograph has two parts, so that what a network learns from one can be tried on the other.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef SCENES_H
#define SCENES_H

#include "png_io.h"

enum { BACKGROUND, DISC, TRIANGLE, SQUARE, STAR, CROSS, NUM_CLASSES };
extern const char *const class_name[NUM_CLASSES];

/* From the left two thirds of the photograph, and from the right third. */
typedef enum { SEEN, UNSEEN } ScenePart;

enum { MAX_OBJECTS = 6 };

typedef struct SceneObject {
    int class;
    float y, x, radius; /* middle, in pixels */
} SceneObject;

typedef struct Scene {
    float *image;         /* [size][size][3], whole numbers from 0 to 255 */
    unsigned char *class; /* [size][size] */
    float *radius;        /* [size][size]: of the object, in pixels; 0 where there is none */
    int nobjects;
    SceneObject object[MAX_OBJECTS]; /* as they were drawn */
} Scene;

/* Scene number `index` of a part, square, of `size` pixels; the same on every machine but for rounding. */
void draw_scene(const Picture *photo, ScenePart part, uint64_t index, int size, Scene *out);

#endif
