/* node.c: how nodes and responses are written.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/base.h"
#include "tuner/support/support.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number from 0 on, followed by `then`; NULL: there is none. */
static const char *read_number(const char *text, char then, int64_t *to)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (end == text || *end != then || v < 0 || v > INT_MAX || errno || *text == '+' ||
        *text == ' ')
        return NULL;
    *to = v;
    return then ? end + 1 : end;
}

static int read_pixel(const char *text, SupportNode *node)
{
    const char *x = read_number(text, ',', &node->y);
    return x && read_number(x, 0, &node->x) ? 0 : -1;
}

static int read_region(const char *text, SupportNode *node)
{
    if (read_number(text, 0, &node->image))
        return 0;
    const char *pixel = read_number(text, ',', &node->image);
    return pixel ? read_pixel(pixel, node) : -1;
}

int support_node_parse(const char *text, SupportNode *node, dcn_error *err)
{
    static const char roi[] = "roi=";
    const char *colon = strrchr(text, ':');
    const size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *node = (SupportNode){ .y = -1, .x = -1 };
    int failed = length < 1 || length >= NET_NAME_MAX ? -1 : 0;
    if (!failed)
        memcpy(node->layer, text, length);
    if (!failed && colon)
        failed = strncmp(colon + 1, roi, strlen(roi)) == 0
                     ? read_region(colon + 1 + strlen(roi), node)
                     : read_pixel(colon + 1, node);
    if (!failed)
        return 0;
    return dcn_fail(err, DCN_EUSAGE, "a node is LAYER:Y,X, or LAYER:roi=K of regions, not '%.200s'",
                    text);
}

int support_response_parse(const char *text, support_response *r, int64_t *channel, dcn_error *err)
{
    static const char one[] = "channel=";
    *channel = 0;
    *r = SUPPORT_CHANNEL;
    if (strncmp(text, one, strlen(one)) == 0 && read_number(text + strlen(one), 0, channel))
        return 0;
    *r = strcmp(text, "sum") == 0 ? SUPPORT_SUM : SUPPORT_NORM;
    if (*r == SUPPORT_SUM || strcmp(text, "norm") == 0)
        return 0;
    return dcn_fail(err, DCN_EUSAGE, "a response is norm, sum or channel=K, not '%.200s'", text);
}
