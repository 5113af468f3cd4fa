#include "warehouse/calendar.h"

#include <string.h>

int32_t ep_easter(int year) {
    int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4, f = (b + 8) / 25,
        g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7,
        m = (a + 11 * h + 22 * l) / 451;
    int month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
    return ep_days_from_civil(year, (unsigned)month, (unsigned)day);
}

static const char *holiday(int32_t date, int year, unsigned month, unsigned day) {
    static const struct {
        unsigned month, day;
        const char *name;
    } fixed[] = {
        {1, 1, "Jour de l'an"}, {5, 1, "Fête du travail"}, {5, 8, "Victoire 1945"}, {7, 14, "Fête nationale"},
        {8, 15, "Assomption"},  {11, 1, "Toussaint"},      {11, 11, "Armistice"},   {12, 25, "Noël"},
    };
    static const struct {
        int after_easter;
        const char *name;
    } moving[] = {{1, "Lundi de Pâques"}, {39, "Ascension"}, {50, "Lundi de Pentecôte"}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (fixed[i].month == month && fixed[i].day == day)
            return fixed[i].name;
    for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
        if (date == ep_easter(year) + moving[i].after_easter)
            return moving[i].name;
    return NULL;
}

static void iso_week(int32_t date, int *year, int *week) {
    int weekday = (int)(((int64_t)date + 3) % 7 + 7) % 7; /* 0 Monday: 1970-01-01 was a Thursday */
    int32_t thursday = date - weekday + 3;
    unsigned month, day;
    ep_civil_from_days(thursday, year, &month, &day);
    *week = (thursday - ep_days_from_civil(*year, 1, 1)) / 7 + 1;
}

static ep_code fill_row(const ep_schema *schema, ep_batch *batch, int32_t date, ep_error *err) {
    int year, week_year, week;
    unsigned month, day;
    ep_civil_from_days(date, &year, &month, &day);
    iso_week(date, &week_year, &week);
    const char *name = holiday(date, year, month, day);
    int weekday = (int)(((int64_t)date + 3) % 7 + 7) % 7 + 1;
    EP_TRY(ep_batch_add_row(batch, err));
    size_t row = batch->n_rows - 1;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"date", date},
        {"begins_at", ep_paris_day_start(date)},
        {"year", year},
        {"quarter", ((int)month + 2) / 3},
        {"month", month},
        {"day", day},
        {"week", week},
        {"week_year", week_year},
        {"day_of_week", weekday},
        {"is_weekend", weekday >= 6},
        {"is_holiday", name != NULL},
    };
    for (size_t c = 0; c < schema->n_columns; c++) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            if (strcmp(schema->columns[c].name, numbers[i].name) == 0)
                ep_batch_set_i64(batch, row, c, numbers[i].value);
        if (strcmp(schema->columns[c].name, "holiday") == 0 && name)
            ep_batch_set_text(batch, row, c, ep_str_from(name));
    }
    return EP_OK;
}

static ep_code make_rows(ep_warehouse *w, const ep_table *t, const char *into, ep_error *err) {
    EP_CLEANUP(ep_batch_free) ep_batch *batch = NULL;
    EP_TRY(ep_batch_new(&t->contract->schema, 20000, &batch, err));
    int32_t end = ep_days_from_civil(2051, 1, 1);
    for (int32_t date = ep_days_from_civil(2000, 1, 1); date < end; date++)
        EP_TRY(fill_row(&t->contract->schema, batch, date, err));
    ep_batch_seal(batch);
    return ep_store_append(w->store, into, batch, NULL, 0, err);
}

ep_code ep_calendar_fill(ep_warehouse *w, const ep_table *t, ep_error *err) {
    if (strcmp(t->contract->generated, "calendar") != 0)
        return EP_OK;
    EP_CLEANUP(ep_buf_done) ep_buf names = {0}, before = {0}, after = {0};
    for (size_t c = 0; c < t->contract->schema.n_columns; c++) {
        ep_buf_puts(&names, c ? ", " : "");
        ep_buf_put_ident(&names, ep_str_from(t->contract->schema.columns[c].name));
    }
    EP_TRY(ep_buf_check(&names, err));
    /* Rows are appended in the contract's order; a column that was added later stands last in the table. */
    ep_buf_printf(&before, "create temp table calendar_rows as select %s from \"%s\" limit 0", names.data,
                  t->name);
    ep_buf_printf(
        &after,
        "delete from \"%s\"; insert into \"%s\" (%s) select %s from calendar_rows; drop table calendar_rows",
        t->name, t->name, names.data, names.data);
    EP_TRY(ep_buf_check(&before, err));
    EP_TRY(ep_buf_check(&after, err));
    EP_TRY(ep_store_exec(w->store, before.data, err));
    EP_TRY(make_rows(w, t, "calendar_rows", err));
    return ep_store_exec(w->store, after.data, err);
}
