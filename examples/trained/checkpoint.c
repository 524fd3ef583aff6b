/* checkpoint.c: the file is a header, the values of all parameters and their velocities.
** SPDX-License-Identifier: Apache-2.0
*/
#include "checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct CheckpointHeader {
    char magic[16];
    Run run;
    int64_t step;
} CheckpointHeader;

static const char magic[16] = "trained/1";

static _Noreturn void give_up(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(1);
}

void checkpoint_write(const char *path, const Run *run, int64_t step, const Model *m,
                      const float *velocity)
{
    char part[4096];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        give_up(path, "the name is too long");
    CheckpointHeader head = { .run = *run, .step = step };
    memcpy(head.magic, magic, sizeof magic);
    const size_t n = (size_t)m->count;
    FILE *f = fopen(part, "wb");
    if (!f)
        give_up(part, strerror(errno));
    const bool written = fwrite(&head, sizeof head, 1, f) == 1 &&
                         fwrite(m->values, sizeof(float), n, f) == n &&
                         fwrite(velocity, sizeof(float), n, f) == n;
    if ((fclose(f) != 0) | !written || rename(part, path) != 0)
        give_up(path, "the checkpoint cannot be written");
}

bool checkpoint_read(const char *path, const Run *run, int64_t *step, Model *m, float *velocity)
{
    FILE *f = fopen(path, "rb");
    if (!f && errno == ENOENT)
        return false;
    if (!f)
        give_up(path, strerror(errno));
    CheckpointHeader head;
    const size_t n = (size_t)m->count;
    if (fread(&head, sizeof head, 1, f) != 1 || memcmp(head.magic, magic, sizeof magic) != 0)
        give_up(path, "this is no checkpoint");
    if (memcmp(&head.run, run, sizeof *run) != 0)
        give_up(path, "this checkpoint is of a run with another network, batch or size; remove it "
                      "to begin anew");
    if (fread(m->values, sizeof(float), n, f) != n || fread(velocity, sizeof(float), n, f) != n)
        give_up(path, "the checkpoint is truncated");
    fclose(f);
    *step = head.step;
    model_changed(m);
    return true;
}
