/* scenes.c: a crop of the photograph, and objects on it, each by its formula.
**
** An object is a set of points of a plane, about 1 in radius.  Every pixel, and four points around its middle,
** is moved from the picture into that plane: turned, stretched, sheared and bent there.
** SPDX-License-Identifier: Apache-2.0
*/
#include "scenes.h"
#include "random.h"

#include <math.h>
#include <stdbool.h>

const char *const class_name[NUM_CLASSES] = { "background", "disc", "triangle",
                                              "square",     "star", "cross" };

static const float pi = 3.14159265F;

/* ---- the photograph -------------------------------------------------------------------------- */

typedef struct Crop {
    float y, x, step; /* of its first pixel, and from one pixel to the next */
    bool mirrored;
    float gain, shift;
} Crop;

static Crop random_crop(const Picture *photo, ScenePart part, int size, uint64_t *rng)
{
    const float from = part == SEEN ? 0 : (float)photo->w * 2 / 3;
    const float to = part == SEEN ? (float)photo->w * 2 / 3 : (float)photo->w;
    const float room = fminf(to - from, (float)photo->h) - 2;
    Crop c = { .step = fminf(random_between(rng, 0.6F, 2), room / (float)size) };
    c.y = random_between(rng, 0, (float)photo->h - 2 - c.step * (float)size);
    c.x = random_between(rng, from, to - 2 - c.step * (float)size);
    c.mirrored = random_word(rng) & 1;
    c.gain = random_between(rng, 0.5F, 1.3F);
    c.shift = random_between(rng, -20, 80);
    return c;
}

static float crop_pixel(const Picture *photo, const Crop *c, int size, int y, int x, int colour)
{
    const float py = c->y + c->step * (float)y;
    const float px = c->x + c->step * (float)(c->mirrored ? size - 1 - x : x);
    const int64_t iy = (int64_t)py, ix = (int64_t)px;
    const float dy = py - (float)iy, dx = px - (float)ix;
    const float *p = photo->plane + (colour * photo->h + iy) * photo->w + ix;
    const float upper = p[0] + dx * (p[1] - p[0]);
    const float lower = p[photo->w] + dx * (p[photo->w + 1] - p[photo->w]);
    return c->gain * (upper + dy * (lower - upper)) + c->shift;
}

/* ---- kinds of objects: whether a point belongs to it --------------------------------------------- */

static bool in_disc(float y, float x)
{
    return y * y + x * x < 0.85F;
}

static bool in_triangle(float y, float x)
{
    const float half = 0.5F, slope = 0.8660254F;
    return y < 0.6F && slope * x - half * y < 0.6F && -slope * x - half * y < 0.6F;
}

static bool in_square(float y, float x)
{
    return fmaxf(fabsf(y), fabsf(x)) < 0.8F;
}

/* Five points at 1.2; between them the outline comes in to 0.5. */
static bool in_star(float y, float x)
{
    const float fifth = 2 * pi / 5;
    float angle = fabsf(atan2f(y, x));
    angle = fabsf(angle - fifth * floorf(angle / fifth + 0.5F));
    const float r = sqrtf(y * y + x * x), py = r * sinf(angle), px = r * cosf(angle);
    const float ey = 0.5F * sinf(fifth / 2), ex = 0.5F * cosf(fifth / 2) - 1.2F;
    return ex * py - ey * (px - 1.2F) > 0; /* on the side of the middle */
}

static bool in_cross(float y, float x)
{
    const float ay = fabsf(y), ax = fabsf(x);
    return fmaxf(ay, ax) < 1 && fminf(ay, ax) < 0.33F;
}

static bool (*const inside[NUM_CLASSES])(float y, float x) = {
    [DISC] = in_disc, [TRIANGLE] = in_triangle, [SQUARE] = in_square,
    [STAR] = in_star, [CROSS] = in_cross,
};

/* ---- objects --------------------------------------------------------------------------------- */

typedef struct Object {
    int kind;
    float y, x, radius;
    float cos_turn, sin_turn, stretch, shear, bend;
    float colour[2][3]; /* at the one end and at the other */
    float texture;      /* how much of the photograph */
    Crop crop;
} Object;

