#include "base/zone.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define N_OF(array)  (sizeof(array) / sizeof(array)[0])
#define SYSTEM_ZONES "/usr/share/zoneinfo/"
#define REFUSED      INT64_C(-42)

struct offset {
    const char *zone;
    int64_t at_s;
    int32_t offset_s;
};

static void assert_offsets(const struct offset *cases, size_t n) {
    /* Forwards and backwards, so that what was found last is both right and wrong for the next. */
    for (size_t i = 0; i < 2 * n; i++) {
        const struct offset *c = &cases[i < n ? i : 2 * n - 1 - i];
        const ep_zone *zone = ep_zone_find(ep_str_from(c->zone));
        if (!zone)
            fail_msg("no %s", c->zone);
        int32_t first_s = ep_zone_offset_s(zone, c->at_s * 1000000);
        int32_t last_s = ep_zone_offset_s(zone, c->at_s * 1000000 + 999999);
        if (first_s != c->offset_s || last_s != c->offset_s)
            fail_msg("%s at %" PRId64 ": %d", c->zone, c->at_s, first_s);
    }
}

/* Python's zoneinfo with tzdata 2025b, the last second before a change and the first after it. */
static void built_in_zones(void **state) {
    (void)state;
    static const struct offset cases[] = {
        {"Europe/Paris", INT64_C(1774745999), 3600}, /* 2026-03-29 */
        {"Europe/Paris", INT64_C(1774746000), 7200},
        {"Europe/Paris", INT64_C(1792889999), 7200}, /* 2026-10-25 */
        {"Europe/Paris", INT64_C(1792890000), 3600},
        {"Europe/Paris", INT64_C(1743296399), 3600}, /* 2025-03-30 */
        {"Europe/Paris", INT64_C(1743296400), 7200},
        {"Europe/Paris", INT64_C(1729990799), 7200}, /* 2024-10-27 */
        {"Europe/Paris", INT64_C(1729990800), 3600},
        {"Europe/Paris", INT64_C(859683599), 3600}, /* 1997-03-30, the first by the rule */
        {"Europe/Paris", INT64_C(859683600), 7200},
        {"Europe/Paris", INT64_C(846377999), 7200}, /* 1996-10-27 */
        {"Europe/Paris", INT64_C(846378000), 3600},
        {"Europe/Paris", INT64_C(811904399), 7200}, /* 1995-09-24 */
        {"Europe/Paris", INT64_C(811904400), 3600},
        {"Europe/Paris", INT64_C(196819199), 3600}, /* 1976-03-28 */
        {"Europe/Paris", INT64_C(196819200), 7200},
        {"Europe/Paris", INT64_C(-766623601), 7200}, /* 1945 */
        {"Europe/Paris", INT64_C(-766623600), 3600},
        {"Europe/Paris", INT64_C(-1855958962), 561}, /* 1911, local mean time before */
        {"Europe/Paris", INT64_C(-1855958961), 0},
        {"Europe/Paris", INT64_C(-62135596800), 561},
        {"Europe/Paris", INT64_C(13576813199), 3600}, /* 2400 */
        {"Europe/Paris", INT64_C(13576813200), 7200},
        {"Europe/Paris", INT64_C(253378198799), 3600}, /* 9999 */
        {"Europe/Paris", INT64_C(253378198800), 7200},
        {"Europe/London", INT64_C(1774745999), 0},
        {"Europe/London", INT64_C(1774746000), 3600},
        {"Europe/London", INT64_C(1792889999), 3600},
        {"Europe/London", INT64_C(1792890000), 0},
        {"Europe/London", INT64_C(814323599), 3600}, /* 1995-10-22 */
        {"Europe/London", INT64_C(814323600), 0},
        {"Europe/London", INT64_C(57722399), 3600}, /* 1971: summer time all year until then */
        {"Europe/London", INT64_C(57722400), 0},
        {"UTC", INT64_C(1774746000), 0},
        {"Z", INT64_C(1774746000), 0},
        {"+02:00", INT64_C(1774746000), 7200},
        {"-05:30", INT64_C(1774746000), -19800},
        {"+18:00", INT64_C(1774746000), 64800},
    };
    assert_offsets(cases, N_OF(cases));
}

static bool has_system_zones(void) {
    return access(SYSTEM_ZONES "America/New_York", R_OK) == 0;
}

