#include "warehouse/history.h"
#include "warehouse/tx.h"

#include <stdio.h>
#include <string.h>

#define MAX_INPUTS 32

/* What a script depends on, as its first lines name it, and from when on that looks different: EP_TS_MAX when it does not. */
typedef struct script_inputs {
    bool changed;
    int64_t since; /* of "-- inputs:", by event time */
    int64_t dated; /* of "-- dated:", whose rows hold from a day on */
    size_t n;
    struct {
        char name[140], moment[48];     /* ${since_TABLE} */
        char keys_name[140], keys[300]; /* ${keys_TABLE} of a dimension; "" of another table */
    } each[MAX_INPUTS];
} script_inputs;

static void keys_query(const ep_table *t, const ep_changed_table *c, char out[300]) {
    if (c->by_key)
        snprintf(out, 300, "select _key from changed_%s", t->name);
    else
        snprintf(out, 300, "select %s from %s%s", t->key_column, t->name, c->changed ? "" : " where false");
}

static void moment_literal(int64_t since, char out[48]) {
    char text[27];
    ep_time_format_ts(since, text);
    snprintf(out, 48, "timestamp '%s'", text);
}

static void day_literal(int64_t since, char out[32]) {
    char date[11];
    ep_time_format_date(since == EP_TS_MIN ? ep_days_from_civil(1, 1, 1) : ep_paris_day(since), date);
    snprintf(out, 32, "date '%s'", date);
}

/* The rest of the first line when that begins with the mark; `text` goes on behind it. */
static bool take_line(ep_str *text, const char *mark, ep_str *ret) {
    size_t n = strlen(mark);
    if (text->len < n || memcmp(text->ptr, mark, n) != 0)
        return false;
    const char *end = memchr(text->ptr, '\n', text->len);
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    *ret = (ep_str){text->ptr + n, len - n};
    *text = end ? (ep_str){end + 1, text->len - len - 1} : (ep_str){NULL, 0};
    return true;
}

/* The earliest change of the tables "a, b" that the script's line names. */
static ep_code changed_since(const ep_tx *tx, const char *path, int line, ep_str names, script_inputs *inputs,
                             int64_t *since, ep_error *err) {
    while (names.len > 0) {
        const char *comma = memchr(names.ptr, ',', names.len);
        size_t len = comma ? (size_t)(comma - names.ptr) : names.len;
        ep_str name = ep_str_trim((ep_str){names.ptr, len});
        names = comma ? (ep_str){comma + 1, names.len - len - 1} : (ep_str){NULL, 0};
        char table[128];
        snprintf(table, sizeof table, "%.*s", EP_STR_ARGS(name));
        const ep_table *t = ep_plan_find(tx->w->plan, table);
        if (!t)
            return ep_fail(err, EP_E_CONFIG, "%s:%d: no contract defines the input %s", path, line, table);
        if (inputs->n == MAX_INPUTS)
            return ep_fail(err, EP_E_CONFIG, "%s:%d: a script has at most %d inputs", path, line, MAX_INPUTS);
        const ep_changed_table *c = &tx->changed[t - tx->w->plan->tables];
        int64_t own = c->changed ? c->since : EP_TS_MAX;
        if (own < *since)
            *since = own;
        inputs->changed = inputs->changed || c->changed;
        snprintf(inputs->each[inputs->n].name, sizeof inputs->each[0].name, "since_%s", t->name);
        snprintf(inputs->each[inputs->n].keys_name, sizeof inputs->each[0].keys_name, "keys_%s", t->name);
        if (t->versions)
            keys_query(t, c, inputs->each[inputs->n].keys);
        moment_literal(own, inputs->each[inputs->n++].moment);
    }
    return EP_OK;
}

static ep_code read_inputs(const ep_tx *tx, const char *path, ep_str text, script_inputs *ret,
                           ep_error *err) {
    static const char inputs[] = "-- inputs:", dated[] = "-- dated:";
    ep_str names;
    *ret = (script_inputs){.since = EP_TS_MAX, .dated = EP_TS_MAX};
    if (!take_line(&text, inputs, &names))
        return ep_fail(err, EP_E_CONFIG, "%s:1: the first line must be: %s table, table", path, inputs);
    EP_TRY(changed_since(tx, path, 1, names, ret, &ret->since, err));
    if (take_line(&text, dated, &names))
        EP_TRY(changed_since(tx, path, 2, names, ret, &ret->dated, err));
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
    script_inputs inputs;
    EP_TRY(ep_read_file(path, 1 << 20, &text, err));
    EP_TRY(read_inputs(tx, path, (ep_str){text.data, text.len}, &inputs, err));
    if (!inputs.changed)
        return EP_OK;
    EP_CLEANUP(ep_buf_done) ep_buf currency = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    char moment[48], day[32], dated[32];
    moment_literal(inputs.since, moment);
    day_literal(inputs.since, day);
    day_literal(inputs.dated, dated);
    ep_buf_put_literal(&currency, ep_str_from(tx->w->settings.reporting_currency));
    EP_TRY(ep_buf_check(&currency, err));
    ep_sql_var vars[4 + 2 * MAX_INPUTS] = {{"since", moment, NULL},
                                           {"since_day", day, NULL},
                                           {"since_dated", dated, NULL},
                                           {"reporting_currency", currency.data, NULL}};
    size_t n_vars = 4;
    for (size_t i = 0; i < inputs.n; i++) {
        vars[n_vars++] = (ep_sql_var){inputs.each[i].name, inputs.each[i].moment, NULL};
        if (inputs.each[i].keys[0])
            vars[n_vars++] = (ep_sql_var){inputs.each[i].keys_name, inputs.each[i].keys, NULL};
    }
    EP_TRY(ep_sql_render_text(path, (ep_str){text.data, text.len}, vars, n_vars, &sql, err));
    if (ep_store_exec(tx->w->store, sql.data, err) != EP_OK)
        return ep_fail_prefix(err, "%s", path);
    touch_named(tx, sql.data);
    return EP_OK;
}

/* They hold for one transaction. */
static ep_code forget_keys(const ep_tx *tx, ep_error *err) {
    for (size_t i = 0; i < tx->w->plan->n; i++)
        if (tx->w->plan->tables[i].versions && tx->changed[i].changed)
            EP_TRY(ep_table_exec(tx->w, &tx->w->plan->tables[i], "sql/history.sql", "forget_changed", NULL, 0,
                                 err));
    return EP_OK;
}

ep_code ep_tx_derive(ep_tx *tx, ep_error *err) {
    char folder[EP_PATH_BYTES];
    EP_CLEANUP(ep_paths_done) ep_paths scripts = {0};
    EP_TRY(ep_path(folder, err, "%s/derive", tx->w->folder));
    EP_TRY(ep_paths_list(folder, ".sql", &scripts, err));
    for (size_t i = 0; i < scripts.n; i++)
        EP_TRY(run_script(tx, scripts.items[i], err));
    EP_TRY(forget_keys(tx, err));
    for (size_t i = 0; i < tx->w->plan->n; i++)
        tx->touched[i] |= tx->changed[i].changed;
    memset(tx->changed, 0, tx->w->plan->n * sizeof *tx->changed);
    return EP_OK;
}
