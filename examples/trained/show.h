/* show.h: unseen scenes, what they are and what a network takes them for, as one picture.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef SHOW_H
#define SHOW_H

#include "model.h"
#include "scenes.h"

/* The first `scenes` ones, rounded up to whole batches, one a row: image, classes, the network's classes. */
void show(Model *m, const Picture *photo, int64_t scenes, const char *path);

#endif