static void zones_of_the_system(void **state) {
    (void)state;
    static const struct offset cases[] = {
        {"America/New_York", INT64_C(1772953199), -18000},
        {"America/New_York", INT64_C(1772953200), -14400},
        {"America/New_York", INT64_C(2551327199), -14400}, /* 2050: by the rule that ends the file */
        {"America/New_York", INT64_C(2551327200), -18000},
        {"Australia/Sydney", INT64_C(1775318399), 39600},
        {"Australia/Sydney", INT64_C(1775318400), 36000},
        {"Australia/Sydney", INT64_C(3400415999), 36000}, /* 2077, summer around the new year */
        {"Australia/Sydney", INT64_C(3400416000), 39600},
        {"Europe/Dublin", INT64_C(2374102799), 0},
        {"Europe/Dublin", INT64_C(2374102800), 3600},
        {"Asia/Kolkata", INT64_C(1767225600), 19800},
        {"Australia/Lord_Howe", INT64_C(1775314799), 39600}, /* half an hour of summer time */
        {"Australia/Lord_Howe", INT64_C(1775314800), 37800},
        {"America/Sao_Paulo", INT64_C(1541300399), -10800},
        {"America/Sao_Paulo", INT64_C(1541300400), -7200},
        {"Africa/Brazzaville", INT64_C(1767225600), 3600},
        {"Africa/Monrovia", INT64_C(63593069), -2670},
        {"Africa/Monrovia", INT64_C(63593070), 0},
        {"Pacific/Apia", INT64_C(1325239199), -36000}, /* a whole day left out */
        {"Pacific/Apia", INT64_C(1325239200), 50400},
        {"Etc/GMT+5", INT64_C(1767225600), -18000},
    };
    if (!has_system_zones()) {
        print_message("# no " SYSTEM_ZONES "\n");
        skip();
    }
    assert_offsets(cases, N_OF(cases));
    assert_ptr_equal(ep_zone_find(EP_STR("Asia/Kolkata")), ep_zone_find(EP_STR("Asia/Kolkata")));
    assert_ptr_equal(ep_zone_find(EP_STR("+02:00")), ep_zone_find(EP_STR("+02:00")));
}

static void names_never_leave_the_folder(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "/",
        "/etc/localtime",
        SYSTEM_ZONES "UTC",
        "../zoneinfo/UTC",
        "Europe/../UTC",
        "./UTC",
        "Europe/./Paris",
        "Europe//Paris",
        "Europe/Paris/",
        "Europe",
        "Europe/Nowhere",
        "europe/paris/..",
        "localtime",
        "posixrules",
        "tzdata.zi",
        "tzdata",
        "zone.tab",
        "leapseconds",
        "right/Europe/Paris",
        "Europe/Paris ",
        " UTC",
        "~",
        "-02:0",
        "+2:00",
        "+18:01",
        "+02:60",
        "+0200",
        "+02",
        "+0a:00",
        "+02:00:00",
        "a/very/long/name/that/does/not/fit/into/the/field/of/the/zone/at/all",
    };
    for (size_t i = 0; i < N_OF(names); i++)
        if (ep_zone_find(ep_str_from(names[i])))
            fail_msg("\"%s\" is a zone", names[i]);
    assert_null(ep_zone_find((ep_str){"Asia/Tokyo\0x", 12}));
    assert_null(ep_zone_find((ep_str){0}));
}

struct local {
    const char *zone, *text;
    int64_t ts_us;
};

static void assert_locals(const struct local *cases, size_t n, ep_time_format format) {
    for (size_t i = 0; i < 2 * n; i++) {
        const struct local *c = &cases[i < n ? i : 2 * n - 1 - i];
        int64_t ts_us = REFUSED;
        bool ok =
            ep_time_parse(ep_str_from(c->text), format, NULL, ep_zone_find(ep_str_from(c->zone)), &ts_us);
        if (ts_us != c->ts_us || ok != (c->ts_us != REFUSED))
            fail_msg("%s in %s: %" PRId64, c->text, c->zone, ts_us);
    }
}

