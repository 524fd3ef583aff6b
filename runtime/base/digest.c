/* digest.c: SHA-256 as hex.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/digest.h"

#include <nettle/base16.h>
#include <string.h>

void tune_digest_open(TuneDigest *d)
{
    sha256_init(d);
}

void tune_digest_text(TuneDigest *d, const char *text)
{
    sha256_update(d, strlen(text) + 1, (const uint8_t *)text);
}

void tune_digest_bytes(TuneDigest *d, const void *bytes, size_t size)
{
    sha256_update(d, size, bytes);
}

void tune_digest_hex(TuneDigest *d, char hex[TUNE_HEX])
{
    uint8_t raw[SHA256_DIGEST_SIZE];
    sha256_digest(d, sizeof raw, raw);
    base16_encode_update(hex, sizeof raw, raw);
    hex[TUNE_HEX - 1] = '\0';
}
