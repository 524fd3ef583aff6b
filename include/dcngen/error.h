/* error.h: what went wrong, where, and with which exit code.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_ERROR_H
#define DCNGEN_ERROR_H

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

#ifdef __cplusplus
}
#endif
#endif
