/* learn.h: the loss, and stochastic gradient descent with momentum.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef LEARN_H
#define LEARN_H

#include "model.h"

typedef struct Loss {
    double loss;     /* cross entropy of the softmax over classes, mean of all pixels */
    double accuracy; /* share of the pixels whose largest score is that of their class */
} Loss;

/* The class of the largest score, the first if there are several. */
int best_class(const float *scores, int64_t classes);

/* The loss of scores[pixels][classes]; grad, of the same shape, is its gradient. */
Loss cross_entropy(const float *scores, const unsigned char *class, int64_t pixels, int64_t classes,
                   float *grad);

/* The rate of step i of n: it rises for a while, then falls along half a cosine to 0. */
float learning_rate(int64_t i, int64_t n);

/* Weights of a normal distribution that keeps the variance of what goes through (He et al.); biases 0, and all
** that makes offsets 0, so that the deformable layers begin as plain ones.  Twins begin with the same. */
void random_parameters(Model *m, uint64_t seed);

/* velocity = momentum * velocity + gradient + decay * value;  value -= rate * velocity: as PyTorch has it. */
void descend(Model *m, float *velocity, float rate);

#endif
