/* parts.h: the parts of the page, each for one tuning.
**
** Candidates are numbered from 1 in the order in which they were tried; data-i holds that number
** everywhere, and the row of the table has the id SECTION-NUMBER.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_REPORT_PARTS_H
#define DCN_CLI_REPORT_PARTS_H

#include "cli/out/plot.h"
#include "cli/report/data.h"

#include <jansson.h>

void report_curve(FILE *f, const Section *t);
void report_knobs(FILE *f, const Section *t);
void report_roofline(FILE *f, const Section *t);
void report_samples(FILE *f, const Section *t);
void report_failures(FILE *f, const Section *t);
void report_candidates(FILE *f, const Section *t, const char *section);

/* Time of a call, upwards in the plot; what is much slower than the rest lies at the top. */
PlotScale report_time_scale(const Section *t, double bottom, double top);

/* The unit in which all times of this tuning are shown. */
TimeUnit report_unit(const Section *t);

/* The whole page and its fixed texts. */
void report_page(FILE *f, const TuningReport *r);
extern const char *const report_style[], *const report_script[]; /* lines, ended by NULL */

/* The page's data as JSON; NULL without memory. */
json_t *report_json(const TuningReport *r);

#endif
