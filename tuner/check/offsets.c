/* offsets.c: how the offsets are spread for which a kernel is timed.
**
** A network's own offsets, recorded in a file, are the best input of tuning: how far they reach
** decides which rows of the map a tile touches.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/check/offsets.h"
#include "runtime/base/base.h"
#include "runtime/base/digest.h"
#include "runtime/base/text.h"
#include "runtime/spec/op.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double MOST = 1e6;

static int open_file(TuneOffsets *o, const char *path, dcn_error *err)
{
    char hex[RT_DIGEST_HEX];
    rt_digest d;
    if (rt_npy_read(path, INT64_MAX, &o->file, err)) /* for which tensor is said later */
        return -1;
    rt_digest_open(&d);
    rt_digest_bytes(&d, o->file.data, (size_t)o->file.count * rt_kind_bytes(o->file.kind));
    rt_digest_hex(&d, hex);
    snprintf(o->name, sizeof o->name, "npy:%.16s", hex);
    return 0;
}

static bool is_file(const char *text)
{
    size_t n = strlen(text);
    return n > 4 && !strcmp(text + n - 4, ".npy");
}

/* NaN if it is not one. */
static double deviation_of(const char *text)
{
    static const char normal[] = "normal:";
    if (!strcmp(text, "zero"))
        return 0;
    double x = rt_text_number(strncmp(text, normal, strlen(normal)) ? text : text + strlen(normal));
    return x >= 0 && x <= MOST ? x : NAN;
}

bool tune_offsets_is_text(const char *text)
{
    return is_file(text) || !isnan(deviation_of(text));
}

int tune_offsets_open(TuneOffsets *o, const char *text, dcn_error *err)
{
    *o = (TuneOffsets){ .deviation = 2 };
    if (text && is_file(text))
        return open_file(o, text, err);
    if (text)
        o->deviation = deviation_of(text);
    if (isnan(o->deviation))
        return dcn_fail(err, DCN_EUSAGE,
                        "offsets '%.100s' are not zero, normal:S with 0 <= S <= 1e6, or FILE.npy",
                        text);
    if (o->deviation > 0)
        snprintf(o->name, sizeof o->name, "normal:%g", o->deviation);
    else
        strcpy(o->name, "zero");
    return 0;
}

void tune_offsets_close(TuneOffsets *o)
{
    rt_array_free(&o->file);
    o->file = (rt_array){ 0 };
}

/* ---- filling ------------------------------------------------------------------------------- */

static bool same_shape(const rt_array *a, const dcn_tensor *t)
{
    bool same = a->rank == t->rank;
    for (int d = 0; same && d < t->rank; d++)
        same = a->dims[d] == t->dims[d];
    return same;
}

static int fail_shape(const rt_array *a, const dcn_tensor *t, dcn_error *err)
{
    char want[128], got[128];
    rt_text want_text = rt_text_in(want, sizeof want), got_text = rt_text_in(got, sizeof got);
    rt_text_shape(&want_text, t->rank, t->dims);
    rt_text_shape(&got_text, a->rank, a->dims);
    return dcn_fail(err, DCN_EUSAGE, "the file of offsets has shape %s, '%s' has %s", got, t->name,
                    want);
}

static void copy_file(const TuneOffsets *o, Operands *to, int i)
{
    const rt_kind kind = rt_kind_of(to->tensor[i].dtype);
    rt_convert(to->typed[i], kind, o->file.data, o->file.kind, o->file.count);
    rt_convert(to->exact[i], RT_F64, to->typed[i], kind, o->file.count);
}

int tune_offsets_fill(const TuneOffsets *o, Operands *to, rt_rng *r, dcn_error *err)
{
    TuneCase ordinary = tune_ordinary(o->deviation);
    if (o->file.data && rt_op_has(to->spec.op, RT_IS_NETWORK))
        return dcn_fail(err, DCN_EUSAGE, "'%s' is a network: a file of offsets is for one operator",
                        to->spec.name);
    tune_fill_case(to, &ordinary, r);
    for (int i = 0; i < to->n && o->file.data; i++) {
        if (to->which[i] != RT_OFFSET)
            continue;
        if (!same_shape(&o->file, &to->tensor[i]))
            return fail_shape(&o->file, &to->tensor[i], err);
        copy_file(o, to, i);
    }
    return 0;
}