static void skipped_local_times_are_refused_and_doubled_ones_are_the_first(void **state) {
    (void)state;
    static const struct local cases[] = {
        {"Europe/Paris", "2026-03-29 01:59:59.999999", INT64_C(1774745999999999)},
        {"Europe/Paris", "2026-03-29 02:00:00", REFUSED},
        {"Europe/Paris", "2026-03-29 02:59:59.999999", REFUSED},
        {"Europe/Paris", "2026-03-29 03:00:00", INT64_C(1774746000000000)},
        {"Europe/Paris", "2026-10-25 01:59:59", INT64_C(1792886399000000)},
        {"Europe/Paris", "2026-10-25 02:00:00", INT64_C(1792886400000000)}, /* 00:00 UTC, not 01:00 */
        {"Europe/Paris", "2026-10-25 02:59:59.999999", INT64_C(1792889999999999)},
        {"Europe/Paris", "2026-10-25 03:00:00", INT64_C(1792893600000000)},
        {"Europe/Paris", "2400-03-26 02:30:00", REFUSED},
        {"Europe/London", "2026-03-29 01:30:00", REFUSED},
        {"Europe/London", "2026-10-25 01:30:00", INT64_C(1792888200000000)},
        {"UTC", "2026-03-29 02:30:00", INT64_C(1774751400000000)},
        {"+02:00", "2026-03-29 02:30:00", INT64_C(1774744200000000)},
    };
    static const struct local far_away[] = {
        {"Pacific/Apia", "2011-12-29 23:59:59", INT64_C(1325239199000000)},
        {"Pacific/Apia", "2011-12-30 12:00:00", REFUSED}, /* the day that was not */
        {"Pacific/Apia", "2011-12-31 00:00:00", INT64_C(1325239200000000)},
        {"America/Sao_Paulo", "2018-11-04 00:30:00", REFUSED},
        {"Australia/Lord_Howe", "2026-04-05 01:45:00", INT64_C(1775313900000000)},
    };
    assert_locals(cases, N_OF(cases), EP_TF_LOCAL);
    if (has_system_zones())
        assert_locals(far_away, N_OF(far_away), EP_TF_LOCAL);
}

static void a_day_begins_with_its_first_moment(void **state) {
    (void)state;
    static const struct local cases[] = {
        {"America/Sao_Paulo", "2018-11-03", INT64_C(1541214000000000)},
        {"America/Sao_Paulo", "2018-11-04", INT64_C(1541300400000000)}, /* at 01:00 */
        {"Pacific/Apia", "2011-12-30", INT64_C(1325239200000000)},      /* the day that was not: the next */
        {"Pacific/Apia", "2011-12-31", INT64_C(1325239200000000)},
        {"Europe/Paris", "2026-03-29", INT64_C(1774738800000000)},
        {"Europe/Paris", "2026-10-25", INT64_C(1792879200000000)},
    };
    if (!has_system_zones()) {
        print_message("# no " SYSTEM_ZONES "\n");
        skip();
    }
    assert_locals(cases, N_OF(cases), EP_TF_DATE);
}

static void paris_days_change_at_paris_midnight(void **state) {
    (void)state;
    static const struct {
        int64_t ts_us;
        int32_t day;
    } cases[] = {
        {INT64_C(1772319599999999), 20512},
        {INT64_C(1772319600000000), 20513}, /* 2026-03-01, winter */
        {INT64_C(1782856799999999), 20634},
        {INT64_C(1782856800000000), 20635}, /* 2026-07-01, summer */
        {INT64_C(-3600000001), -1},
        {INT64_C(-3600000000), 0},
        {EP_TS_MIN, -719162},
        {EP_TS_MAX, 2932896}, /* no day of the year 10000 */
    };
    for (size_t i = 0; i < N_OF(cases); i++)
        assert_int_equal(ep_paris_day(cases[i].ts_us), cases[i].day);
    int32_t before = ep_paris_day(EP_TS_MIN);
    for (int64_t ts_us = EP_TS_MIN; ts_us < EP_TS_MAX - EP_DAY_US; ts_us += 29 * EP_DAY_US) {
        int32_t day = ep_paris_day(ts_us + EP_DAY_US);
        assert_in_range(day - before, 1, 31);
        before = ep_paris_day(ts_us);
    }
}

static bool load(const char *name, ep_buf *data, ep_zone *zone) {
    char path[128];
    snprintf(path, sizeof path, SYSTEM_ZONES "%s", name);
    return ep_read_file(path, 1 << 20, data, NULL) == EP_OK && ep_zone_parse(data->data, data->len, zone);
}

static void zone_done(ep_zone *zone) {
    ep_free((void *)(uintptr_t)zone->changes);
}

