#include "warehouse/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "warehouse_fixture.h"

/* Easter Sundays as month * 100 + day, from an implementation of another algorithm (Oudin's, python3-dateutil). */
static const int easters[] = {
    402, 422, 414, 329, 418, 410, 326, 414, 406, 329, /* 1961 */
    411, 402, 422, 414, 330, 418, 410, 326, 415, 406, /* 1971 */
    419, 411, 403, 422, 407, 330, 419, 403, 326, 415, /* 1981 */
    331, 419, 411, 403, 416, 407, 330, 412, 404, 423, /* 1991 */
    415, 331, 420, 411, 327, 416, 408, 323, 412, 404, /* 2001 */
    424, 408, 331, 420, 405, 327, 416, 401, 421, 412, /* 2011 */
    404, 417, 409, 331, 420, 405, 328, 416, 401, 421, /* 2021 */
    413, 328, 417, 409, 325, 413, 405, 425, 410, 401, /* 2031 */
    421, 406, 329, 417, 409, 325, 414, 405, 418, 410, /* 2041 */
};

static void easter_of_every_year(void **state) {
    (void)state;
    assert_int_equal(N_OF(easters), 90);
    for (int i = 0; i < 90; i++) {
        unsigned month = (unsigned)easters[i] / 100, day = (unsigned)easters[i] % 100;
        assert_int_equal(ep_easter(1961 + i), ep_days_from_civil(1961 + i, month, day));
    }
}

static ep_warehouse *w;

static int fill(void **state) {
    if (make_warehouse_folder(state) != 0)
        return -1;
    write_contract("days", "  - name: dim_date\n    customProperties:\n"
                           "      - {property: entrepot.kind, value: reference}\n"
                           "      - {property: entrepot.key, value: [date]}\n"
                           "      - {property: entrepot.generated, value: calendar}\n"
                           "    properties:\n"
                           "      - {name: date, logicalType: date, required: true, primaryKey: true}\n"
                           "      - {name: begins_at, logicalType: timestamp}\n"
                           "      - {name: week, logicalType: integer}\n"
                           "      - {name: week_year, logicalType: integer}\n"
                           "      - {name: quarter, logicalType: integer}\n"
                           "      - {name: day_of_week, logicalType: integer}\n"
                           "      - {name: is_weekend, logicalType: boolean}\n"
                           "      - {name: is_holiday, logicalType: boolean}\n"
                           "      - {name: holiday, logicalType: string}\n");
    w = open_files();
    w->store = open_store("");
    exec(
        w->store,
        "create table dim_date (date date, begins_at timestamp, week bigint, week_year bigint, quarter bigint, "
        "day_of_week bigint, is_weekend boolean, is_holiday boolean, holiday varchar)");
    must(ep_calendar_fill(w, ep_plan_find(w->plan, "dim_date"), err));
    return 0;
}

static int empty(void **state) {
    ep_warehouse_close(&w);
    return remove_folder(state);
}

static void every_day_from_2000_to_2050_once(void **state) {
    (void)state;
    assert_text(
        w->store,
        "select count(*) || ' ' || count(distinct date) || ' ' || min(date) || ' ' || max(date) from dim_date",
        "18628 18628 2000-01-01 2050-12-31");
}

static void weeks_at_the_ends_of_years(void **state) {
    (void)state;
    static const char *const weeks[][2] = {
        {"2004-12-31", "2004-53"}, {"2005-01-01", "2004-53"}, {"2005-01-03", "2005-1"},
        {"2008-12-28", "2008-52"}, {"2008-12-29", "2009-1"},  {"2010-01-03", "2009-53"},
        {"2016-01-03", "2015-53"}, {"2020-12-31", "2020-53"}, {"2021-01-03", "2020-53"},
        {"2021-01-04", "2021-1"},  {"2024-12-30", "2025-1"},  {"2026-12-31", "2026-53"},
        {"2027-01-03", "2026-53"}, {"2000-01-01", "1999-52"}, {"2050-12-31", "2050-52"},
    };
    for (size_t i = 0; i < N_OF(weeks); i++) {
        char sql[160];
        snprintf(sql, sizeof sql, "select week_year || '-' || week from dim_date where date = date '%s'",
                 weeks[i][0]);
        assert_text(w->store, sql, weeks[i][1]);
    }
}

/* Midnight in Paris is 23:00 UTC of the day before, 22:00 in summer; on the days that clocks change it still is what it was. */
static void days_begin_at_midnight_in_paris(void **state) {
    (void)state;
    static const char *const days[][2] = {
        {"2000-01-01", "1999-12-31 23:00:00"}, {"2026-03-29", "2026-03-28 23:00:00"},
        {"2026-03-30", "2026-03-29 22:00:00"}, {"2026-10-25", "2026-10-24 22:00:00"},
        {"2026-10-26", "2026-10-25 23:00:00"}, {"2050-12-31", "2050-12-30 23:00:00"},
    };
    for (size_t i = 0; i < N_OF(days); i++) {
        char sql[160];
        snprintf(sql, sizeof sql, "select cast(begins_at as varchar) from dim_date where date = date '%s'",
                 days[i][0]);
        assert_text(w->store, sql, days[i][1]);
    }
}

/* The engine counts by itself. */
static void every_day_agrees_with_the_engine(void **state) {
    (void)state;
    assert_int_equal(
        get_int(w->store,
                "select count(*) from dim_date where week <> week(date) or week_year <> isoyear(date) "
                "or day_of_week <> isodow(date) or is_weekend <> (isodow(date) >= 6) "
                "or quarter <> quarter(date) or is_holiday <> (holiday is not null)"),
        0);
}

static void holidays_of_2026(void **state) {
    (void)state;
    assert_text(
        w->store,
        "select string_agg(strftime(date, '%d/%m') || ' ' || holiday, ', ' order by date) from dim_date "
        "where date between date '2026-01-01' and date '2026-12-31' and is_holiday",
        "01/01 Jour de l'an, 06/04 Lundi de Pâques, 01/05 Fête du travail, 08/05 Victoire 1945, 14/05 Ascension, "
        "25/05 Lundi de Pentecôte, 14/07 Fête nationale, 15/08 Assomption, 01/11 Toussaint, 11/11 Armistice, 25/12 Noël");
}

/* 2008: Ascension fell on the first of May, one day with one name. */
static void two_holidays_on_one_day(void **state) {
    (void)state;
    assert_text(w->store, "select holiday from dim_date where date = date '2008-05-01'", "Fête du travail");
    assert_int_equal(
        get_int(
            w->store,
            "select count(*) from dim_date where is_holiday and date between date '2008-01-01' and date '2008-12-31'"),
        10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(easter_of_every_year),
        cmocka_unit_test(every_day_from_2000_to_2050_once),
        cmocka_unit_test(days_begin_at_midnight_in_paris),
        cmocka_unit_test(weeks_at_the_ends_of_years),
        cmocka_unit_test(every_day_agrees_with_the_engine),
        cmocka_unit_test(holidays_of_2026),
        cmocka_unit_test(two_holidays_on_one_day),
    };
    return cmocka_run_group_tests(tests, fill, empty);
}
