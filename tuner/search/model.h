/* model.h: what the answers so far say about the points not tried.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_SEARCH_MODEL_H
#define DCN_TUNER_SEARCH_MODEL_H

#include "tuner/search/search.h"

enum { MODEL_MAX_POINTS = 384 };

typedef struct SearchModel SearchModel;

/* What a point takes, as the natural logarithm of its time. */
typedef struct Prediction {
    double mean, deviation;
} Prediction;

SearchModel *model_open(const SearchSpace *space); /* NULL: no memory */
void model_close(SearchModel *m);

/* A point that was measured; estimate and time > 0. */
void model_add(SearchModel *m, const SearchPoint *p, double estimate, double time);

/* A point that failed counts as somewhat slower than was expected of it. */
void model_add_failure(SearchModel *m, const SearchPoint *p, double estimate);

/* How many of the points kept have that lowering and the knob (from 1) at that value. */
int model_count(const SearchModel *m, int lowering, int knob, int value);

Prediction model_predict(const SearchModel *m, const SearchPoint *p, double estimate);

/* The least time / estimate of all points added, times that of a point bound it from below; 0 at
** first. */
double model_least_ratio(const SearchModel *m);

#endif