/* The zones that are built in say what the system's data say, always. */
static void built_in_zones_agree_with_the_system(void **state) {
    (void)state;
    test_random random = test_random_new();
    const ep_zone *const built_in[] = {&ep_zone_paris, &ep_zone_london, &ep_zone_utc};
    if (!has_system_zones()) {
        print_message("# no " SYSTEM_ZONES "\n");
        skip();
    }
    for (size_t i = 0; i < N_OF(built_in); i++) {
        EP_CLEANUP(ep_buf_done) ep_buf data = {0};
        EP_CLEANUP(zone_done) ep_zone system = {0};
        assert_true(load(built_in[i]->name, &data, &system));
        for (size_t k = 0; k < system.n_changes; k++)
            for (int64_t at_s = system.changes[k].at_s - 1; at_s <= system.changes[k].at_s; at_s++)
                assert_int_equal(ep_zone_offset_s(built_in[i], at_s * 1000000),
                                 ep_zone_offset_s(&system, at_s * 1000000));
        for (int k = 0; k < 50000; k++) {
            int64_t from_us = k % 2 ? EP_TS_MIN : 0, to_us = k % 2 ? EP_TS_MAX : INT64_C(4102444800000000);
            int64_t ts_us = from_us + (int64_t)test_random_below(&random, (uint64_t)(to_us - from_us)), a = 0,
                    b = 0;
            assert_int_equal(ep_zone_offset_s(built_in[i], ts_us), ep_zone_offset_s(&system, ts_us));
            assert_int_equal(ep_zone_from_local(built_in[i], ts_us, &a),
                             ep_zone_from_local(&system, ts_us, &b));
            assert_true(a == b);
        }
    }
}

/* A moment's local time leads back to it, or to the earlier one of the two that share it. */
static void local_times_lead_back(void **state) {
    (void)state;
    test_random random = test_random_new();
    static const char *const names[] = {
        "Europe/Paris", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
        "UTC",          "-03:30"};
    size_t n_doubled = 0;
    for (int i = 0; i < 200000; i++) {
        const ep_zone *zone = ep_zone_find(ep_str_from(names[test_random_below(&random, N_OF(names))]));
        if (!zone)
            continue;
        int64_t ts_us =
            INT64_C(-2208988800000000) + (int64_t)test_random_below(&random, UINT64_C(9000000000000000));
        /* Every second one near a change of European clocks. */
        if (i % 2)
            ts_us = INT64_C(1792890000000000) + (int64_t)test_random_below(&random, UINT64_C(14400000000)) -
                    INT64_C(7200000000);
        int64_t local_us = ts_us + ep_zone_offset_s(zone, ts_us) * INT64_C(1000000), back_us = REFUSED;
        assert_true(ep_zone_from_local(zone, local_us, &back_us));
        assert_true(back_us <= ts_us);
        assert_true(back_us + ep_zone_offset_s(zone, back_us) * INT64_C(1000000) == local_us);
        n_doubled += back_us < ts_us;
    }
    assert_true(n_doubled > 1000);
}

static void put_be(ep_buf *buf, int64_t value, int n_bytes) {
    for (int i = n_bytes - 1; i >= 0; i--)
        ep_buf_putc(buf, (char)(uint8_t)((uint64_t)value >> 8 * i));
}

