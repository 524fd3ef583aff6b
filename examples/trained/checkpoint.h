/* checkpoint.h: where a training stands, in a file, so that it can go on as if it had never stopped.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include "model.h"

/* What must stay as it was.  The number of steps need not: the rate then falls towards the new one. */
typedef struct Run {
    int64_t batch, size, count;
} Run;

/* The file appears complete or not at all.  It is for the machine that wrote it. */
void checkpoint_write(const char *path, const Run *run, int64_t step, const Model *m,
                      const float *velocity);

/* Values and velocity as they were before step *step; false, and nothing changed, if there is no such file. */
bool checkpoint_read(const char *path, const Run *run, int64_t *step, Model *m, float *velocity);

#endif
