#include "base/decimal.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])

static const char *result_name(ep_num_result result) {
    static const char *const names[] = {"ok", "syntax", "range", "scale"};
    return names[result];
}

/* A copy that ends where its memory ends: reading on would show. Freed by the caller. */
static ep_str exact(const char *text) {
    size_t len = strlen(text);
    char *copy = ep_malloc(len);
    memcpy(copy, text, len);
    return (ep_str){copy, len};
}

static void exact_done(ep_str *text) {
    ep_free((void *)(uintptr_t)text->ptr);
}

static void integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        ep_num_result result;
        int64_t value;
    } cases[] = {
        {"0", EP_NUM_OK, 0},
        {"-0", EP_NUM_OK, 0},
        {"007", EP_NUM_OK, 7},
        {"+7", EP_NUM_OK, 7},
        {"-12", EP_NUM_OK, -12},
        {"1.0", EP_NUM_OK, 1},
        {"1.000000000000000000000000000", EP_NUM_OK, 1},
        {"1.5e3", EP_NUM_OK, 1500},
        {"1.5E+3", EP_NUM_OK, 1500},
        {"15000e-3", EP_NUM_OK, 15},
        {"0e999999999999999999999999", EP_NUM_OK, 0},
        {"1e18", EP_NUM_OK, INT64_C(1000000000000000000)},
        {"999999999999999999", EP_NUM_OK, INT64_C(999999999999999999)},
        {"9223372036854775807", EP_NUM_OK, INT64_MAX},
        {"-9223372036854775808", EP_NUM_OK, INT64_MIN},
        {"000000000000000000000000009223372036854775807", EP_NUM_OK, INT64_MAX},
        {"9223372036854775808", EP_NUM_RANGE, 0},
        {"-9223372036854775809", EP_NUM_RANGE, 0},
        {"1e19", EP_NUM_RANGE, 0},
        {"18446744073709551617", EP_NUM_RANGE, 0},                    /* 1 modulo 2^64 */
        {"340282366920938463463374607431768211457", EP_NUM_RANGE, 0}, /* 1 modulo 2^128 */
        {"1e999999999999999999999999", EP_NUM_RANGE, 0},
        {"1.5", EP_NUM_SCALE, 0},
        {"15e-1", EP_NUM_SCALE, 0},
        {"1e-999999999999999999999999", EP_NUM_SCALE, 0},
        {"", EP_NUM_SYNTAX, 0},
        {"-", EP_NUM_SYNTAX, 0},
        {"+-1", EP_NUM_SYNTAX, 0},
        {".5", EP_NUM_SYNTAX, 0},
        {"5.", EP_NUM_SYNTAX, 0},
        {"5.e1", EP_NUM_SYNTAX, 0},
        {"1e", EP_NUM_SYNTAX, 0},
        {"1e+", EP_NUM_SYNTAX, 0},
        {"1e1.5", EP_NUM_SYNTAX, 0},
        {"1,000", EP_NUM_SYNTAX, 0},
        {" 1", EP_NUM_SYNTAX, 0},
        {"1 ", EP_NUM_SYNTAX, 0},
        {"0x10", EP_NUM_SYNTAX, 0},
        {"1_000", EP_NUM_SYNTAX, 0},
        {"NaN", EP_NUM_SYNTAX, 0},
        {"Infinity", EP_NUM_SYNTAX, 0},
        {"1/", EP_NUM_SYNTAX, 0}, /* the characters before 0 and after 9 */
        {"1:", EP_NUM_SYNTAX, 0},
        {"\xd9\xa1", EP_NUM_SYNTAX, 0}, /* an Arabic digit */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t value = 42;
        EP_CLEANUP(exact_done) ep_str text = exact(cases[i].text);
        ep_num_result result = ep_int_parse(text, &value);
        if (result != cases[i].result || value != (result == EP_NUM_OK ? cases[i].value : 42))
            fail_msg("\"%s\": %s, %" PRId64, cases[i].text, result_name(result), value);
    }
}

/* "-12.3400" or the name of the result. */
static const char *parsed(const char *text, int precision, int scale) {
    static char out[48];
    ep_int128 value = 42;
    EP_CLEANUP(exact_done) ep_str copy = exact(text);
    ep_num_result result = ep_decimal_parse(copy, precision, scale, &value);
    if (result != EP_NUM_OK) {
        assert_true(value == 42);
        return result_name(result);
    }
    size_t len = ep_decimal_format(value, scale, out);
    assert_int_equal(len, strlen(out));
    return out;
}