/* A version 2 file whose second part has the changes given, the i-th to type i % n_types, and this rule. */
static void make_tzif(ep_buf *buf, const int64_t *at_s, size_t n_times, const int32_t *offset_s,
                      size_t n_types, int n_leaps, const char *rule) {
    ep_buf_reset(buf);
    for (int part = 0; part < 2; part++) {
        ep_buf_add(buf, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        put_be(buf, 0, 8);
        put_be(buf, part ? n_leaps : 0, 4);
        put_be(buf, part ? (int64_t)n_times : 0, 4);
        put_be(buf, part ? (int64_t)n_types : 1, 4);
        put_be(buf, 4, 4);
        for (size_t i = 0; part && i < n_times; i++)
            put_be(buf, at_s[i], 8);
        for (size_t i = 0; part && i < n_times; i++)
            put_be(buf, (int64_t)(i % (n_types ? n_types : 1)), 1);
        for (size_t i = 0; i < (part ? n_types : 1); i++) {
            put_be(buf, part ? offset_s[i] : 0, 4);
            put_be(buf, 0, 2);
        }
        ep_buf_add(buf, "XYZ", 4);
        for (int i = 0; part && i < n_leaps; i++)
            ep_buf_add(buf, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    }
    ep_buf_printf(buf, "\n%s\n", rule);
}

static bool reads_rule(const char *rule, ep_zone *zone) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    make_tzif(&buf, NULL, 0, (const int32_t[]){3600}, 1, 0, rule);
    zone_done(zone);
    return ep_zone_parse(buf.data, buf.len, zone);
}

static void rules_of_posix(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        int64_t at_s;
        int32_t offset_s;
    } good[] = {
        {"", 1782864000, 3600}, /* no rule: the type of the file */
        {"UTC0", 1782864000, 0},
        {"<-03>3", 1782864000, -10800},
        {"<+0530>-5:30", 1782864000, 19800},
        {"ABC-12:34:56", 1782864000, 45296},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600},
        {"EST5EDT4,M3.2.0/2:00:00,M11.1.0", 1772953199, -18000},
        {"EST5EDT4,M3.2.0/2:00:00,M11.1.0", 1772953200, -14400},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1767225600, 39600}, /* new year */
        {"XXX0YYY,J60/0,J61/0", 1709251199, 0},              /* 2024-02-29, the leap day does not count */
        {"XXX0YYY,J60/0,J61/0", 1709251200, 3600},
        {"XXX0YYY,J60/0,J61/0", 951868799, 0}, /* 2000, a leap year among the hundreds */
        {"XXX0YYY,J60/0,J61/0", 951868800, 3600},
        {"XXX0YYY,J60/0,J61/0", 4107542400, 3600}, /* 2100, none */
        {"XXX0YYY,59/0,60/0", 1709164799, 0},      /* it does: day 59 is 2024-02-29 */
        {"XXX0YYY,59/0,60/0", 1709164800, 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774745999, -7200}, /* hours before the day */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774746000, -3600},
        {"EST5EDT,0/0,J365/25", 1767225600, -14400}, /* summer time for ever (RFC 8536) */
        {"EST5EDT,0/0,J365/25", 1782864000, -14400},
        {"EST5EDT,0/0,J365/25", 1767243599, -14400},
        {"EST5EDT,0/0,J365/25", 1767243600, -14400},
    };
    static const char *const bad[] = {
        "X",
        "1",
        "UTC",
        "UTC25",
        "UTC0 ",
        "<UTC0",
        "<>0",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J0,J1",
        "CET-1CEST,J366,J1",
        "CET-1CEST,366,1",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1:60CEST,M3.5.0,M10.5.0",
        "CET-1CEST,M99999999999999999999.5.0,M10.5.0",
        "CET-1CEST;M3.5.0,M10.5.0",
        "CET-1CEST,,",
    };
    EP_CLEANUP(zone_done) ep_zone zone = {0};
    for (size_t i = 0; i < N_OF(good); i++) {
        if (!reads_rule(good[i].rule, &zone))
            fail_msg("%s is refused", good[i].rule);
        int32_t offset_s = ep_zone_offset_s(&zone, good[i].at_s * 1000000);
        if (offset_s != good[i].offset_s)
            fail_msg("%s at %" PRId64 ": %d", good[i].rule, good[i].at_s, offset_s);
    }
    for (size_t i = 0; i < N_OF(bad); i++)
        if (reads_rule(bad[i], &zone))
            fail_msg("%s passes", bad[i]);
}

static bool reads_tables(const int64_t *at_s, size_t n_times, const int32_t *offset_s, size_t n_types,
                         int n_leaps) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    EP_CLEANUP(zone_done) ep_zone zone = {0};
    make_tzif(&buf, at_s, n_times, offset_s, n_types, n_leaps, "");
    return ep_zone_parse(buf.data, buf.len, &zone);
}

static void tables_of_a_zone_file_are_checked(void **state) {
    (void)state;
    static const int32_t types[] = {0, 3600}, wild[] = {0, 100000}, low[] = {-100000, 0};
    static const int64_t up[] = {-100, 100, 200}, same[] = {100, 100}, down[] = {100, 50};
    static const int64_t ever[] = {INT64_MIN, 0};
    assert_true(reads_tables(up, 3, types, 2, 0));
    assert_true(reads_tables(ever, 2, types, 2, 0));
    assert_true(reads_tables(NULL, 0, types, 1, 0));
    assert_false(reads_tables(NULL, 0, types, 0, 0));
    assert_false(reads_tables(same, 2, types, 2, 0));
    assert_false(reads_tables(down, 2, types, 2, 0));
    assert_false(reads_tables(up, 3, wild, 2, 0));
    assert_false(reads_tables(up, 3, low, 2, 0));
    assert_false(reads_tables(up, 3, types, 2, 1)); /* leap seconds */

    /* The first part has 44 + 6 + 4 bytes; after the second header and the times stand the types of the changes. */
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    EP_CLEANUP(zone_done) ep_zone zone = {0};
    make_tzif(&buf, up, 3, types, 2, 0, "");
    char *type_of_last = buf.data + 54 + 44 + 3 * 8 + 2;
    assert_int_equal(*type_of_last, 0);
    *type_of_last = 2;
    assert_false(ep_zone_parse(buf.data, buf.len, &zone));
    *type_of_last = 1;
    assert_true(ep_zone_parse(buf.data, buf.len, &zone));
}

