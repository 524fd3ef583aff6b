/* gallery.c: scenes as pictures, with what is in them; tiles of a page of pictures.
**
**     gallery scene PHOTO.png INDEX OUT.png                   an unseen scene of SIZE x SIZE pixels
**     gallery tile IN.png LEFT HEIGHT WIDTH SHRINK OUT.png    a part of a picture from its top on, smaller
**
** Of a scene every object is told as "CLASS Y X RADIUS", in the order in which they were drawn, so that nothing
** hides the last one, and then the pixel of the background that is farthest from objects and borders as
** "background Y X DISTANCE".
** SPDX-License-Identifier: Apache-2.0
*/
#include "png_io.h"
#include "scenes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 96 };

/* ---- scenes ---------------------------------------------------------------------------------- */

/* From a pixel to the nearest one of an object, or beyond the border. */
static float distance_from(const Scene *s, int y, int x)
{
    float nearest =
        fminf(fminf((float)y, (float)x), fminf((float)(SIZE - 1 - y), (float)(SIZE - 1 - x))) + 1;
    for (int i = 0; i < SIZE * SIZE; i++)
        if (s->class[i] != BACKGROUND)
            nearest = fminf(nearest, hypotf((float)(i / SIZE - y), (float)(i % SIZE - x)));
    return nearest;
}

static void tell_background(const Scene *s)
{
    int best = 0;
    float most = -1;
    for (int i = 0; i < SIZE * SIZE; i++) {
        const float distance = s->class[i] == BACKGROUND ? distance_from(s, i / SIZE, i % SIZE) : 0;
        if (distance > most) {
            most = distance;
            best = i;
        }
    }
    printf("%s %d %d %.2f\n", class_name[BACKGROUND], best / SIZE, best % SIZE, most);
}

static void draw(const char *photo_path, const char *index, const char *path)
{
    Scene s = { .image = new_buffer(3 * SIZE * SIZE * (int64_t)sizeof(float)),
                .class = new_buffer(SIZE * SIZE),
                .radius = new_buffer(SIZE * SIZE * (int64_t)sizeof(float)) };
    Picture photo = read_picture(photo_path), out = new_picture(SIZE, SIZE);
    draw_scene(&photo, UNSEEN, strtoull(index, NULL, 10), SIZE, &s);
    for (int i = 0; i < 3 * SIZE * SIZE; i++)
        out.plane[i % 3 * SIZE * SIZE + i / 3] = s.image[i];
    write_picture(&out, path);
    for (int i = 0; i < s.nobjects; i++)
        printf("%s %.2f %.2f %.2f\n", class_name[s.object[i].class], s.object[i].y, s.object[i].x,
               s.object[i].radius);
    tell_background(&s);
    free(s.image);
    free(s.class);
    free(s.radius);
    free(photo.plane);
    free(out.plane);
}

/* ---- tiles ----------------------------------------------------------------------------------- */

/* The mean of shrink x shrink pixels, whose first one that is. */
static float mean(const Picture *p, const float *first, int64_t shrink)
{
    float sum = 0;
    for (int64_t i = 0; i < shrink * shrink; i++)
        sum += first[i / shrink * p->w + i % shrink];
    return sum / (float)(shrink * shrink);
}

static void cut(char *const *words)
{
    const Picture in = read_picture(words[0]);
    const int64_t left = atoi(words[1]), shrink = atoi(words[4]);
    if (shrink < 1 || left < 0 || atoi(words[2]) > in.h || left + atoi(words[3]) > in.w) {
        fprintf(stderr, "gallery: %s has no such part\n", words[0]);
        exit(1);
    }
    Picture out = new_picture(atoi(words[2]) / shrink, atoi(words[3]) / shrink);
    for (int64_t i = 0; i < 3 * out.h * out.w; i++) {
        const int64_t colour = i / (out.h * out.w), y = i / out.w % out.h, x = i % out.w;
        const float *row = in.plane + (colour * in.h + y * shrink) * in.w;
        out.plane[i] = mean(&in, row + left + x * shrink, shrink);
    }
    write_picture(&out, words[5]);
    free(in.plane);
    free(out.plane);
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "scene"))
        draw(argv[2], argv[3], argv[4]);
    else if (argc == 8 && !strcmp(argv[1], "tile"))
        cut(argv + 2);
    else {
        fputs("usage: gallery scene PHOTO.png INDEX OUT.png\n"
              "       gallery tile IN.png LEFT HEIGHT WIDTH SHRINK OUT.png\n",
              stderr);
        return 2;
    }
    return 0;
}
