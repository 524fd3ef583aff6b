/* fail.c: errors of this library's own.
** SPDX-License-Identifier: Apache-2.0
*/
#include "onnxruntime/fail.h"

#include <stdarg.h>
#include <stdio.h>

int ort_error(dcn_error *err, dcn_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *err = (dcn_error){ .code = code };
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return -1;
}
