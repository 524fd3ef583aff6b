/* fail.h: errors of this library's own.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ONNXRUNTIME_FAIL_H
#define DCNGEN_ONNXRUNTIME_FAIL_H

#include <dcngen/error.h>

/* Fill err with one line; -1. */
__attribute__((format(printf, 3, 4))) int ort_error(dcn_error *err, dcn_status code,
                                                    const char *format, ...);

#endif
