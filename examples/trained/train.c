/* train.c: trains a network through libdcngen's gradients, or measures how good it is.
**
**     cc *.c ../rectify/png_io.c -I. -I../rectify $(pkg-config --cflags --libs dcngen libpng) -lm
**
** A step is: scenes, scores, their loss, the gradient of the parameters, a step down.  Scenes are numbered, so
** that step i sees the same ones whenever it comes.  Ctrl-C ends a run after the step in hand; FILE.checkpoint then
** says where it was, and the same command goes on there, with the numbers of a run that never stopped.
** SPDX-License-Identifier: Apache-2.0
*/
#define _POSIX_C_SOURCE 200809L
#include "batch.h"
#include "checkpoint.h"
#include "learn.h"
#include "measure.h"
#include "options.h"
#include "record.h"
#include "show.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- progress -------------------------------------------------------------------------------- */

/* Smoothed over some 50 steps. */
typedef struct Progress {
    struct timespec begin;
    int64_t first, last;
    double loss, accuracy, weight;
} Progress;

static double seconds_since(const struct timespec *t)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + 1e-9 * (double)(now.tv_nsec - t->tv_nsec);
}

/* On a terminal one line that changes, else a line now and then. */
static void show_progress(Progress *p, int64_t step, Loss loss)
{
    const bool terminal = isatty(STDOUT_FILENO);
    const double keep = 0.98;
    p->loss = keep * p->loss + (1 - keep) * loss.loss;
    p->accuracy = keep * p->accuracy + (1 - keep) * loss.accuracy;
    p->weight = keep * p->weight + (1 - keep);
    const int64_t done = step + 1 - p->first, every = terminal ? 10 : 200;
    if (done % every != 0 && step + 1 != p->last && done != 1)
        return;
    const double left = seconds_since(&p->begin) / (double)done * (double)(p->last - step - 1);
    printf("%sstep %6d of %d, loss %.4f, accuracy %.4f, %d:%02d left%s", terminal ? "\r" : "",
           (int)step + 1, (int)p->last, p->loss / p->weight, p->accuracy / p->weight,
           (int)left / 60, (int)left % 60, terminal ? " " : "\n");
    fflush(stdout);
}

/* ---- training -------------------------------------------------------------------------------- */

typedef struct Training {
    const Options *options;
    const Picture *photo;
    Model *model;
    Run run;
    Batch batch;
    float *velocity, *grad_scores;
    char checkpoint[4096];
    Record record;
} Training;

static void take_step(Training *t, int64_t step, Progress *progress)
{
    Model *m = t->model;
    draw_batch(m, t->photo, SEEN, step * m->batch, &t->batch);
    model_run(m, t->batch.image);
    const int64_t pixels = m->batch * m->map * m->map;
    const Loss loss = cross_entropy(m->scores, t->batch.class, pixels, m->classes, t->grad_scores);
    const float rate = learning_rate(step, t->options->steps);
    model_differentiate(m, t->batch.image, t->grad_scores);
    descend(m, t->velocity, rate);
    if (t->options->record)
        record_step(&t->record, m, &t->batch, rate, loss);
    show_progress(progress, step, loss);
}

/* The step before which it stopped. */
static int64_t take_steps(Training *t, int64_t step)
{
    Progress progress = { .first = step, .last = t->options->steps };
    clock_gettime(CLOCK_MONOTONIC, &progress.begin);
    while (step < t->options->steps && step < t->options->stop_at && !interrupted) {
        take_step(t, step++, &progress);
        if (step % 1000 == 0)
            checkpoint_write(t->checkpoint, &t->run, step, t->model, t->velocity);
    }
    if (isatty(STDOUT_FILENO))
        putchar('\n');
    return step;
}

/* Where an earlier run stopped, or at the beginning. */
static int64_t begin(Training *t)
{
    const Options *o = t->options;
    Model *m = t->model;
    if (snprintf(t->checkpoint, sizeof t->checkpoint, "%s.checkpoint", o->file) >=
        (int)sizeof t->checkpoint) {
        fprintf(stderr, "%s: the name is too long\n", o->file);
        exit(1);
    }
    int64_t step = 0;
    const bool resumed = checkpoint_read(t->checkpoint, &t->run, &step, m, t->velocity);
    if (resumed)
        printf("going on at step %d, from %s\n", (int)step + 1, t->checkpoint);
    else
        random_parameters(m, 1);
    if (resumed && o->record) {
        fprintf(stderr, "%s: a run is recorded from its beginning\n", t->checkpoint);
        exit(1);
    }
    if (o->record)
        t->record = record_open(o->record, m);
    return step;
}

/* 0, or 130, as of a program that Ctrl-C ended, if there are steps left. */
static int end(Training *t, int64_t step)
{
    if (t->options->record)
        record_close(&t->record, t->model);
    if (step < t->options->steps) {
        checkpoint_write(t->checkpoint, &t->run, step, t->model, t->velocity);
        printf("stopped after step %d; the same command goes on from %s\n", (int)step,
               t->checkpoint);
        return 130;
    }
    model_write(t->model, t->options->file);
    remove(t->checkpoint);
    printf("wrote %s\n", t->options->file);
    return 0;
}

static int train(const Options *o, const Picture *photo, Model *m)
{
    const int64_t scores = m->batch * m->map * m->map * m->classes;
    Training t = {
        .options = o,
        .photo = photo,
        .model = m,
        .run = { m->batch, m->size, m->count },
        .batch = new_batch(m),
        .velocity = new_buffer(m->count * (int64_t)sizeof(float)),
        .grad_scores = new_buffer(scores * (int64_t)sizeof(float)),
    };
    for (int64_t i = 0; i < m->count; i++)
        t.velocity[i] = 0;
    sigaction(SIGINT, &(struct sigaction){ .sa_handler = interrupt }, NULL);
    const int status = end(&t, take_steps(&t, begin(&t)));
    free_batch(&t.batch);
    free(t.velocity);
    free(t.grad_scores);
    return status;
}

static void evaluate(const Options *o, const Picture *photo, Model *m)
{
    model_read(m, o->file);
    const Measured r = measure(m, photo, o->evaluate);
    print_measured(&r);
    if (o->show)
        show(m, photo, o->evaluate, o->show);
}

int main(int argc, char **argv)
{
    const Options o = read_options(argc, argv);
    char batch[24], size[24];
    snprintf(batch, sizeof batch, "%d", (int)o.batch);
    snprintf(size, sizeof size, "%d", (int)o.size);
    const dcn_param params[] = {
        { "offsets", o.plain ? "false" : "true" }, { "batch", batch }, { "h", size }, { "w", size }
    };
    Picture photo = read_picture(o.photo);
    Model m = model_open(o.spec, params, 4, !o.evaluate, (int)o.threads);
    if (m.classes != NUM_CLASSES) {
        fprintf(stderr, "%s: scores of %d classes, not %d\n", o.spec, (int)m.classes, NUM_CLASSES);
        exit(1);
    }
    int status = 0;
    if (o.evaluate)
        evaluate(&o, &photo, &m);
    else
        status = train(&o, &photo, &m);
    model_close(&m);
    free(photo.plane);
    return status;
}
