#include "access/seller.h"
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { ITERATIONS = 4096, SALT_BYTES = 16, KEY_BYTES = 32 };

static void put_base64(ep_buf *out, const uint8_t *data, size_t len) {
    unsigned char text[64];
    int n = EVP_EncodeBlock(text, data, (int)len);
    ep_buf_add(out, text, (size_t)n);
}

ep_code ep_scram_verifier(const char *password, const uint8_t salt[SALT_BYTES], ep_buf *ret, ep_error *err) {
    uint8_t salted[KEY_BYTES], client[KEY_BYTES], stored[KEY_BYTES], server[KEY_BYTES];
    if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, SALT_BYTES, ITERATIONS, EVP_sha256(),
                          KEY_BYTES, salted) != 1)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a password");
    ep_hmac_sha256(salted, sizeof salted, "Client Key", 10, client);
    ep_sha256_of(client, sizeof client, stored);
    ep_hmac_sha256(salted, sizeof salted, "Server Key", 10, server);
    ep_buf_printf(ret, "SCRAM-SHA-256$%d:", ITERATIONS);
    put_base64(ret, salt, SALT_BYTES);
    ep_buf_puts(ret, "$");
    put_base64(ret, stored, sizeof stored);
    ep_buf_puts(ret, ":");
    put_base64(ret, server, sizeof server);
    explicit_bzero(salted, sizeof salted);
    explicit_bzero(client, sizeof client);
    return ep_buf_check(ret, err);
}

ep_code ep_password_new(char ret[33], ep_error *err) {
    /* 62 letters and digits: 248 is the greatest multiple of 62 in a byte, so no letter is likelier than another. */
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t n = 0; n < 32;) {
        uint8_t bytes[32];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            return ep_fail_errno(err, errno, "cannot draw random bytes for", "a password");
        for (size_t i = 0; i < sizeof bytes && n < 32; i++)
            if (bytes[i] < 248)
                ret[n++] = letters[bytes[i] % 62];
    }
    ret[32] = '\0';
    return EP_OK;
}
