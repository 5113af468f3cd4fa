/* The generator: options, numbers as text, equal bytes for equal seeds, the shapes of the shop's old streams, full memory. */
#include "base/hash.h"
#include "base/time.h"
#include "generate/generate.h"
#include "generate/put.h"
#include "generate/random.h"

#include <ftw.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64]; /* of the test that runs */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int setup(void **state) {
    (void)state;
    strcpy(folder, "/tmp/entrepot-generate-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *within(const char *name) {
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

static ep_generate_options small(const char *out, bool legacy) {
    ep_generate_options options;
    ep_generate_options_init(&options);
    options.out = out;
    options.legacy = legacy;
    options.days = 2;
    options.orders_per_day = 40;
    options.sellers = 12;
    options.products = 30;
    return options;
}

/* One digest over the names and contents of all files: the order of a folder's entries is not fixed, so digests are added. */
static ep_sha256 *sha;
static ep_sum256 total;

static int add_file(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)walk;
    if (type != FTW_F)
        return 0;
    ep_buf data = {0};
    assert_int_equal(ep_read_file(path, 1 << 26, &data, NULL), EP_OK);
    uint8_t digest[32];
    const char *name = strchr(path + strlen(folder) + 1, '/');
    ep_sha256_init(sha);
    ep_sha256_add(sha, name, strlen(name));
    ep_sha256_add(sha, data.data, data.len);
    ep_sha256_end(sha, digest);
    ep_buf_done(&data);
    ep_sum256_add(&total, digest);
    return 0;
}

static void digest_of(const ep_generate_options *options, char out[65]) {
    ep_error err = {0};
    ep_generate_summary summary;
    if (ep_generate(options, &summary, &err) != EP_OK)
        fail_msg("%s", err.text);
    assert_true(summary.n_total > 0 && summary.n_bytes > 0 && summary.n_files > 0);
    total = (ep_sum256){0};
    assert_int_equal(ep_sha256_new(&sha, NULL), EP_OK);
    assert_int_equal(nftw(options->out, add_file, 16, FTW_PHYS), 0);
    ep_sha256_free(&sha);
    ep_sum256_hex(&total, out);
}

static void test_the_same_seed_gives_the_same_bytes(void **state) {
    (void)state;
    char a[65], b[65], c[65];
    for (int legacy = 0; legacy < 2; legacy++) {
        ep_generate_options options = small(within(legacy ? "la" : "ma"), legacy);
        options.faults = "5%";
        digest_of(&options, a);
        options.out = within(legacy ? "lb" : "mb");
        digest_of(&options, b);
        assert_string_equal(a, b);
        options.out = within(legacy ? "lc" : "mc");
        options.seed = 2;
        digest_of(&options, c);
        assert_string_not_equal(a, c);
    }
}

