/* colours.c: channels of the network's input as colours of a photograph.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/colours.h"
#include "runtime/base/base.h"

int64_t view_colour(const PhotoView *v, int64_t c)
{
    return v->args->bgr ? v->net->value[v->image].shape.c - 1 - c : c;
}

double view_mean(const PhotoView *v, int64_t c)
{
    const NumberList *l = &v->args->mean;
    return l->at[l->n == 1 ? 0 : view_colour(v, c)];
}

double view_std(const PhotoView *v, int64_t c)
{
    const NumberList *l = &v->args->std;
    return l->at[l->n == 1 ? 0 : view_colour(v, c)];
}

int view_check_colours(const PhotoView *v, dcn_error *err)
{
    const Args *a = v->args;
    const net_value *in = &v->net->value[v->image];
    const char *option = a->mean.n > 1  ? "three numbers of --mean"
                         : a->std.n > 1 ? "three numbers of --std"
                         : a->bgr       ? "--channels bgr"
                                        : NULL;
    if (!option || in->shape.c == 3)
        return 0;
    return dcn_fail(err, DCN_EUSAGE, "%s: an image of three channels is needed, and '%s' has %lld",
                    option, in->name, (long long)in->shape.c);
}
