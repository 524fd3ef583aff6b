/* nets.h: networks for tests, from text of the spec language.
**
** What cannot fail in a right program ends the test process with a line on stderr.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_SUPPORT_NETS_H
#define DCN_TESTS_SUPPORT_NETS_H

#include "runtime/spec/network.h"

#include <dcngen.h>

typedef struct Net {
    dcn_module *module;
    dcn_spec spec; /* of the only kernel */
    const dcn_network *net;
} Net;

void nets_open(Net *n, const char *text);
void nets_close(Net *n);

/* -1: there is none of that name. */
int nets_layer(const Net *n, const char *name);
int nets_param(const Net *n, const char *name);

/* A network of every kind of layer and of values that several layers read; i-th of nets_count(). */
const char *nets_text(int i);
int nets_count(void);

#endif