/* Every machine and compiler writes these; a change of the generator changes them on purpose. */
static void test_the_bytes_are_the_same_everywhere(void **state) {
    (void)state;
    static const struct {
        const char *name, *faults, *digest;
        bool legacy;
        int64_t flat;
    } cases[] = {
        {"legacy", NULL, "9b708d2785cc3a15a726e9c9739c2ef39f0cef0cc02450cd6cb7bf1898f1cec7", true, 0},
        {"market", NULL, "41f903d3ff04282bc873bd6697936e305ce645dc4fff4d5b1b46f0df50ffe8b1", false, 0},
        {"faults", "10%", "f25491626da6172d3b19594f6c3e47b48f059407950e4db3f41e82ffe3446207", false, 0},
        {"flat", NULL, "3f773c95f213d396cb85ff513def67c2a63b8d442cd7da32dea1832de67ec352", false, 1000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char digest[65];
        ep_generate_options options = small(within(cases[i].name), cases[i].legacy);
        options.faults = cases[i].faults;
        options.flat = cases[i].flat;
        digest_of(&options, digest);
        assert_string_equal(digest, cases[i].digest);
    }
}

/* The lines of a file match a shape; returns how many there are. */
static int match_lines(const char *path, const char *shape) {
    regex_t regex;
    assert_int_equal(regcomp(&regex, shape, REG_EXTENDED | REG_NOSUB), 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *line = NULL;
    size_t capacity = 0;
    int n = 0;
    for (ssize_t len; (len = getline(&line, &capacity, file)) > 0; n++) {
        line[len - 1] = '\0';
        if (regexec(&regex, line, 0, NULL, 0) != 0)
            fail_msg("line %d of %s has another shape: %s", n + 1, path, line);
    }
    free(line);
    fclose(file);
    regfree(&regex);
    return n;
}

#define UUID  "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
#define TEXT  "\"([^\"\\\\]|\\\\u[0-9a-f]{4})+\""
#define PRICE "[0-9]+\\.[0-9]{1,2}"
#define ITEM                                                                                 \
    "\\{\"product_id\": \"p-[0-9]{4}\", \"name\": " TEXT                                     \
    ", \"category\": \"[a-z_]+\", \"description\": " TEXT ", \"(unit_price|price)\": " PRICE \
    ", \"quantity\": [123]\\}"

static void test_old_streams_have_the_old_shapes(void **state) {
    (void)state;
    ep_generate_options options = small(within("old"), true);
    assert_int_equal(ep_generate(&options, NULL, NULL), EP_OK);
    int n = match_lines(
        within("old/orders/2025-12-01.jsonl"),
        "^\\{\"event_id\": \"" UUID "\", \"order_id\": \"" UUID
        "\", \"customer\": \\{\"id\": \"c-[0-9]{5}\", \"name\": " TEXT
        ", \"email\": \"[a-z0-9.]+@example\\.(com|org|net)\", \"address\": " TEXT ", \"city\": " TEXT
        ", \"country\": " TEXT "\\}, \"items\": \\[" ITEM "(, " ITEM "){0,4}\\], \"total_amount\": " PRICE
        ", \"currency\": \"USD\", \"status\": \"PLACED\", \"timestamp\": [0-9]{10}\\.[0-9]{1,7}\\}$");
    assert_int_equal(n, 40);
    n = match_lines(
        within("old/clickstream/2025-12-02.jsonl"),
        "^\\{\"event_id\": \"" UUID "\", \"session_id\": \"" UUID "\", \"user_id\": (null|\"" UUID "\"), "
        "\"url\": \"(/|/login|/cart|/checkout|/category/[a-z_]+|/product/p-[0-9]{4})\", "
        "\"event_type\": \"(view_page|add_to_cart|checkout_start)\", \"user_agent\": \"[^\"\\\\]+\", "
        "\"ip_address\": \"[0-9.]+\", \"timestamp\": [0-9]{10}\\.[0-9]{1,7}\\}$");
    assert_int_equal(n, 400);
}

/* What repr() of Python gives: the shortest digits that read back as the same double. */
static void shortest(double value, char out[64]) {
    for (int decimals = 1; decimals < 12; decimals++) {
        snprintf(out, 64, "%.*f", decimals, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

static void test_moments_are_written_as_python_writes_floats(void **state) {
    (void)state;
    ep_random random = ep_random_at(1, 2, 3);
    for (int i = 0; i < 300000; i++) {
        /* 1990 to 2099, and often the last microseconds of a second. */
        int64_t seconds = 631152000 + (int64_t)(ep_random_next(&random) % 3471292800U);
        int64_t us = i % 10 == 0 ? 999999 : ep_random_below(&random, 1000000);
        uint32_t ns = ep_random_below(&random, 1000);
        char mine[64], expected[64], exact[64];
        *ep_put_epoch_ns(mine, seconds * 1000000 + us, ns) = '\0';
        /* strtod rounds once. */
        snprintf(exact, sizeof exact, "%lld.%09lld", (long long)seconds, (long long)(us * 1000 + ns));
        shortest(strtod(exact, NULL), expected);
        assert_string_equal(mine, expected);
        *ep_put_epoch_us(mine, seconds * 1000000 + us) = '\0';
        snprintf(exact, sizeof exact, "%lld.%06lld", (long long)seconds, (long long)us);
        shortest(strtod(exact, NULL), expected);
        assert_string_equal(mine, expected);
    }
}

static void test_numbers_as_text(void **state) {
    (void)state;
    char text[64];
    *ep_put_float_cents(text, 1250) = '\0';
    assert_string_equal(text, "12.5");
    *ep_put_float_cents(text, 1200) = '\0';
    assert_string_equal(text, "12.0");
    *ep_put_float_cents(text, 1204) = '\0';
    assert_string_equal(text, "12.04");
    *ep_put_money(text, 199900, 2) = '\0';
    assert_string_equal(text, "19.99");
    *ep_put_money(text, -199900, 4) = '\0';
    assert_string_equal(text, "-19.9900");
    *ep_put_money(text, 50000, 0) = '\0';
    assert_string_equal(text, "5");
    *ep_put_int(text, INT64_MIN) = '\0';
    assert_string_equal(text, "-9223372036854775808");
    *ep_put_padded(text, 7, 4) = '\0';
    assert_string_equal(text, "0007");
    *ep_put_padded(text, 12345, 4) = '\0';
    assert_string_equal(text, "12345");
    *ep_put_uuid(text, 0x0123456789abcdef, 0xfedcba9876543210) = '\0';
    assert_string_equal(text, "01234567-89ab-4def-bedc-ba9876543210");
    int64_t ts_us = ep_days_from_civil(2026, 3, 1) * EP_DAY_US + INT64_C(34496250137);
    *ep_put_rfc3339(text, ts_us) = '\0';
    assert_string_equal(text, "2026-03-01T09:34:56.250137Z");
    *ep_put_rfc3339_offset(text, ts_us, 1) = '\0';
    assert_string_equal(text, "2026-03-01T10:34:56.250137+01:00");
    *ep_put_ascii(text, "In\xc3\xa8s \xe2\x82\xac") = '\0';
    assert_string_equal(text, "In\\u00e8s \\u20ac");
}

static void test_options_come_from_one_table(void **state) {
    (void)state;
    size_t n;
    const ep_generate_option *table = ep_generate_option_table(&n);
    ep_generate_options options;
    ep_generate_options_init(&options);
    for (size_t i = 0; i < n; i++) {
        assert_true(table[i].text[0] != '\0');
        /* Defaults are in range, and reading them changes nothing. */
        ep_generate_options before = options;
        if (strcmp(table[i].name, "from") != 0 && strcmp(table[i].name, "faults") != 0 &&
            table[i].default_text[0]) {
            assert_int_equal(ep_generate_option_set(&options, table[i].name, table[i].default_text, NULL),
                             EP_OK);
            assert_memory_equal(&options, &before, sizeof options);
        }
    }
    ep_error err = {0};
    assert_int_equal(ep_generate_option_set(&options, "days", "0", &err), EP_E_USAGE);
    assert_string_equal(err.field, "days");
    assert_int_equal(ep_generate_option_set(&options, "days", "3660", &err), EP_OK);
    assert_int_equal(ep_generate_option_set(&options, "from", "2026-02-30", &err), EP_E_USAGE);
    assert_int_equal(ep_generate_option_set(&options, "from", "2026-03-01", &err), EP_OK);
    assert_true(options.from_day == ep_days_from_civil(2026, 3, 1));
    assert_int_equal(ep_generate_option_set(&options, "legacy", NULL, &err), EP_OK);
    assert_true(options.legacy);
    assert_int_equal(ep_generate_option_set(&options, "flat-format", "csv", &err), EP_OK);
    assert_true(options.flat_csv);
    assert_int_equal(ep_generate_option_set(&options, "out", NULL, &err), EP_E_USAGE);
    assert_int_equal(ep_generate_option_set(&options, "such", "1", &err), EP_E_USAGE);
    const ep_generate_fault *faults = ep_generate_fault_table(&n);
    for (size_t i = 0; i < n; i++)
        assert_true(faults[i].name[0] && faults[i].streams[0] && faults[i].outcome[0] && faults[i].text[0]);
}

static bool count_calls(void *user, uint64_t done, uint64_t of) {
    uint64_t *seen = user;
    assert_true(done <= of && done >= seen[0]);
    seen[0] = done;
    return ++seen[1] < 3;
}

static void test_a_run_says_how_far_it_is_and_can_be_stopped(void **state) {
    (void)state;
    uint64_t seen[2] = {0, 0};
    ep_generate_options options = small(within("long"), true);
    options.flat = 1000000;
    options.progress = count_calls;
    options.user = seen;
    ep_generate_summary summary;
    assert_int_equal(ep_generate(&options, &summary, NULL), EP_E_CANCELLED);
    assert_true(seen[1] == 3 && summary.n_total == seen[0] && summary.n_total < 1000000);
}

/* The first, the second, ... allocation fails, and all after it: an error each time, until everything fits. */
static void test_full_memory_is_an_error(void **state) {
    (void)state;
    ep_generate_options options = small(within("memory"), false);
    options.days = 1;
    options.faults = "20%";
    options.truth = within("truth");
    options.force = true;
    for (int64_t n = 1;; n += n < 60 ? 1 : 97) {
        ep_error err = {0};
        ep_mem_fail_after(n);
        ep_code code = ep_generate(&options, NULL, &err);
        ep_mem_fail_after(0);
        if (code == EP_OK) {
            assert_true(n > 60);
            return;
        }
        assert_int_equal(code, EP_E_NOMEM);
        assert_true(err.text[0] != '\0');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_same_seed_gives_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_bytes_are_the_same_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_streams_have_the_old_shapes, setup, teardown),
        cmocka_unit_test(test_moments_are_written_as_python_writes_floats),
        cmocka_unit_test(test_numbers_as_text),
        cmocka_unit_test(test_options_come_from_one_table),
        cmocka_unit_test_setup_teardown(test_a_run_says_how_far_it_is_and_can_be_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_memory_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
