/* measure.c: counts of pixels, by class and by what they were taken for.
** SPDX-License-Identifier: Apache-2.0
*/
#include "measure.h"
#include "batch.h"
#include "learn.h"

#include <stdio.h>

const float size_limit[NUM_SIZES] = { 8, 16, 1e30F };
static const char *const size_name[NUM_SIZES] = { "below 8", "8 to 16", "16 or more" };

static void count_pixel(Measured *r, int class, int taken_for, float radius)
{
    r->confusion[class][taken_for]++;
    if (class == BACKGROUND)
        return;
    int size = SMALL;
    while (radius >= size_limit[size])
        size++;
    r->pixels[size]++;
    r->right[size] += class == taken_for;
}

Measured measure(Model *m, const Picture *photo, int64_t scenes)
{
    Measured r = { 0 };
    Batch b = new_batch(m);
    for (int64_t first = 0; first < scenes; first += m->batch) {
        draw_batch(m, photo, UNSEEN, first, &b);
        model_run(m, b.image);
        for (int64_t i = 0; i < m->batch * m->map * m->map; i++)
            count_pixel(&r, b.class[i], best_class(&m->scores[i * NUM_CLASSES], NUM_CLASSES),
                        b.radius[i]);
    }
    free_batch(&b);
    return r;
}

static int64_t pixels_of(const Measured *r, int class)
{
    int64_t n = 0;
    for (int j = 0; j < NUM_CLASSES; j++)
        n += r->confusion[class][j];
    return n;
}

static int64_t all_pixels(const Measured *r)
{
    int64_t n = 0;
    for (int i = 0; i < NUM_CLASSES; i++)
        n += pixels_of(r, i);
    return n;
}

double pixel_accuracy(const Measured *r)
{
    int64_t right = 0;
    for (int i = 0; i < NUM_CLASSES; i++)
        right += r->confusion[i][i];
    return (double)right / (double)all_pixels(r);
}

double class_iou(const Measured *r, int class)
{
    int64_t either = -r->confusion[class][class];
    for (int i = 0; i < NUM_CLASSES; i++)
        either += r->confusion[class][i] + r->confusion[i][class];
    return either ? (double)r->confusion[class][class] / (double)either : 1;
}

double mean_iou(const Measured *r)
{
    double sum = 0;
    for (int i = 0; i < NUM_CLASSES; i++)
        sum += class_iou(r, i);
    return sum / NUM_CLASSES;
}

void print_measured(const Measured *r)
{
    printf("pixel accuracy %.4f, mean IoU %.4f\nIoU:", pixel_accuracy(r), mean_iou(r));
    for (int i = 0; i < NUM_CLASSES; i++)
        printf(" %s %.3f%s", class_name[i], class_iou(r, i), i < NUM_CLASSES - 1 ? "," : "\n");
    printf("right pixels of objects by radius:");
    for (int i = 0; i < NUM_SIZES; i++)
        printf(" %s %.3f%s", size_name[i], (double)r->right[i] / (double)r->pixels[i],
               i < NUM_SIZES - 1 ? "," : "\n");
    printf("background is %.4f of all pixels\n",
           (double)pixels_of(r, BACKGROUND) / (double)all_pixels(r));
}