static void decimals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int precision, scale;
        const char *expected;
    } cases[] = {
        {"12.34", 18, 4, "12.3400"},
        {"-12.34", 18, 4, "-12.3400"},
        {"+0.0001", 18, 4, "0.0001"},
        {"-0.0001", 18, 4, "-0.0001"},
        {"-0.0000", 18, 4, "0.0000"},
        {"0.00010000000000000000000000", 18, 4, "0.0001"},
        {"0.00005", 18, 4, "scale"},
        {"0.1", 18, 0, "scale"},
        {"99999999999999.9999", 18, 4, "99999999999999.9999"},
        {"99999999999999.99990", 18, 4, "99999999999999.9999"},
        {"100000000000000", 18, 4, "range"},
        {"100000000000000.00001", 18, 4, "range"},
        {"99999999999999", 18, 4, "99999999999999.0000"},
        {"00000000000000000000000000000000012.5", 18, 4, "12.5000"},
        {"1.5e3", 18, 4, "1500.0000"},
        {"1.5e-3", 18, 4, "0.0015"},
        {"1.5e-4", 18, 4, "scale"},
        {"15000000000000000000e-19", 18, 4, "1.5000"},
        {"0.000000000000000000000000000015e30", 18, 4, "15.0000"},
        {"1e14", 18, 4, "range"},
        {"9.5", 1, 0, "scale"},
        {"9", 1, 0, "9"},
        {"10", 1, 0, "range"},
        {"0.9", 1, 1, "0.9"},
        {"1", 1, 1, "range"},
        {"0.999999999999999999", 18, 18, "0.999999999999999999"},
        {"1", 19, 18, "1.000000000000000000"},
        {"12345678901234567890.12345678", 38, 8, "12345678901234567890.12345678"},
        {"99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999"},
        {"-99999999999999999999999999999999999999", 38, 0, "-99999999999999999999999999999999999999"},
        {"100000000000000000000000000000000000000", 38, 0, "range"},
        {"0.00000000000000000000000000000000000001", 38, 38, "0.00000000000000000000000000000000000001"},
        {"-0.99999999999999999999999999999999999999", 38, 38, "-0.99999999999999999999999999999999999999"},
        {"0.000000000000000000000000000000000000001", 38, 38, "scale"},
        {"340282366920938463463374607431768211456.00", 38, 2, "range"}, /* 0 modulo 2^128 */
        {"1e99999999999999999999", 38, 8, "range"},
        {"1e-99999999999999999999", 38, 8, "scale"},
        {"0e99999999999999999999", 38, 8, "0.00000000"},
        {"", 18, 4, "syntax"},
        {".", 18, 4, "syntax"},
        {".5", 18, 4, "syntax"},
        {"5.", 18, 4, "syntax"},
        {"1.2.3", 18, 4, "syntax"},
        {"--1", 18, 4, "syntax"},
        {"1,5", 18, 4, "syntax"},
        {"1.5 EUR", 18, 4, "syntax"},
        {"1e", 18, 4, "syntax"},
        {"1:", 18, 4, "syntax"}, /* the characters after 9 and before 0 */
        {"1/", 18, 4, "syntax"},
        {"1.:", 18, 4, "syntax"},
        {"nan", 18, 4, "syntax"},
        {"12345678901234567890x", 38, 4, "syntax"},
        {"1", 0, 0, "range"},
        {"1", 39, 0, "range"},
        {"1", 4, 5, "range"},
        {"1", 4, -1, "range"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        const char *got = parsed(cases[i].text, cases[i].precision, cases[i].scale);
        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("\"%s\" as (%d,%d): %s", cases[i].text, cases[i].precision, cases[i].scale, got);
    }
}

static void cut_towards_minus_infinity(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int scale;
        ep_num_result result;
        int64_t value;
    } cases[] = {
        {"1764000000.123456789", 6, EP_NUM_OK, INT64_C(1764000000123456)},
        {"1.764E9", 6, EP_NUM_OK, INT64_C(1764000000000000)},
        {"-1.0000005", 6, EP_NUM_OK, -1000001},
        {"-1.0000000", 6, EP_NUM_OK, -1000000},
        {"-0.0000000000000000000000000000001", 6, EP_NUM_OK, -1},
        {"0.0000000000000000000000000000001", 6, EP_NUM_OK, 0},
        {"-1e-99999999999999999999", 6, EP_NUM_OK, -1},
        {"-0.0", 6, EP_NUM_OK, 0},
        {"9223372036854.775807999", 6, EP_NUM_OK, INT64_MAX},
        {"9223372036854.775808", 6, EP_NUM_RANGE, 0},
        {"-9223372036854.775808", 6, EP_NUM_OK, INT64_MIN},
        {"-9223372036854.7758081", 6, EP_NUM_RANGE, 0},
        {"1e14", 6, EP_NUM_RANGE, 0},
        {"123.99", 0, EP_NUM_OK, 123},
        {"-123.01", 0, EP_NUM_OK, -124},
        {"9.223372036854775807", 18, EP_NUM_OK, INT64_MAX},
        {"1.", 6, EP_NUM_SYNTAX, 0},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t value = 42;
        EP_CLEANUP(exact_done) ep_str text = exact(cases[i].text);
        ep_num_result result = ep_int_parse_floor(text, cases[i].scale, &value);
        if (result != cases[i].result || value != (result == EP_NUM_OK ? cases[i].value : 42))
            fail_msg("\"%s\": %s, %" PRId64, cases[i].text, result_name(result), value);
    }
}

