#include "base/time.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof(array)[0])
#define REFUSED     INT64_C(-42)

static void the_clock_can_be_set(void **state) {
    (void)state;
    int64_t now_us = ep_now_us();
    assert_true(now_us > INT64_C(1700000000000000) && now_us < INT64_C(10000000000000000));
    ep_clock_set(123);
    assert_true(ep_now_us() == 123);
    ep_clock_set(0);
    assert_true(ep_now_us() >= now_us);
    int64_t first_us = ep_monotonic_us();
    assert_true(ep_monotonic_us() >= first_us);
}

/* A calendar that only counts days on, from 0001-01-01 to 9999-12-31. */
static void every_day_of_the_calendar(void **state) {
    (void)state;
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t days = -719162;
    for (int year = 1; year <= 9999; year++) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= lengths[month - 1] + (leap && month == 2); day++, days++) {
                int y;
                unsigned m, d;
                ep_civil_from_days(days, &y, &m, &d);
                if (ep_days_from_civil(year, month, day) != days || y != year || m != month || d != day)
                    fail_msg("%04d-%02u-%02u", year, month, day);
            }
        }
    }
    assert_int_equal(days, 2932897);
}

/* Python: (date.fromisoformat(text) - date(1970, 1, 1)).days */
static void dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t days;
    } cases[] = {
        {"0001-01-01", -719162}, {"1582-10-15", -141427}, {"1600-02-29", -135081}, {"1900-03-01", -25508},
        {"1969-12-31", -1},      {"1970-01-01", 0},       {"2000-02-29", 11016},   {"2026-03-01", 20513},
        {"2100-02-28", 47540},   {"9999-12-31", 2932896},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int32_t days = -42;
        char text[11];
        assert_true(ep_date_parse(ep_str_from(cases[i].text), NULL, &days));
        assert_int_equal(days, cases[i].days);
        ep_time_format_date(days, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void wrong_dates(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "2026-02-29",
        "2100-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "0000-01-01",
        "2026-1-01",
        "2026-01-1",
        "26-01-01",
        "12026-01-01",
        "2026/01/01",
        "2026-01-01 ",
        " 2026-01-01",
        "2026-01-0a",
        "2026-0:-01",
        "2026-01-0/",
        "-001-01-01",
        "+026-01-01",
        "2026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int32_t days = -42;
        if (ep_date_parse(ep_str_from(cases[i]), NULL, &days) || days != -42)
            fail_msg("\"%s\" passes", cases[i]);
    }
}

static void times_of_day(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"00:00", 0},
        {"12:34", INT64_C(45240000000)},
        {"12:34:56", INT64_C(45296000000)},
        {"12:34:56.1", INT64_C(45296100000)},
        {"12:34:56.123456", INT64_C(45296123456)},
        {"12:34:56.123456999999999999", INT64_C(45296123456)},
        {"23:59:59.999999", INT64_C(86399999999)},
        {"24:00", REFUSED},
        {"24:00:00", REFUSED},
        {"12:60", REFUSED},
        {"12:34:60", REFUSED},
        {"12:34:", REFUSED},
        {"12:34:5", REFUSED},
        {"12:34:56.", REFUSED},
        {"12:34:56,5", REFUSED},
        {"12:34.5", REFUSED},
        {"1:34", REFUSED},
        {"12", REFUSED},
        {"", REFUSED},
        {"1234", REFUSED},
        {"-1:00", REFUSED},
        {"12:34 ", REFUSED},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        int64_t us = REFUSED;
        bool ok = ep_timeofday_parse(ep_str_from(cases[i].text), NULL, &us);
        if (us != cases[i].us || ok != (us != REFUSED))
            fail_msg("\"%s\": %" PRId64, cases[i].text, us);
    }
}

struct moment {
    const char *text;
    int64_t ts_us; /* or REFUSED */
};

static void assert_moments(const struct moment *cases, size_t n, ep_time_format format, const char *pattern,
                           const ep_zone *zone) {
    for (size_t i = 0; i < n; i++) {
        int64_t ts_us = REFUSED;
        /* Without NUL behind it and at the very end of a piece of memory: reading on would show. */
        size_t len = strlen(cases[i].text);
        char *copy = ep_malloc(len);
        memcpy(copy, cases[i].text, len);
        bool ok = ep_time_parse((ep_str){copy, len}, format, pattern, zone, &ts_us);
        ep_free(copy);
        if (ts_us != cases[i].ts_us || ok != (cases[i].ts_us != REFUSED))
            fail_msg("\"%s\" by %s: %" PRId64, cases[i].text, pattern ? pattern : "its format", ts_us);
    }
}

