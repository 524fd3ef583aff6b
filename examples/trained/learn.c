/* learn.c: sums are taken in double precision and in one order, so that runs can be repeated bit by bit.
** SPDX-License-Identifier: Apache-2.0
*/
#include "learn.h"
#include "random.h"

#include <math.h>
#include <string.h>

static const float momentum = 0.9F, decay = 1e-4F, highest_rate = 0.1F;
static const int64_t warm_steps = 100;

int best_class(const float *scores, int64_t classes)
{
    int best = 0;
    for (int i = 1; i < classes; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

/* The loss of one pixel, and its gradient times `share`. */
static double pixel_loss(const float *s, int64_t n, int class, float share, float *grad)
{
    const float top = s[best_class(s, n)];
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += exp((double)(s[i] - top));
    for (int64_t i = 0; i < n; i++)
        grad[i] = share * ((float)(exp((double)(s[i] - top)) / sum) - (float)(i == class));
    return log(sum) - (double)(s[class] - top);
}

Loss cross_entropy(const float *scores, const unsigned char *class, int64_t pixels, int64_t classes,
                   float *grad)
{
    Loss all = { 0, 0 };
    for (int64_t p = 0; p < pixels; p++) {
        const float *s = scores + p * classes;
        all.loss += pixel_loss(s, classes, class[p], 1 / (float)pixels, grad + p * classes);
        all.accuracy += best_class(s, classes) == class[p];
    }
    all.loss /= (double)pixels;
    all.accuracy /= (double)pixels;
    return all;
}

float learning_rate(int64_t i, int64_t n)
{
    const double half_turn = 3.14159265358979;
    const double warm = fmin(1, (double)(i + 1) / (double)warm_steps);
    return highest_rate * (float)(warm * 0.5 * (1 + cos(half_turn * (double)i / (double)n)));
}

/* The deviation of what a parameter begins with. */
static float deviation_of(const dcn_parameter *p)
{
    int64_t fan_in = 1;
    for (int d = 1; d < p->rank; d++)
        fan_in *= p->dims[d];
    const bool zero = p->rank == 1 || strncmp(p->name, "offset", 6) == 0;
    return zero ? 0 : sqrtf(2 / (float)fan_in);
}

void random_parameters(Model *m, uint64_t seed)
{
    for (int i = 0; i < m->nparameters; i++) {
        const dcn_parameter *p = &m->parameter[i];
        const float deviation = deviation_of(p);
        for (int64_t e = p->at; e < p->at + p->count; e++)
            m->values[e] = deviation > 0 ? deviation * random_normal(&seed) : 0;
    }
    model_changed(m);
}

void descend(Model *m, float *velocity, float rate)
{
    for (int i = 0; i < m->nparameters; i++) {
        const dcn_parameter *p = &m->parameter[i];
        for (int64_t e = p->at; e < p->at + p->count; e++) {
            velocity[e] = momentum * velocity[e] + m->gradient[e] + decay * m->values[e];
            m->values[e] -= rate * velocity[e];
        }
    }
    model_changed(m);
}
