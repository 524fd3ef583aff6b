/* error.h: what went wrong, where, and with which exit code.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ERROR_H
#define DCNGEN_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The values are the program's exit codes. */
typedef enum {
    DCN_OK = 0,
    DCN_EFAILED = 1, /* the work ran and something failed: a mismatch, a refused schedule */
    DCN_EUSAGE = 2,  /* a wrong argument */
    DCN_ESPEC = 3,   /* a spec that cannot be */
    DCN_EENV = 4, /* environment or target: unsupported CPU, no permission, no memory, disk full */
    DCN_ESTORE = 5, /* a corrupt store */
} dcn_status;

/* Owned by the caller; filled by a function that failed.  Passing NULL instead is allowed. */
typedef struct dcn_error {
    dcn_status code;
    int line;       /* 0: no line */
    char file[256]; /* "": no file */
    char text[768]; /* one line, no newline */
} dcn_error;

#define DCN_ERROR_MAX 1040 /* bytes for any error as one line */

/* Write "file:line: text", "file: text" or "text", whichever err has the parts for, into
** buf[size], cut to fit and ended by NUL; buf may be NULL if size is 0.  Returns the length of the
** whole line. */
int dcn_error_print(const dcn_error *err, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