/* Figures of Python's datetime. */
static void rfc3339(void **state) {
    (void)state;
    static const struct moment cases[] = {
        {"2026-03-01T12:34:56Z", INT64_C(1772368496000000)},
        {"2026-03-01 12:34:56Z", INT64_C(1772368496000000)},
        {"2026-03-01t12:34:56z", INT64_C(1772368496000000)},
        {"2026-03-01T12:34:56.1Z", INT64_C(1772368496100000)},
        {"2026-03-01T12:34:56.123456+02:00", INT64_C(1772361296123456)},
        {"2026-03-01T12:34:56.123456789012345678901+02:00", INT64_C(1772361296123456)},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"1969-12-31T23:59:59.9999999Z", -1}, /* cut, so earlier */
        {"0001-01-01T00:00:00Z", EP_TS_MIN},
        {"0001-01-01T00:30:00+00:30", EP_TS_MIN},
        {"9999-12-31T23:59:59.999999Z", EP_TS_MAX},
        {"2024-02-29T00:00:00-05:30", INT64_C(1709184600000000)},
        {"2026-03-01T00:00:00+23:59", INT64_C(1772236860000000)},
        {"2026-03-01T12:34:56-00:00", INT64_C(1772368496000000)},
        {"2026-03-01T12:34:56", REFUSED}, /* no zone */
        {"2026-03-01T12:34Z", REFUSED},   /* no seconds */
        {"2026-03-01T12:34+02:00", REFUSED},
        {"2026-03-01T24:00:00Z", REFUSED},
        {"2026-03-01T23:59:60Z", REFUSED},
        {"2026-03-01T12:60:00Z", REFUSED},
        {"2026-02-29T12:00:00Z", REFUSED},
        {"0000-12-31T23:59:59Z", REFUSED},
        {"0001-01-01T00:00:00+00:01", REFUSED}, /* year 0 in UTC */
        {"9999-12-31T23:59:59-00:01", REFUSED},
        {"2026-03-01T12:34:56.Z", REFUSED},
        {"2026-03-01T12:34:56.12a4Z", REFUSED},
        {"2026-03-01T12:34:56+0200", REFUSED},
        {"2026-03-01T12:34:56+02", REFUSED},
        {"2026-03-01T12:34:56+02:0", REFUSED},
        {"2026-03-01T12:34:56+24:00", REFUSED},
        {"2026-03-01T12:34:56+02:60", REFUSED},
        {"2026-03-01T12:34:56 Z", REFUSED},
        {"2026-03-01T12:34:56ZZ", REFUSED},
        {"2026-03-01T12:34:56Z ", REFUSED},
        {"2026-03-01_12:34:56Z", REFUSED},
        {"2026-03-01", REFUSED},
        {"1772368496", REFUSED},
        {"", REFUSED},
    };
    assert_moments(cases, N_OF(cases), EP_TF_RFC3339, NULL, NULL);
    assert_moments(cases, N_OF(cases), EP_TF_RFC3339, NULL, ep_zone_find(EP_STR("Europe/Paris")));
}

static void local_times_need_their_zone(void **state) {
    (void)state;
    static const struct moment paris[] = {
        {"2026-03-01T12:34:56", INT64_C(1772364896000000)},
        {"2026-07-01 12:34:56.5", INT64_C(1782902096500000)},
        {"2026-03-01T12:34:56Z", REFUSED},
        {"2026-03-01T12:34:56+01:00", REFUSED},
        {"2026-03-01T12:34", REFUSED},
        {"0001-01-01T00:00:00", REFUSED}, /* still year 0 in UTC */
        {"9999-12-31T23:59:59", INT64_C(253402297199000000)},
    };
    static const struct moment none[] = {{"2026-03-01T12:34:56", REFUSED}};
    assert_moments(paris, N_OF(paris), EP_TF_LOCAL, NULL, ep_zone_find(EP_STR("Europe/Paris")));
    assert_moments(none, 1, EP_TF_LOCAL, NULL, NULL);
}

