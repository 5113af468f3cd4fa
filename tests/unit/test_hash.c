#include "base/hash.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static void assert_hex(const uint8_t *bytes, size_t n, const char *expected) {
    char hex[65];
    ep_hex(bytes, n, hex);
    assert_string_equal(hex, expected);
}

/* FIPS 180-4 examples and the empty text. */
static void sha256_of_the_standard(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    ep_sha256 *sha = NULL;
    assert_int_equal(ep_sha256_new(&sha, NULL), EP_OK);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < N_OF(cases); i++) {
            uint8_t once[32], pieces[32];
            size_t len = strlen(cases[i].text);
            ep_sha256_of(cases[i].text, len, once);
            assert_hex(once, 32, cases[i].expected);
            ep_sha256_init(sha);
            for (size_t at = 0; at < len; at++)
                ep_sha256_add(sha, cases[i].text + at, 1);
            ep_sha256_add(sha, NULL, 0);
            ep_sha256_end(sha, pieces);
            assert_hex(pieces, 32, cases[i].expected);
        }
    }
    ep_sha256_free(&sha);
    assert_null(sha);
    ep_sha256_free(&sha);
    ep_sha256_free(NULL);
}

static void sha256_of_a_million_a(void **state) {
    (void)state;
    char block[1000];
    uint8_t out[32];
    ep_sha256 *sha = NULL;
    memset(block, 'a', sizeof block);
    assert_int_equal(ep_sha256_new(&sha, NULL), EP_OK);
    ep_sha256_init(sha);
    for (int i = 0; i < 1000; i++)
        ep_sha256_add(sha, block, sizeof block);
    ep_sha256_end(sha, out);
    assert_hex(out, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    ep_sha256_free(&sha);
}

static void init_forgets_what_was_added(void **state) {
    (void)state;
    uint8_t out[32];
    ep_sha256 *sha = NULL;
    assert_int_equal(ep_sha256_new(&sha, NULL), EP_OK);
    ep_sha256_init(sha);
    ep_sha256_add(sha, "left over", 9);
    ep_sha256_init(sha);
    ep_sha256_add(sha, "abc", 3);
    ep_sha256_end(sha, out);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ep_sha256_free(&sha);
}

static void a_lack_of_memory_is_an_ordinary_error(void **state) {
    (void)state;
    ep_sha256 *sha = NULL;
    ep_error err = {0};
    ep_mem_fail_after(1);
    ep_code code = ep_sha256_new(&sha, &err);
    ep_mem_fail_after(0);
    assert_int_equal(code, EP_E_NOMEM);
    assert_null(sha);
}

/* RFC 4231, and keys of no, one whole and one more than a block. */
static void hmac_of_the_standard(void **state) {
    (void)state;
    char key_aa[131], data_dd[50];
    memset(key_aa, '\xaa', sizeof key_aa);
    memset(data_dd, '\xdd', sizeof data_dd);
    char key_k[65];
    memset(key_k, 'k', sizeof key_k);
    static const char long_data[] =
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
        "hashed before being used by the HMAC algorithm.";
    const struct {
        ep_str key, data;
        const char *expected;
    } cases[] = {
        {EP_STR("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         EP_STR("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {EP_STR("Jefe"), EP_STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{key_aa, 20}, {data_dd, 50}, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{key_aa, 131},
         EP_STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{key_aa, 131},
         EP_STR(long_data),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {{NULL, 0}, {NULL, 0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {{key_k, 64}, EP_STR("x"), "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66"},
        {{key_k, 65}, EP_STR("x"), "75092ca3ee2b307470c227697b42b3e65376aa3bae98fb5a1f7b7536daa9588a"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        uint8_t out[32];
        ep_hmac_sha256(cases[i].key.ptr, cases[i].key.len, cases[i].data.ptr, cases[i].data.len, out);
        assert_hex(out, 32, cases[i].expected);
    }
}

static void *hash_in_thread(void *arg) {
    uint8_t *out = arg;
    uint8_t all[32] = {0};
    for (int i = 0; i < 2000; i++) {
        ep_sha256_of(all, sizeof all, all);
        ep_hmac_sha256("key", 3, all, sizeof all, all);
    }
    memcpy(out, all, 32);
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    uint8_t out[N][32], expected[32];
    hash_in_thread(expected);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, out[i]), 0);
    for (size_t i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < N; i++)
        assert_memory_equal(out[i], expected, 32);
}

static void hex_is_lower_case(void **state) {
    (void)state;
    assert_hex((const uint8_t *)"\x00\x01\xab\xff", 4, "0001abff");
    assert_hex((const uint8_t *)"", 0, "");
}

/* Figures of the reference xxhsum -H3: a stored hash must mean the same in every release. */
static void content_hashes_stay_what_they_are(void **state) {
    (void)state;
    assert_true(ep_xxh3("", 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(ep_xxh3(NULL, 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(ep_xxh3("abc", 3) == UINT64_C(0x78af5f94892f3950));
    assert_true(ep_content_hash("abc", 3) == INT64_C(0x78af5f94892f3950));
    test_random random = test_random_new();
    size_t n_cut = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t data = test_random_next(&random), hash = ep_xxh3(&data, sizeof data);
        assert_true(ep_content_hash(&data, sizeof data) >= 0);
        assert_true((uint64_t)ep_content_hash(&data, sizeof data) == (hash & INT64_MAX));
        n_cut += hash > INT64_MAX;
    }
    assert_in_range(n_cut, 300, 700);
}

static void one_row_sums_to_its_own_hash(void **state) {
    (void)state;
    uint8_t digest[32];
    char sum_hex[65], hex[65];
    ep_sum256 sum = {0};
    ep_sha256_of("row", 3, digest);
    ep_hex(digest, 32, hex);
    ep_sum256_add(&sum, digest);
    ep_sum256_hex(&sum, sum_hex);
    assert_string_equal(sum_hex, hex);
}

static void carries_run_through_all_limbs(void **state) {
    (void)state;
    uint8_t most[32], one[32] = {0};
    char hex[65];
    ep_sum256 sum = {0};
    memset(most, 0xff, sizeof most);
    one[31] = 1;
    ep_sum256_add(&sum, most);
    ep_sum256_add(&sum, one);
    ep_sum256_hex(&sum, hex);
    assert_string_equal(hex, "0000000000000000000000000000000000000000000000000000000000000000");
    ep_sum256_add(&sum, most);
    ep_sum256_add(&sum, most); /* 2^256 - 2: a limb of ones plus ones plus a carry */
    ep_sum256_hex(&sum, hex);
    assert_string_equal(hex, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe");
}

/* sum(int.from_bytes(sha256(str(i).encode()).digest(), "big") for i in range(1000)) % 2**256, in any order. */
static void a_sum_does_not_know_the_order(void **state) {
    (void)state;
    test_random random = test_random_new();
    int order[1000];
    for (int i = 0; i < 1000; i++)
        order[i] = i;
    for (int round = 0; round < 5; round++) {
        ep_sum256 sum = {0};
        char hex[65];
        for (size_t i = 999; round > 0 && i > 0; i--) {
            size_t k = test_random_below(&random, i + 1);
            int kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        for (int i = 0; i < 1000; i++) {
            char text[8];
            uint8_t digest[32];
            ep_sha256_of(text, (size_t)snprintf(text, sizeof text, "%d", order[i]), digest);
            ep_sum256_add(&sum, digest);
        }
        ep_sum256_hex(&sum, hex);
        assert_string_equal(hex, "2b7a23146f4bae65d0f9f4e35fbcb75c0f9bd858458d6b1a6a2fbc3fe04b3da0");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standard),
        cmocka_unit_test(sha256_of_a_million_a),
        cmocka_unit_test(init_forgets_what_was_added),
        cmocka_unit_test(a_lack_of_memory_is_an_ordinary_error),
        cmocka_unit_test(hmac_of_the_standard),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(content_hashes_stay_what_they_are),
        cmocka_unit_test(one_row_sums_to_its_own_hash),
        cmocka_unit_test(carries_run_through_all_limbs),
        cmocka_unit_test(a_sum_does_not_know_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