static void formats(void **state) {
    (void)state;
    char out[48];
    ep_int128 most = ep_pow10(38) - 1;
    ep_int128 lowest = (ep_int128)((__extension__(unsigned __int128) 1) << 127);
    assert_int_equal(ep_decimal_format(0, 0, out), 1);
    assert_string_equal(out, "0");
    ep_decimal_format(5, 4, out);
    assert_string_equal(out, "0.0005");
    ep_decimal_format(-123400, 4, out);
    assert_string_equal(out, "-12.3400");
    assert_int_equal(ep_decimal_format(-most, 38, out), 41);
    assert_string_equal(out, "-0.99999999999999999999999999999999999999");
    ep_decimal_format((ep_int128)INT64_MAX * 10, 1, out);
    assert_string_equal(out, "9223372036854775807.0");
    ep_decimal_format(ep_pow10(19), 0, out);
    assert_string_equal(out, "10000000000000000000");
    ep_decimal_format(ep_pow10(38), 19, out);
    assert_string_equal(out, "10000000000000000000.0000000000000000000");
    ep_decimal_format(lowest, 0, out);
    assert_string_equal(out, "-170141183460469231731687303715884105728");
}

static void powers_of_ten(void **state) {
    (void)state;
    ep_int128 power = 1;
    for (int exponent = 0; exponent <= 38; exponent++) {
        assert_true(ep_pow10(exponent) == power);
        if (exponent < 38)
            power *= 10;
    }
}

static void rounding_is_half_away_from_zero(void **state) {
    (void)state;
    static const struct {
        int64_t value, expected;
        int from, to;
    } cases[] = {
        {12345, 1235, 4, 3},   {12344, 1234, 4, 3},    {-12345, -1235, 4, 3}, {-12344, -1234, 4, 3},
        {5, 1, 1, 0},          {4, 0, 1, 0},           {-5, -1, 1, 0},        {-4, 0, 1, 0},
        {9999, 1, 4, 0},       {4999, 0, 4, 0},        {5000, 1, 4, 0},       {-4999, 0, 4, 0},
        {123, 123, 2, 2},      {123, 12300, 2, 4},     {-7, -700, 0, 2},      {INT64_MAX, 0, 38, 0},
        {INT64_MAX, 1, 19, 0}, {INT64_MIN, -1, 19, 0}, {0, 0, 8, 4},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        ep_int128 got = ep_decimal_round(cases[i].value, cases[i].from, cases[i].to);
        if (got != cases[i].expected)
            fail_msg("%" PRId64 " from %d to %d: %" PRId64, cases[i].value, cases[i].from, cases[i].to,
                     (int64_t)got);
    }
    ep_int128 most = ep_pow10(38) - 1;
    assert_true(ep_decimal_round(most, 38, 0) == 1);
    assert_true(ep_decimal_round(-most, 38, 0) == -1);
    assert_true(ep_decimal_round(ep_pow10(38) / 2 - 1, 38, 0) == 0);
    assert_true(ep_decimal_round(most, 39, 0) == 0);
    assert_true(ep_decimal_round(most, 8, 4) == ep_pow10(34));
}

static void products_stop_at_38_digits(void **state) {
    (void)state;
    ep_int128 product = 42, most = ep_pow10(38) - 1;
    assert_true(ep_decimal_mul(123400, -25000, &product));
    assert_true(product == (ep_int128)-3085000000);
    assert_true(ep_decimal_mul(0, most, &product) && product == 0);
    assert_true(ep_decimal_mul(-most, -1, &product) && product == most);
    assert_true(ep_decimal_mul(ep_pow10(19) - 1, ep_pow10(19), &product));
    assert_true(ep_decimal_mul(ep_pow10(20), ep_pow10(17), &product) && product == ep_pow10(37));
    product = 42;
    assert_false(ep_decimal_mul(ep_pow10(19), ep_pow10(19), &product));
    assert_false(ep_decimal_mul(ep_pow10(20), -ep_pow10(18), &product));
    assert_false(ep_decimal_mul(most, 2, &product));
    assert_false(ep_decimal_mul(most, most, &product));
    assert_false(
        ep_decimal_mul(ep_pow10(37), ep_pow10(37), &product)); /* wraps to something small and plausible */
    assert_true(product == 42);
}