static void epoch_seconds_are_exact(void **state) {
    (void)state;
    static const struct moment cases[] = {
        {"0", 0},
        {"1764000000", INT64_C(1764000000000000)},
        {"1764000000.1", INT64_C(1764000000100000)},
        {"1764000000.123456", INT64_C(1764000000123456)},
        {"1764000000.123456789", INT64_C(1764000000123456)},
        {"1764000000.999999999999999999999", INT64_C(1764000000999999)},
        {"9007199254.740993", INT64_C(9007199254740993)}, /* 2^53 + 1: a double would say 2 */
        {"1.764E9", INT64_C(1764000000000000)},
        {"1.764000000123456E9", INT64_C(1764000000123456)},
        {"+5", 5000000},
        {"-1", -1000000},
        {"-1.5", -1500000},
        {"-0.0000001", -1},
        {"-1.0000001", -1000001},
        {"-62135596800", EP_TS_MIN},
        {"-62135596800.0000001", REFUSED},
        {"253402300799.9999999", EP_TS_MAX},
        {"253402300800", REFUSED},
        {"999999999999", REFUSED},
        {"9999999999999", REFUSED}, /* milliseconds */
        {"18446744073709551616", REFUSED},
        {"1764000000.", REFUSED},
        {".5", REFUSED},
        {"", REFUSED},
        {"-", REFUSED},
        {"1764000000 ", REFUSED},
        {"1764000000s", REFUSED},
        {"1764000000.1.2", REFUSED},
        {"0x5", REFUSED},
        {"NaN", REFUSED},
    };
    assert_moments(cases, N_OF(cases), EP_TF_EPOCH_S, NULL, NULL);
}

static void epoch_milli_and_microseconds_are_whole(void **state) {
    (void)state;
    static const struct moment milli[] = {
        {"1764000000123", INT64_C(1764000000123000)},
        {"-1", -1000},
        {"1764000000123.0", INT64_C(1764000000123000)},
        {"1.764E12", INT64_C(1764000000000000)},
        {"253402300799999", INT64_C(253402300799999000)},
        {"253402300800000", REFUSED},
        {"-62135596800000", EP_TS_MIN},
        {"-62135596800001", REFUSED},
        {"1764000000123.5", REFUSED},
        {"9223372036854775807", REFUSED},
        {"", REFUSED},
        {"1e3x", REFUSED},
    };
    static const struct moment micro[] = {
        {"1764000000123456", INT64_C(1764000000123456)},
        {"-1", -1},
        {"253402300799999999", EP_TS_MAX},
        {"253402300800000000", REFUSED},
        {"-62135596800000001", REFUSED},
        {"1.5", REFUSED},
    };
    assert_moments(milli, N_OF(milli), EP_TF_EPOCH_MS, NULL, NULL);
    assert_moments(micro, N_OF(micro), EP_TF_EPOCH_US, NULL, NULL);
}

static void a_date_is_midnight_in_its_zone(void **state) {
    (void)state;
    static const struct moment paris[] = {
        {"2026-03-01", INT64_C(1772319600000000)},
        {"2026-07-01", INT64_C(1782856800000000)},
        {"2026-02-29", REFUSED},
        {"2026-03-01T00:00:00", REFUSED},
        {"0001-01-01", REFUSED},
    };
    static const struct moment utc[] = {{"0001-01-01", EP_TS_MIN}, {"1970-01-01", 0}};
    static const struct moment none[] = {{"2026-03-01", REFUSED}};
    assert_moments(paris, N_OF(paris), EP_TF_DATE, NULL, ep_zone_find(EP_STR("Europe/Paris")));
    assert_moments(utc, N_OF(utc), EP_TF_DATE, NULL, ep_zone_find(EP_STR("UTC")));
    assert_moments(none, 1, EP_TF_DATE, NULL, NULL);
}

