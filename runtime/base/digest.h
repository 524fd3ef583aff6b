/* digest.h: SHA-256 as hex.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_DIGEST_H
#define DCN_TUNER_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { TUNE_HEX = 2 * SHA256_DIGEST_SIZE + 1 };

typedef struct sha256_ctx TuneDigest;

void tune_digest_open(TuneDigest *d);
/* The text and its end, so that "ab" "c" and "a" "bc" differ. */
void tune_digest_text(TuneDigest *d, const char *text);
void tune_digest_bytes(TuneDigest *d, const void *bytes, size_t size);
void tune_digest_hex(TuneDigest *d, char hex[TUNE_HEX]);

#endif
