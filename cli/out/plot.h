/* plot.h: axes of the charts of a report, as inline SVG.
**
** Lengths are in units of the picture's view box; a page scales it to the room there is.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_PLOT_H
#define DCN_CLI_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* From a value to a place; beyond lo and hi the place is that of lo or hi. */
typedef struct Scale {
    double lo, hi;   /* values; above 0 if logarithmic */
    double from, to; /* where they lie */
    bool log;
} Scale;

double scale_at(const Scale *s, double value);

/* Round values inside the scale, at least `gap` apart; *decimals is how many show them. */
enum { MAX_TICKS = 24 };
int scale_ticks(const Scale *s, double gap, double tick[MAX_TICKS], int *decimals);

/* Time in the unit that suits `ns`. */
typedef struct Unit {
    double ns;
    const char *name; /* in UTF-8 */
} Unit;
Unit unit_of(double ns);

/* Four digits: "5.123", "51.23", "512.3"; returns buf. */
const char *digits_text(double x, char buf[32]);
/* The same with the unit that suits it: "5.123 ms". */
const char *time_words(double ns, char buf[32]);

/* A picture with room for axes around the plot. */
typedef struct Frame {
    FILE *f;
    double width, height, left, right, top,
        bottom; /* the plot is between left and right, top and bottom */
} Frame;

void frame_open(const Frame *p, const char *label);
void frame_close(const Frame *p);

/* Lines across the plot with their values; values are divided by `unit` before they are shown. */
typedef enum { AXIS_X, AXIS_Y } Axis;
void frame_axis(const Frame *p, Axis axis, const Scale *s, double unit, double gap);

/* A word at a place; how: classes of the style sheet. */
void frame_text(const Frame *p, double x, double y, const char *how, const char *text);

/* Dots of candidates, at most one for each square unit, so that any number of them stays small. */
typedef struct Dots {
    const Frame *frame;
    double radius;
    uint8_t taken[560 * 360 / 8];
} Dots;

/* A round dot of candidate i, which hovering finds by that number. */
void dots_put(Dots *d, double x, double y, int i);

/* What stands out: 'o' round, 'd' diamond, 'x' cross, '^' triangle. */
void frame_mark(const Frame *p, char shape, double x, double y, const char *how, int i);

#endif