static void patterns(void **state) {
    (void)state;
    const int64_t noon = INT64_C(1772368496000000); /* 2026-03-01 12:34:56 UTC */
    static const struct {
        const char *pattern, *text;
        int64_t after_us; /* after noon; or REFUSED */
    } cases[] = {
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01 12:34:56", 0},
        {"uuuu-MM-dd HH:mm:ss", "2026-03-01 12:34:56", 0},
        {"yyyyMMddHHmmss", "20260301123456", 0},
        {"yyyyMMddHHmmssSSS", "20260301123456789", 789000},
        {"yyyyMMddHHmmssSSS", "202603011234567891", REFUSED},
        {"yy/MM/dd HH.mm.ss", "26/03/01 12.34.56", 0},
        {"d.M.yyyy H:m:s", "1.3.2026 12:34:56", 0},
        {"d.M.yyyy H:m:s", "01.03.2026 12:34:56", 0},
        {"d.M.yyyy H:m:s", "001.3.2026 12:34:56", REFUSED},
        {"dd.MM.yyyy HH:mm:ss", "1.3.2026 12:34:56", REFUSED},
        {"dd/MM/yyyy 'a' HH'h'mm ss's'", "01/03/2026 a 12h34 56s", 0},
        {"dd/MM/yyyy 'o''clock' HH:mm:ss", "01/03/2026 o'clock 12:34:56", 0},
        {"dd/MM/yyyy '' HH:mm:ss", "01/03/2026 ' 12:34:56", 0},
        {"yyyy-MM-dd'T'HH:mm:ss.SSSSSS", "2026-03-01T12:34:56.000001", 1},
        {"yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSS", "2026-03-01T12:34:56.000001999", 1},
        {"yyyy-MM-dd'T'HH:mm:ss.S", "2026-03-01T12:34:56.5", 500000},
        {"yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-03-01T12:34:56.12", REFUSED},
        {"yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-03-01T12:34:56.1a3", REFUSED},
        {"yyyy-MM-dd HH:mm:ssX", "2026-03-01 12:34:56Z", 0},
        {"yyyy-MM-dd HH:mm:ssX", "2026-03-01 14:34:56+02", 0},
        {"yyyy-MM-dd HH:mm:ssX", "2026-03-01 15:04:56+0230", 0},
        {"yyyy-MM-dd HH:mm:ssX", "2026-03-01 14:34:56+02:00", REFUSED},
        {"yyyy-MM-dd HH:mm:ssX'-5'", "2026-03-01 14:34:56+02-5", 0},
        {"yyyy-MM-dd HH:mm:ssXX", "2026-03-01 14:34:56+0200", 0},
        {"yyyy-MM-dd HH:mm:ssXX", "2026-03-01 12:34:56Z", 0},
        {"yyyy-MM-dd HH:mm:ssXX", "2026-03-01 14:34:56+02", REFUSED},
        {"yyyy-MM-dd HH:mm:ssXXX", "2026-03-01 07:04:56-05:30", 0},
        {"yyyy-MM-dd HH:mm:ssXXX", "2026-03-01 12:34:56Z", 0},
        {"yyyy-MM-dd HH:mm:ssXXX", "2026-03-01 14:34:56+0200", REFUSED},
        {"yyyy-MM-dd HH:mm:ssx", "2026-03-01 14:34:56+02", 0},
        {"yyyy-MM-dd HH:mm:ssx", "2026-03-01 12:34:56Z", REFUSED},
        {"yyyy-MM-dd HH:mm:ssxxx", "2026-03-01 14:34:56+02:00", 0},
        {"yyyy-MM-dd HH:mm:ss Z", "2026-03-01 14:34:56 +0200", 0},
        {"yyyy-MM-dd HH:mm:ss Z", "2026-03-01 12:34:56 Z", REFUSED},
        {"yyyy-MM-dd HH:mm:ss Z", "2026-03-01 12:34:56 +02", REFUSED},
        {"yyyy-MM-dd HH:mm:ss VV", "2026-03-01 13:34:56 Europe/Paris", 0},
        {"yyyy-MM-dd HH:mm:ss VV", "2026-03-01 12:34:56 UTC", 0},
        {"yyyy-MM-dd HH:mm:ss VV", "2026-03-01 14:34:56 +02:00", 0},
        {"yyyy-MM-dd HH:mm:ss VV", "2026-03-01 14:34:56 Europe/Nowhere", REFUSED},
        {"yyyy-MM-dd HH:mm:ss VV", "2026-03-01 14:34:56 ../../etc/passwd", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01 12:34:5", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01 12:34:56 ", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01T12:34:56", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01 24:00:00", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-03-01 12:34:60", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-02-29 12:34:56", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "0000-03-01 12:34:56", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "2026-0a-01 12:34:56", REFUSED},
        {"yyyy-MM-dd HH:mm:ss", "", REFUSED},
        {"HH:mm:ss", "12:34:56", REFUSED}, /* no date */
        {"MM-dd HH:mm:ss", "03-01 12:34:56", REFUSED},
        {"dd MMM yyyy", "01 Mar 2026", REFUSED},
        {"yyyy-MM-dd HH:mm:ss'", "2026-03-01 12:34:56", REFUSED}, /* not a pattern */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct moment one = {cases[i].text,
                             cases[i].after_us == REFUSED ? REFUSED : noon + cases[i].after_us};
        assert_moments(&one, 1, EP_TF_PATTERN, cases[i].pattern, ep_zone_find(EP_STR("UTC")));
    }
    struct moment none = {"2026-03-01 12:34:56", REFUSED};
    assert_moments(&none, 1, EP_TF_PATTERN, "yyyy-MM-dd HH:mm:ss", NULL);
    assert_moments(&none, 1, EP_TF_PATTERN, NULL, ep_zone_find(EP_STR("UTC")));
}

