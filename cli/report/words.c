/* words.c: shapes as words, and counts.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/report/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_extent(char *buf, size_t size, int64_t n)
{
    if (n == DCN_DYNAMIC)
        snprintf(buf, size, "?");
    else
        snprintf(buf, size, "%lld", (long long)n);
}

void section_shape(const Section *t, char *buf, size_t size)
{
    const dcn_spec *s = &t->spec;
    char h[24], w[24], taps[48] = "";
    *buf = 0;
    if (!t->known)
        return;
    print_extent(h, sizeof h, s->height);
    print_extent(w, sizeof w, s->width);
    if (s->kernel[0] > 0 && s->kernel[1] > 0)
        snprintf(taps, sizeof taps, ", %d\u00d7%d taps", s->kernel[0], s->kernel[1]);
    snprintf(buf, size, "%s, %lld to %lld channels, %s\u00d7%s%s, %s %s", dcn_op_name(s->op),
             (long long)s->in_channels, (long long)s->out_channels, h, w, taps,
             dcn_dtype_name(s->dtype), dcn_layout_name(s->layout));
}

double section_bytes(const Section *t)
{
    const dcn_spec *s = &t->spec;
    const bool is_static = t->known && s->batch != DCN_DYNAMIC && s->height != DCN_DYNAMIC &&
                           s->width != DCN_DYNAMIC && s->rois != DCN_DYNAMIC;
    return is_static ? dcn_spec_bytes(s) : NAN;
}

int section_failures(const Section *t)
{
    int n = 0;
    for (int i = 0; i < t->n; i++)
        n += record_is_failure(&t->record[i]);
    return n;
}

int section_runs(const Section *t)
{
    int n = t->n > 0;
    for (int i = 1; i < t->n; i++)
        n += t->record[i].run != t->record[i - 1].run;
    return n;
}
