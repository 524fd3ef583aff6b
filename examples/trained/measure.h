/* measure.h: how often a network is right on scenes that it has not seen.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef MEASURE_H
#define MEASURE_H

#include "model.h"
#include "scenes.h"

/* Objects by their radius in pixels. */
enum { SMALL, MIDDLE, LARGE, NUM_SIZES };
extern const float size_limit[NUM_SIZES]; /* the first radius that is too large */

typedef struct Measured {
    int64_t confusion[NUM_CLASSES][NUM_CLASSES]; /* pixels of class i that were taken for j */
    int64_t pixels[NUM_SIZES], right[NUM_SIZES]; /* of objects, by their size */
} Measured;

/* On the first `scenes` unseen scenes, rounded up to whole batches. */
Measured measure(Model *m, const Picture *photo, int64_t scenes);

double pixel_accuracy(const Measured *r);

/* Intersection over union of a class, and its mean over all classes. */
double class_iou(const Measured *r, int class);
double mean_iou(const Measured *r);

void print_measured(const Measured *r);

#endif