static void cut_and_damaged_zone_files_do_no_harm(void **state) {
    (void)state;
    test_random random = test_random_new();
    EP_CLEANUP(ep_buf_done) ep_buf data = {0};
    static const int64_t at_s[] = {-100, 100, 200, 300, 400, 500};
    static const int32_t offset_s[] = {0, 3600, 7200};
    make_tzif(&data, at_s, 6, offset_s, 3, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t len = 0; len <= data.len; len++) {
        EP_CLEANUP(zone_done) ep_zone zone = {0};
        char *copy = ep_malloc(len);
        memcpy(copy, data.data, len);
        bool ok = ep_zone_parse(copy, len, &zone);
        ep_free(copy);
        assert_int_equal(ok, len == data.len);
    }
    size_t n_passed = 0;
    for (int i = 0; i < 100000; i++) {
        EP_CLEANUP(zone_done) ep_zone zone = {0};
        char *copy = ep_malloc(data.len);
        memcpy(copy, data.data, data.len);
        for (uint64_t k = test_random_below(&random, 3) + 1; k > 0; k--)
            copy[test_random_below(&random, data.len)] = (char)test_random_next(&random);
        if (ep_zone_parse(copy, data.len, &zone)) {
            int64_t ts_us =
                EP_TS_MIN + (int64_t)(test_random_next(&random) % (uint64_t)(EP_TS_MAX - EP_TS_MIN));
            int64_t back_us;
            assert_in_range(ep_zone_offset_s(&zone, ts_us) + 100000, 0, 200000);
            ep_zone_from_local(&zone, ts_us, &back_us);
            ep_zone_day_start(&zone, (int32_t)(ts_us / EP_DAY_US));
            n_passed++;
        }
        ep_free(copy);
    }
    assert_in_range(n_passed, 1000, 99000);
}

static void *find_many(void *unused) {
    (void)unused;
    static const char *const names[] = {"Asia/Tokyo", "+01:15", "+01:30", "+01:45", "Asia/Seoul", "nowhere"};
    const ep_zone *first[N_OF(names)] = {0};
    for (size_t i = 0; i < 600; i++) {
        const ep_zone *zone = ep_zone_find(ep_str_from(names[i % N_OF(names)]));
        if (i < N_OF(names))
            first[i] = zone;
        else if (zone != first[i % N_OF(names)])
            return NULL;
        if (zone && ep_zone_offset_s(zone, INT64_C(1782864000000000)) < 4500)
            return NULL;
    }
    return (void *)(uintptr_t)first[1];
}

static void threads_find_the_same_zone(void **state) {
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    void *found[N];
    for (size_t i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_many, NULL), 0);
    for (size_t i = 0; i < N; i++)
        pthread_join(threads[i], &found[i]);
    assert_non_null(found[0]);
    for (size_t i = 1; i < N; i++)
        assert_ptr_equal(found[i], found[0]);
}

static void a_lack_of_memory_finds_no_zone(void **state) {
    (void)state;
    const ep_zone *zone = NULL;
    const char *name = has_system_zones() ? "Asia/Hong_Kong" : "+07:07";
    for (int n = 1; !zone; n++) {
        ep_mem_fail_after(n);
        zone = ep_zone_find(ep_str_from(name));
        ep_mem_fail_after(0);
        assert_true(n < 100);
    }
    assert_ptr_equal(ep_zone_find(ep_str_from(name)), zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_zones),
        cmocka_unit_test(zones_of_the_system),
        cmocka_unit_test(names_never_leave_the_folder),
        cmocka_unit_test(skipped_local_times_are_refused_and_doubled_ones_are_the_first),
        cmocka_unit_test(a_day_begins_with_its_first_moment),
        cmocka_unit_test(paris_days_change_at_paris_midnight),
        cmocka_unit_test(built_in_zones_agree_with_the_system),
        cmocka_unit_test(local_times_lead_back),
        cmocka_unit_test(rules_of_posix),
        cmocka_unit_test(tables_of_a_zone_file_are_checked),
        cmocka_unit_test(cut_and_damaged_zone_files_do_no_harm),
        cmocka_unit_test(threads_find_the_same_zone),
        cmocka_unit_test(a_lack_of_memory_finds_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
