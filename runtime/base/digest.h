/* digest.h: SHA-256 as hex.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_DIGEST_H
#define DCN_RUNTIME_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { RT_DIGEST_HEX = 2 * SHA256_DIGEST_SIZE + 1 }; /* digits and NUL */

typedef struct sha256_ctx rt_digest;

void rt_digest_open(rt_digest *d);
/* The text with its end, so that "ab" "c" and "a" "bc" differ. */
void rt_digest_text(rt_digest *d, const char *text);
void rt_digest_bytes(rt_digest *d, const void *bytes, size_t size);
void rt_digest_hex(rt_digest *d, char hex[RT_DIGEST_HEX]);

#endif