static Object random_object(const Picture *photo, ScenePart part, int size, uint64_t *rng)
{
    Object o = { .kind = 1 + (int)(random_word(rng) % (NUM_CLASSES - 1)) };
    o.radius = (float)size * 0.05F * exp2f(random_between(rng, 0, 3));
    o.y = (float)size * random_between(rng, 0.08F, 0.92F);
    o.x = (float)size * random_between(rng, 0.08F, 0.92F);
    const float turn = random_between(rng, 0, 2 * pi);
    o.cos_turn = cosf(turn);
    o.sin_turn = sinf(turn);
    o.stretch = random_between(rng, 0.85F, 1.18F);
    o.shear = random_between(rng, -0.25F, 0.25F);
    o.bend = random_between(rng, -0.25F, 0.25F);
    for (int i = 0; i < 6; i++)
        o.colour[i / 3][i % 3] = random_between(rng, 0, 255);
    for (int i = 0; i < 3; i++) /* the two are no strangers */
        o.colour[1][i] += 0.6F * (o.colour[0][i] - o.colour[1][i]);
    o.texture = random_between(rng, 0, 0.4F);
    o.crop = random_crop(photo, part, size, rng);
    return o;
}

/* From the picture into the plane of the object. */
static void into_plane(const Object *o, float py, float px, float *y, float *x)
{
    const float dy = (py - o->y) / o->radius, dx = (px - o->x) / o->radius;
    const float v = o->cos_turn * dy - o->sin_turn * dx, u = o->sin_turn * dy + o->cos_turn * dx;
    *y = v / o->stretch;
    *x = u * o->stretch + o->shear * v + o->bend * (v * v - 0.3F);
}

static bool covers(const Object *o, float py, float px)
{
    float y, x;
    into_plane(o, py, px, &y, &x);
    return inside[o->kind](y, x);
}

static void paint_pixel(const Object *o, const Picture *photo, int size, int at, Scene *out)
{
    const int y = at / size, x = at % size;
    float cover = 0, v, u;
    for (int i = 0; i < 4; i++)
        cover += 0.25F * (float)covers(o, (float)y + ((i & 2) ? 0.25F : -0.25F),
                                       (float)x + ((i & 1) ? 0.25F : -0.25F));
    if (cover == 0)
        return;
    into_plane(o, (float)y, (float)x, &v, &u);
    const float way = fminf(fmaxf(0.5F + 0.5F * u, 0), 1);
    for (int c = 0; c < 3; c++) {
        const float plain = o->colour[0][c] + way * (o->colour[1][c] - o->colour[0][c]);
        const float texture = crop_pixel(photo, &o->crop, size, y, x, c);
        float *p = &out->image[at * 3 + c];
        *p += cover * (plain + o->texture * (texture - plain) - *p);
    }
    if (covers(o, (float)y, (float)x)) {
        out->class[at] = (unsigned char)o->kind;
        out->radius[at] = o->radius;
    }
}

static int within(float v, int size)
{
    return (int)fminf(fmaxf(v, 0), (float)size);
}

static void paint(const Object *o, const Picture *photo, int size, Scene *out)
{
    const float reach = 2 * o->radius + 1; /* stretched, sheared and bent */
    const int top = within(o->y - reach, size), bottom = within(o->y + reach, size);
    const int left = within(o->x - reach, size), right = within(o->x + reach, size);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            paint_pixel(o, photo, size, y * size + x, out);
}

void draw_scene(const Picture *photo, ScenePart part, uint64_t index, int size, Scene *out)
{
    uint64_t rng = 2 * index + (part == UNSEEN);
    rng = random_word(&rng); /* scenes are no sections of one sequence */
    const Crop back = random_crop(photo, part, size, &rng);
    for (int i = 0; i < size * size; i++) {
        for (int c = 0; c < 3; c++)
            out->image[i * 3 + c] = crop_pixel(photo, &back, size, i / size, i % size, c);
        out->class[i] = BACKGROUND;
        out->radius[i] = 0;
    }
    const int n = 3 + (int)(random_word(&rng) % (MAX_OBJECTS - 2));
    for (out->nobjects = 0; out->nobjects < n; out->nobjects++) {
        const Object o = random_object(photo, part, size, &rng);
        paint(&o, photo, size, out);
        out->object[out->nobjects] = (SceneObject){ o.kind, o.y, o.x, o.radius };
    }
    for (int i = 0; i < 3 * size * size; i++)
        out->image[i] = rintf(fminf(fmaxf(out->image[i] + random_between(&rng, -8, 8), 0), 255));
}