static void a_pattern_reads_in_the_declared_zone(void **state) {
    (void)state;
    static const struct moment paris[] = {
        {"01/03/2026 12:34", INT64_C(1772364840000000)},
        {"01/07/2026 12:34", INT64_C(1782902040000000)},
        {"29/03/2026 02:30", REFUSED},                   /* skipped */
        {"25/10/2026 02:30", INT64_C(1792888200000000)}, /* the first of two */
    };
    static const struct moment dated[] = {{"1.3.2026", INT64_C(1772319600000000)}};
    const ep_zone *zone = ep_zone_find(EP_STR("Europe/Paris"));
    assert_moments(paris, N_OF(paris), EP_TF_PATTERN, "dd/MM/yyyy HH:mm", zone);
    assert_moments(dated, N_OF(dated), EP_TF_PATTERN, "d.M.yyyy", zone);
}

static void patterns_of_dates_and_times_of_day(void **state) {
    (void)state;
    int32_t days = -42;
    int64_t us = -42;
    assert_true(ep_date_parse(EP_STR("1.3.2026"), "d.M.yyyy", &days));
    assert_int_equal(days, 20513);
    assert_true(ep_date_parse(EP_STR("20260301 2359"), "yyyyMMdd HHmm", &days));
    assert_int_equal(days, 20513);
    days = -42;
    assert_false(ep_date_parse(EP_STR("20260301 2460"), "yyyyMMdd HHmm", &days));
    assert_false(ep_date_parse(EP_STR("31.4.2026"), "d.M.yyyy", &days));
    assert_false(ep_date_parse(EP_STR("3.2026"), "M.yyyy", &days));
    assert_int_equal(days, -42);
    assert_true(ep_timeofday_parse(EP_STR("1234"), "HHmm", &us));
    assert_true(us == INT64_C(45240000000));
    assert_true(ep_timeofday_parse(EP_STR("9h05"), "H'h'mm", &us));
    assert_true(us == INT64_C(32700000000));
    us = -42;
    assert_false(ep_timeofday_parse(EP_STR("2400"), "HHmm", &us));
    assert_false(ep_timeofday_parse(EP_STR("2026"), "yyyy", &us));
    assert_true(us == -42);
}

static void lint_says_what_is_wrong_with_a_pattern(void **state) {
    (void)state;
    static const char *const good[] = {
        "yyyy-MM-dd",
        "dd.MM.yy",
        "d/M/uuuu H:m",
        "HH:mm",
        "HHmm",
        "yyyyMMddHHmmssSSS",
        "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        "yyyy-MM-dd HH:mm:ss VV",
        "dd/MM/yyyy 'at' HH'h'mm",
        "yyyy-MM-dd HH:mm:ss ''",
        "yyyy-MM-dd Z",
        "yyyy-MM-d'd'H",
    };
    static const struct {
        const char *pattern, *why;
    } bad[] = {
        {NULL, "no pattern"},
        {"", "neither a date"},
        {"'literal'", "neither a date"},
        {"dd MMM yyyy", "repeated"},
        {"dd MMMM yyyy", "repeated"},
        {"y-MM-dd", "repeated"},
        {"yyyyy-MM-dd", "repeated"},
        {"yyyy-MM-ddd", "repeated"},
        {"yyyy-MM-dd HH:mm:ss.SSSSSSSSSS", "repeated"},
        {"yyyy-MM-dd HH:mm:ss XXXX", "repeated"},
        {"yyyy-MM-dd HH:mm:ss V", "repeated"},
        {"yyyy-MM-dd hh:mm a", "a letter outside"},
        {"EEE yyyy-MM-dd", "a letter outside"},
        {"YYYY-MM-dd", "a letter outside"}, /* the week-based year, a classic mistake */
        {"yyyy-MM-DD", "a letter outside"},
        {"yyyy-MM-ddTHH:mm", "a letter outside"},
        {"yyyy-MM-dd[ HH:mm]", "reserved"},
        {"yyyy-MM-dd #", "reserved"},
        {"yyyy-MM-dd 'x", "not closed"},
        {"yyyy-MM", "without year, month or day"},
        {"dd.MM HH:mm", "without year, month or day"},
        {"mm:ss", "neither a date"},
        {"yyyy-MM-dd mm", "minutes without hour"},
        {"HH:ss", "seconds without minutes"},
        {"HH:mm.SSS", "fraction without seconds"},
        {"yyyy-MM-dd yyyy", "named twice"},
        {"yyyy-uuuu-MM-dd", "named twice"},
        {"yyyy-MM-dd X Z", "named twice"},
        {"yyyyMdd", "directly before"},
        {"dMyyyy", "directly before"},
    };
    for (size_t i = 0; i < N_OF(good); i++) {
        const char *why = "untouched";
        if (!ep_time_pattern_valid(good[i], &why))
            fail_msg("%s: %s", good[i], why);
        assert_string_equal(why, "untouched");
    }
    for (size_t i = 0; i < N_OF(bad); i++) {
        const char *why = "";
        if (ep_time_pattern_valid(bad[i].pattern, &why) || !strstr(why, bad[i].why))
            fail_msg("%s: %s", bad[i].pattern, why);
        assert_false(ep_time_pattern_valid(bad[i].pattern, NULL));
    }
}

