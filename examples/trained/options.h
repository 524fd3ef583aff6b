/* options.h: the command line of train.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Options {
    const char *spec, *photo, *file;
    bool plain;
    int64_t batch, size, threads, steps, stop_at;
    int64_t evaluate; /* scenes; 0: train */
    const char *record, *show;
} Options;

/* Prints what is wrong, or how to use the program, and exits. */
Options read_options(int argc, char **argv);

#endif