static ep_int128 random_value(test_random *random, int max_digits) {
    __extension__ unsigned __int128 value = test_random_next(random);
    value = value << 64 | test_random_next(random);
    ep_int128 limited =
        (ep_int128)(value >> 1) % ep_pow10((int)test_random_below(random, (uint64_t)max_digits) + 1);
    return test_random_below(random, 2) ? limited : -limited;
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 200000; i++) {
        int precision = (int)test_random_below(&random, 38) + 1;
        int scale = (int)test_random_below(&random, (uint64_t)precision + 1);
        ep_int128 value = random_value(&random, precision), read = 0;
        char text[64];
        size_t len = ep_decimal_format(value, scale, text);
        if (ep_decimal_parse((ep_str){text, len}, precision, scale, &read) != EP_NUM_OK || read != value)
            fail_msg("%s as (%d,%d)", text, precision, scale);
        /* The same value with its point moved. */
        int moved = (int)test_random_below(&random, 90) - 45;
        snprintf(text + len, sizeof text - len, "e%d", moved);
        int scale_moved = scale - moved;
        if (scale_moved < 0 || scale_moved > precision)
            continue;
        if (ep_decimal_parse(ep_str_from(text), precision, scale_moved, &read) != EP_NUM_OK || read != value)
            fail_msg("%s as (%d,%d)", text, precision, scale_moved);
    }
}

static void one_more_digit_than_the_type_holds_is_refused(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 50000; i++) {
        int precision = (int)test_random_below(&random, 38) + 1;
        int scale = (int)test_random_below(&random, (uint64_t)precision + 1);
        ep_int128 value = random_value(&random, precision), read = 42;
        char text[64];
        size_t len = ep_decimal_format(value, scale, text);
        if (scale == 0)
            text[len++] = '.';
        text[len++] = (char)('1' + i % 9);
        assert_int_equal(ep_decimal_parse((ep_str){text, len}, precision, scale, &read), EP_NUM_SCALE);
        ep_int128 beyond = ep_pow10(precision - (precision == 38));
        if (precision < 38) {
            len = ep_decimal_format(i % 2 ? beyond : -beyond, scale, text);
            assert_int_equal(ep_decimal_parse((ep_str){text, len}, precision, scale, &read), EP_NUM_RANGE);
        }
        assert_true(read == 42);
    }
}

static void integers_agree_with_strtoll(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 200000; i++) {
        int64_t value = (int64_t)test_random_next(&random) >> test_random_below(&random, 64), read = 0;
        char text[32];
        int len = snprintf(text, sizeof text, i % 3 ? "%" PRId64 : "%+" PRId64, value);
        assert_int_equal(ep_int_parse((ep_str){text, (size_t)len}, &read), EP_NUM_OK);
        assert_true(read == value && read == strtoll(text, NULL, 10));
    }
}

/* Long multiplication on 16-bit digits, apart from the code under test. */
static bool schoolbook(ep_int128 a, ep_int128 b, ep_int128 *ret) {
    uint64_t x[8], y[8], product[17] = {0};
    bool negative = (a < 0) != (b < 0);
    for (int i = 0; i < 8; i++) {
        x[i] = (uint64_t)((a < 0 ? -a : a) >> 16 * i) & 0xffff;
        y[i] = (uint64_t)((b < 0 ? -b : b) >> 16 * i) & 0xffff;
    }
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 8; k++)
            product[i + k] += x[i] * y[k];
    for (int i = 0; i < 16; i++) {
        product[i + 1] += product[i] >> 16;
        product[i] &= 0xffff;
    }
    for (int i = 8; i < 17; i++)
        if (product[i] != 0)
            return false;
    if (product[7] >> 15)
        return false;
    ep_int128 value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 16 | (ep_int128)product[i];
    *ret = negative ? -value : value;
    return value < ep_pow10(38);
}

static void products_agree_with_long_multiplication(void **state) {
    (void)state;
    test_random random = test_random_new();
    size_t n_fit = 0;
    for (int i = 0; i < 200000; i++) {
        ep_int128 a = random_value(&random, 38), b = random_value(&random, 38), got = 0, expected = 0;
        bool fits = schoolbook(a, b, &expected);
        assert_int_equal(ep_decimal_mul(a, b, &got), fits);
        assert_true(!fits || got == expected);
        n_fit += fits;
    }
    assert_in_range(n_fit, 20000, 180000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(decimals),
        cmocka_unit_test(cut_towards_minus_infinity),
        cmocka_unit_test(formats),
        cmocka_unit_test(powers_of_ten),
        cmocka_unit_test(rounding_is_half_away_from_zero),
        cmocka_unit_test(products_stop_at_38_digits),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(one_more_digit_than_the_type_holds_is_refused),
        cmocka_unit_test(integers_agree_with_strtoll),
        cmocka_unit_test(products_agree_with_long_multiplication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