static void formats(void **state) {
    (void)state;
    char out[28];
    ep_time_format_ts(INT64_C(1772361296123456), out);
    assert_string_equal(out, "2026-03-01 10:34:56.123456");
    ep_time_format_rfc3339(INT64_C(1772361296000001), out);
    assert_string_equal(out, "2026-03-01T10:34:56.000001Z");
    ep_time_format_ts(EP_TS_MIN, out);
    assert_string_equal(out, "0001-01-01 00:00:00.000000");
    ep_time_format_ts(EP_TS_MAX, out);
    assert_string_equal(out, "9999-12-31 23:59:59.999999");
    ep_time_format_ts(-1, out);
    assert_string_equal(out, "1969-12-31 23:59:59.999999");
    ep_time_format_tod(EP_DAY_US - 1, out);
    assert_string_equal(out, "23:59:59.999999");
    ep_time_format_tod(0, out);
    assert_string_equal(out, "00:00:00.000000");
}

static int64_t random_moment(test_random *random) {
    return EP_TS_MIN + (int64_t)test_random_below(random, (uint64_t)(EP_TS_MAX - EP_TS_MIN) + 1);
}

static void what_is_written_is_read_back(void **state) {
    (void)state;
    test_random random = test_random_new();
    const ep_zone *utc = ep_zone_find(EP_STR("UTC"));
    for (int i = 0; i < 200000; i++) {
        int64_t ts_us = random_moment(&random), read = REFUSED;
        char text[40];
        ep_time_format_rfc3339(ts_us, text);
        assert_true(ep_time_parse((ep_str){text, 27}, EP_TF_RFC3339, NULL, NULL, &read) && read == ts_us);
        assert_true(ep_time_parse((ep_str){text, 26}, EP_TF_LOCAL, NULL, utc, &read) && read == ts_us);
        assert_true(
            ep_time_parse((ep_str){text, 27}, EP_TF_PATTERN, "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX", NULL, &read));
        assert_true(read == ts_us);
        int32_t days;
        int64_t tod_us;
        assert_true(ep_date_parse((ep_str){text, 10}, NULL, &days));
        assert_true(ep_timeofday_parse((ep_str){text + 11, 15}, NULL, &tod_us));
        assert_true(days * EP_DAY_US + tod_us == ts_us);
        int len = snprintf(text, sizeof text, "%s%" PRId64 ".%06" PRId64, ts_us < 0 ? "-" : "",
                           (ts_us < 0 ? -ts_us : ts_us) / 1000000, (ts_us < 0 ? -ts_us : ts_us) % 1000000);
        assert_true(ep_time_parse((ep_str){text, (size_t)len}, EP_TF_EPOCH_S, NULL, NULL, &read) &&
                    read == ts_us);
        snprintf(text + len, sizeof text - (size_t)len, "9999"); /* below a microsecond */
        assert_true(ep_time_parse(ep_str_from(text), EP_TF_EPOCH_S, NULL, NULL, &read));
        assert_true(read == ts_us - (ts_us < 0) || ts_us == EP_TS_MIN);
    }
}

