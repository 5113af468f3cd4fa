#include "warehouse/tx.h"

#include <stdio.h>
#include <string.h>

/* First line "-- inputs: a, b": true when one of them changed; *since is the earliest moment. */
static ep_code inputs_changed(const ep_tx *tx, const char *path, const ep_buf *text, bool *ret,
                              int64_t *since, ep_error *err) {
    static const char mark[] = "-- inputs:";
    if (strncmp(text->data, mark, sizeof mark - 1) != 0)
        return ep_fail(err, EP_E_CONFIG, "%s:1: the first line must be: %s table, table", path, mark);
    const char *end = strchr(text->data, '\n');
    ep_str rest = {text->data + sizeof mark - 1,
                   (size_t)((end ? end : text->data + text->len) - text->data) - (sizeof mark - 1)};
    *ret = false;
    *since = EP_TS_MAX;
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        ep_str name = ep_str_trim((ep_str){rest.ptr, len});
        rest = comma ? (ep_str){comma + 1, rest.len - len - 1} : (ep_str){NULL, 0};
        char table[128];
        snprintf(table, sizeof table, "%.*s", EP_STR_ARGS(name));
        const ep_table *t = ep_plan_find(tx->w->plan, table);
        if (!t)
            return ep_fail(err, EP_E_CONFIG, "%s:1: no contract defines the input %s", path, table);
        const ep_changed_table *c = &tx->changed[t - tx->w->plan->tables];
        if (c->changed && c->since < *since)
            *since = c->since;
        *ret = *ret || c->changed;
    }
    return EP_OK;
}

/* A script that ran may have changed every table that it names. */
static void touch_named(ep_tx *tx, const char *sql) {
    for (size_t i = 0; i < tx->w->plan->n; i++)
        if (strstr(sql, tx->w->plan->tables[i].name))
            tx->touched[i] = true;
}

static ep_code run_script(ep_tx *tx, const char *path, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    bool changed = false;
    int64_t since = EP_TS_MAX;
    EP_TRY(ep_read_file(path, 1 << 20, &text, err));
    EP_TRY(inputs_changed(tx, path, &text, &changed, &since, err));
    if (!changed)
        return EP_OK;
    EP_CLEANUP(ep_buf_done) ep_buf moment = {0};
    EP_CLEANUP(ep_buf_done) ep_buf currency = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    char date[11], day[32];
    ep_put_ts_literal(&moment, since);
    ep_time_format_date(since == EP_TS_MIN ? ep_days_from_civil(1, 1, 1) : ep_paris_day(since), date);
    snprintf(day, sizeof day, "date '%s'", date);
    ep_buf_put_literal(&currency, ep_str_from(tx->w->settings.reporting_currency));
    const ep_sql_var vars[] = {
        {"since", moment.data, NULL}, {"since_day", day, NULL}, {"reporting_currency", currency.data, NULL}};
    EP_TRY(ep_buf_check(&moment, err));
    EP_TRY(ep_buf_check(&currency, err));
    EP_TRY(ep_sql_render_text(path, (ep_str){text.data, text.len}, vars, 3, &sql, err));
    if (ep_store_exec(tx->w->store, sql.data, err) != EP_OK)
        return ep_fail_prefix(err, "%s", path);
    touch_named(tx, sql.data);
    return EP_OK;
}

ep_code ep_tx_derive(ep_tx *tx, ep_error *err) {
    char folder[EP_PATH_BYTES];
    EP_CLEANUP(ep_paths_done) ep_paths scripts = {0};
    EP_TRY(ep_path(folder, err, "%s/derive", tx->w->folder));
    EP_TRY(ep_paths_list(folder, ".sql", &scripts, err));
    for (size_t i = 0; i < scripts.n; i++)
        EP_TRY(run_script(tx, scripts.items[i], err));
    for (size_t i = 0; i < tx->w->plan->n; i++)
        tx->touched[i] |= tx->changed[i].changed;
    memset(tx->changed, 0, tx->w->plan->n * sizeof *tx->changed);
    return EP_OK;
}
