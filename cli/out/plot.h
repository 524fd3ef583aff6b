/* plot.h: axes of the charts of a report, as inline SVG.
**
** Lengths are in units of the picture's view box; a page scales it to the room there is.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_OUT_PLOT_H
#define DCN_CLI_OUT_PLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* From a value to a place; beyond lo and hi the place is that of lo or hi. */
typedef struct PlotScale {
    double lo, hi;   /* values; above 0 if logarithmic */
    double from, to; /* where they lie */
    bool log;
} PlotScale;

double scale_at(const PlotScale *s, double value);

/* Round values inside the scale, at least `gap` apart; *decimals is how many show them.  A scale
** without a finite range has none. */
enum { MAX_TICKS = 24 };
int scale_ticks(const PlotScale *s, double gap, double tick[MAX_TICKS], int *decimals);

/* Time in the unit that suits `ns`. */
typedef struct TimeUnit {
    double ns;
    const char *name; /* in UTF-8 */
} TimeUnit;
TimeUnit unit_of(double ns);

/* Four digits: "5.123", "51.23", "512.3"; returns buf. */
const char *digits_text(double x, char buf[32]);
/* A time in the unit that suits it: "5.123 ms". */
const char *time_words(double ns, char buf[32]);

/* A picture with room for axes around the plot. */
typedef struct PlotFrame {
    FILE *f;
    double width, height;
    double left, right, top, bottom; /* between them is the plot */
} PlotFrame;

void frame_open(const PlotFrame *p, const char *label);
void frame_close(const PlotFrame *p);

/* Lines across the plot with their values; values are divided by `unit` before they are shown. */
typedef enum { AXIS_X, AXIS_Y } PlotAxis;
void frame_axis(const PlotFrame *p, PlotAxis axis, const PlotScale *s, double unit, double gap);

/* A word at a place; how: classes of the style sheet. */
void frame_text(const PlotFrame *p, double x, double y, const char *how, const char *text);

/* Dots of candidates, at most one for each square unit, so that any number of them stays small. */
enum { DOTS_WIDTH = 560, DOTS_HEIGHT = 360 };
typedef struct PlotDots {
    const PlotFrame *frame;
    double radius;
    uint8_t taken[DOTS_WIDTH * DOTS_HEIGHT / 8];
} PlotDots;

/* A round dot of candidate i, which hovering finds by that number. */
void dots_put(PlotDots *d, double x, double y, int i);

/* What stands out: 'o' round, 'd' diamond, 'x' cross, '^' triangle. */
void frame_mark(const PlotFrame *p, char shape, double x, double y, const char *how, int i);

#endif