static void an_offset_moves_the_moment(void **state) {
    (void)state;
    test_random random = test_random_new();
    for (int i = 0; i < 100000; i++) {
        int64_t ts_us = random_moment(&random), read = REFUSED;
        int minutes = (int)test_random_below(&random, 2 * 1439 + 1) - 1439, size = abs(minutes);
        char text[48];
        ep_time_format_rfc3339(ts_us, text);
        snprintf(text + 26, sizeof text - 26, "%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60, size % 60);
        int64_t expected = ts_us - minutes * INT64_C(60000000);
        bool inside = expected >= EP_TS_MIN && expected <= EP_TS_MAX;
        assert_int_equal(ep_time_parse(ep_str_from(text), EP_TF_RFC3339, NULL, NULL, &read), inside);
        assert_true(read == (inside ? expected : REFUSED));
    }
}

/* A character changed at random: whatever still passes says the same when written and read again. */
static void nothing_odd_passes(void **state) {
    (void)state;
    test_random random = test_random_new();
    size_t n_passed = 0;
    for (int i = 0; i < 200000; i++) {
        char text[40], again[28];
        int64_t ts_us, read;
        ep_time_format_rfc3339(random_moment(&random), text);
        text[test_random_below(&random, 27)] = "0123456789-:.TZ+ x"[test_random_below(&random, 18)];
        if (!ep_time_parse((ep_str){text, 27}, EP_TF_RFC3339, NULL, NULL, &ts_us))
            continue;
        n_passed++;
        ep_time_format_rfc3339(ts_us, again);
        assert_true(ep_time_parse((ep_str){again, 27}, EP_TF_RFC3339, NULL, NULL, &read) && read == ts_us);
        text[10] = 'T';
        assert_string_equal(text, again);
    }
    assert_in_range(n_passed, 20000, 180000);
}

/* The fast way takes what the general one takes in that shape, and nothing else; the same moment written with an offset goes
 * the general way. */
static void the_fast_way_is_the_general_one(void **state) {
    (void)state;
    test_random random = test_random_new();
    size_t n_taken = 0;
    for (int i = 0; i < 200000; i++) {
        char text[40], with_offset[48];
        int64_t fast = 0, general = 0;
        ep_time_format_rfc3339(random_moment(&random), text);
        size_t len = test_random_below(&random, 3) == 0 ? 20 : 27;
        text[len - 1] = 'Z';
        for (uint64_t n = test_random_below(&random, 3); n > 0; n--)
            text[test_random_below(&random, len)] =
                "0123456789-:.TZ+ t\x80\xff"[test_random_below(&random, 20)];
        memcpy(with_offset, text, len - 1);
        memcpy(with_offset + len - 1, "+00:00", 6);
        bool in_shape = text[10] == 'T' && text[len - 1] == 'Z' && (len == 20 || text[19] == '.');
        bool expected =
            in_shape && ep_time_parse((ep_str){with_offset, len + 5}, EP_TF_RFC3339, NULL, NULL, &general);
        assert_int_equal(ep_time_parse_utc((ep_str){text, len}, &fast), expected);
        assert_int_equal(fast, expected ? general : 0);
        n_taken += expected;
    }
    assert_in_range(n_taken, 20000, 180000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_can_be_set),
        cmocka_unit_test(the_fast_way_is_the_general_one),
        cmocka_unit_test(every_day_of_the_calendar),
        cmocka_unit_test(dates),
        cmocka_unit_test(wrong_dates),
        cmocka_unit_test(times_of_day),
        cmocka_unit_test(rfc3339),
        cmocka_unit_test(local_times_need_their_zone),
        cmocka_unit_test(epoch_seconds_are_exact),
        cmocka_unit_test(epoch_milli_and_microseconds_are_whole),
        cmocka_unit_test(a_date_is_midnight_in_its_zone),
        cmocka_unit_test(patterns),
        cmocka_unit_test(a_pattern_reads_in_the_declared_zone),
        cmocka_unit_test(patterns_of_dates_and_times_of_day),
        cmocka_unit_test(lint_says_what_is_wrong_with_a_pattern),
        cmocka_unit_test(formats),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_offset_moves_the_moment),
        cmocka_unit_test(nothing_odd_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
