/* model.h: the network of a spec, through libdcngen: its scores, and the gradient of its parameters.
**
** A spec of this example returns two kernels: a network of one input [n][h][w][3] and one output
** [n][h/stride][w/stride][classes], and the gradient of its parameters.
**
** What goes wrong is said in one line on stderr and ends the program with exit code 1.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef MODEL_H
#define MODEL_H

#include <dcngen.h>
#include <dcngen/network.h>
#include <stdbool.h>

/* Images are [batch][size][size][3], scores [batch][map][map][classes]; values and their gradient have `count`
** elements, which `parameter` divides among the layers. */
typedef struct Model {
    int64_t batch, size, map, classes, count;
    int nparameters;
    dcn_parameter *parameter;
    float *values, *gradient;
    float *scores;
    dcn_module *module;
    dcn_kernel *forward, *backward; /* backward is NULL unless it was asked for */
    void *forward_packed, *backward_packed, *workspace;
    int threads;
} Model;

/* params are for param() of the spec. */
Model model_open(const char *spec, const dcn_param *params, int nparams, bool gradients,
                 int threads);
void model_close(Model *m);

void model_read(Model *m, const char *path); /* a file of parameters into values */
void model_write(const Model *m, const char *path);

/* scores of images.  Changed values are not looked at before the next model_changed. */
void model_run(Model *m, const float *image);

/* gradient, given that of scores. */
void model_differentiate(Model *m, const float *image, const float *grad_scores);

/* values are others now. */
void model_changed(Model *m);

#endif
