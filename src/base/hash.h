#ifndef EP_BASE_HASH_H
#define EP_BASE_HASH_H

#include "base/str.h"

/** SHA-256 (FIPS 180-4, OpenSSL). One context a thread; reuse with _init. */
typedef struct ep_sha256 ep_sha256;
EP_CHECK ep_code ep_sha256_new(ep_sha256 **ret, ep_error *err);
void ep_sha256_free(ep_sha256 **sha);
void ep_sha256_init(ep_sha256 *sha);
void ep_sha256_add(ep_sha256 *sha, const void *data, size_t len);
void ep_sha256_end(ep_sha256 *sha, uint8_t out[32]);
/** One shot; HMAC-SHA-256 under a key. */
void ep_sha256_of(const void *data, size_t len, uint8_t out[32]);
void ep_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[32]);
/** First 63 bits of a digest: an identity that fits a BIGINT and is never negative. The second makes it of bytes, by SHA-256. */
int64_t ep_id63(const uint8_t digest[32]);
int64_t ep_id63_of(const void *data, size_t len);
/** Lower-case hex, 2 * n characters and NUL. */
void ep_hex(const uint8_t *data, size_t n, char *out);

/** XXH3 64 bits (libxxhash), never negative as int64 (63 bits): tells equal contents of ONE key apart, never identity. */
int64_t ep_content_hash(const void *data, size_t len);
uint64_t ep_xxh3(const void *data, size_t len);
/** The same with a seed, for tables of names that others choose. */
uint64_t ep_xxh3_seeded(const void *data, size_t len, uint64_t seed);

/* Sum modulo 2^256: the order-independent content hash of a table adds its rows' SHA-256, each read as a big-endian number (the sum
 * of one row prints as its SHA-256). limb[0] is the least significant. */
typedef struct ep_sum256 {
    uint64_t limb[4];
} ep_sum256;
void ep_sum256_add(ep_sum256 *sum, const uint8_t digest_bytes[32]);
void ep_sum256_hex(const ep_sum256 *sum, char out[65]);

#endif
