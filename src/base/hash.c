#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
/* Compiled in: libpg_query exports an older copy of its own under the same names. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#define BLOCK_BYTES 64 /* of SHA-256, for HMAC (RFC 2104) */

struct ep_sha256 {
    EVP_MD_CTX *ctx;
};

/* Fetched once: an implicit fetch at every init costs more than hashing a short key. */
static EVP_MD *md;
static pthread_key_t thread_ctx;
static bool thread_ctx_made;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_thread_ctx(void *ctx) {
    EVP_MD_CTX_free(ctx);
}

static void fetch(void) {
    md = EVP_MD_fetch(NULL, "SHA256", NULL);
    thread_ctx_made = pthread_key_create(&thread_ctx, free_thread_ctx) == 0;
}

/* A hash is an identity: there is no honest value to go on with, and this can only happen when OpenSSL's
 * own small first allocation fails or the library is broken. */
static void must(int ok) {
    if (ok != 1)
        abort();
}

static EVP_MD_CTX *ctx_new(void) {
    pthread_once(&once, fetch);
    EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
    if (ctx && EVP_DigestInit_ex(ctx, md, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* The calling thread's own context, for the one-shot functions. */
static EVP_MD_CTX *ctx_of_thread(void) {
    static __thread EVP_MD_CTX *ctx;
    if (!ctx) {
        ctx = ctx_new();
        must(ctx != NULL && thread_ctx_made && pthread_setspecific(thread_ctx, ctx) == 0);
    }
    return ctx;
}

static void digest(EVP_MD_CTX *ctx, const void *head, size_t head_len, const void *data, size_t len,
                   uint8_t out[32]) {
    must(EVP_DigestInit_ex(ctx, NULL, NULL));
    must(head_len == 0 || EVP_DigestUpdate(ctx, head, head_len));
    must(len == 0 || EVP_DigestUpdate(ctx, data, len));
    must(EVP_DigestFinal_ex(ctx, out, NULL));
}

ep_code ep_sha256_new(ep_sha256 **ret, ep_error *err) {
    ep_sha256 *sha = ep_malloc(sizeof *sha);
    if (!sha || !(sha->ctx = ctx_new())) {
        ep_free(sha);
        return ep_fail(err, EP_E_NOMEM, "out of memory for SHA-256");
    }
    *ret = sha;
    return EP_OK;
}

void ep_sha256_free(ep_sha256 **sha) {
    if (!sha || !*sha)
        return;
    EVP_MD_CTX_free((*sha)->ctx);
    ep_free(*sha);
    *sha = NULL;
}

void ep_sha256_init(ep_sha256 *sha) {
    must(EVP_DigestInit_ex(sha->ctx, NULL, NULL));
}

void ep_sha256_add(ep_sha256 *sha, const void *data, size_t len) {
    if (len > 0)
        must(EVP_DigestUpdate(sha->ctx, data, len));
}

void ep_sha256_end(ep_sha256 *sha, uint8_t out[32]) {
    must(EVP_DigestFinal_ex(sha->ctx, out, NULL));
}

void ep_sha256_of(const void *data, size_t len, uint8_t out[32]) {
    digest(ctx_of_thread(), NULL, 0, data, len, out);
}

void ep_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[32]) {
    uint8_t inner[BLOCK_BYTES] = {0}, outer[BLOCK_BYTES], first[32];
    EVP_MD_CTX *ctx = ctx_of_thread();
    if (key_len > BLOCK_BYTES)
        digest(ctx, NULL, 0, key, key_len, inner);
    else if (key_len > 0)
        memcpy(inner, key, key_len);
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    digest(ctx, inner, BLOCK_BYTES, data, len, first);
    digest(ctx, outer, BLOCK_BYTES, first, sizeof first, out);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
}

int64_t ep_id63(const uint8_t digest[32]) {
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | digest[i];
    return (int64_t)(bits >> 1);
}

int64_t ep_id63_of(const void *data, size_t len) {
    uint8_t digest[32];
    ep_sha256_of(data, len, digest);
    return ep_id63(digest);
}

void ep_hex(const uint8_t *data, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * n] = '\0';
}

uint64_t ep_xxh3(const void *data, size_t len) {
    return XXH3_64bits(len ? data : "", len);
}

uint64_t ep_xxh3_seeded(const void *data, size_t len, uint64_t seed) {
    return XXH3_64bits_withSeed(len ? data : "", len, seed);
}

int64_t ep_content_hash(const void *data, size_t len) {
    return (int64_t)(ep_xxh3(data, len) & INT64_MAX);
}

static uint64_t load_big_endian(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

void ep_sum256_add(ep_sum256 *sum, const uint8_t digest_bytes[32]) {
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t term = load_big_endian(digest_bytes + 24 - 8 * i), part;
        uint64_t over = __builtin_add_overflow(sum->limb[i], term, &part);
        over += __builtin_add_overflow(part, carry, &part);
        sum->limb[i] = part;
        carry = over;
    }
}

void ep_sum256_hex(const ep_sum256 *sum, char out[65]) {
    uint8_t bytes[32];
    for (int i = 0; i < 32; i++)
        bytes[31 - i] = (uint8_t)(sum->limb[i / 8] >> (8 * (i % 8)));
    ep_hex(bytes, sizeof bytes, out);
}
