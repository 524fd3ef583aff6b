/* digest.c: SHA-256 as hex.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/digest.h"

#include <nettle/base16.h>
#include <string.h>

void rt_digest_open(rt_digest *d)
{
    sha256_init(d);
}

void rt_digest_text(rt_digest *d, const char *text)
{
    sha256_update(d, strlen(text) + 1, (const uint8_t *)text);
}

void rt_digest_bytes(rt_digest *d, const void *bytes, size_t size)
{
    sha256_update(d, size, bytes);
}

void rt_digest_hex(rt_digest *d, char hex[RT_DIGEST_HEX])
{
    uint8_t raw[SHA256_DIGEST_SIZE];
    sha256_digest(d, sizeof raw, raw);
    base16_encode_update(hex, sizeof raw, raw);
    hex[RT_DIGEST_HEX - 1] = '\0';
}
