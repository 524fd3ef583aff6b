/* record.h: what a training saw and did, for somebody who wants to do the same: a folder with
**
**     initial.safetensors   the parameters before the first step
**     images.npy            uint8 [steps][batch][size][size][3]
**     classes.npy           uint8 [steps][batch][map][map]
**     steps.txt             of each step its number, rate, loss and accuracy
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef RECORD_H
#define RECORD_H

#include "batch.h"
#include "learn.h"

#include <stdio.h>

typedef struct Record {
    FILE *images, *classes, *steps;
    int64_t n; /* steps recorded */
} Record;

Record record_open(const char *folder, const Model *m);
void record_step(Record *r, const Model *m, const Batch *b, float rate, Loss loss);
void record_close(Record *r, const Model *m);

#endif
