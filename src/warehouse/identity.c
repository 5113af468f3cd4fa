#include "warehouse/identity.h"
#include "warehouse/books.h"

#include <string.h>

/* In books.setting, a row a table: "identity TABLE". */
#define PREFIX "identity "

static void put_field(ep_buf *buf, const ep_contract *c, int field) {
    ep_buf_puts(buf, field < 0 ? "-" : c->fields[field].name);
}

static ep_code describe(const ep_contract *c, ep_buf *ret, ep_error *err) {
    ep_buf_puts(ret, "owner ");
    put_field(ret, c, c->owner);
    ep_buf_puts(ret, ", event time ");
    put_field(ret, c, c->valid_time);
    ep_buf_puts(ret, ", dedupe");
    for (size_t i = 0; i < c->n_identity; i++) {
        ep_buf_puts(ret, " ");
        put_field(ret, c, c->identity[i]);
    }
    return ep_buf_check(ret, err);
}

/* What was remembered of a table, or nothing. */
static ep_code find(ep_warehouse *w, const char *setting, ep_buf *ret, bool *ret_found, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_cstr(setting)};
    EP_TRY(
        ep_store_query(w->store, "select value from books.setting where name = $1", params, 1, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, ret_found, err));
    if (*ret_found)
        ep_buf_put_str(ret, ep_cursor_get(cursor, 0).text);
    return ep_buf_check(ret, err);
}

static ep_code holds_rows(ep_warehouse *w, const ep_table *t, bool *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    int64_t n;
    ep_buf_printf(&sql, "select count(*) from (select 1 from %s limit 1) r", t->name);
    EP_TRY(ep_buf_check(&sql, err));
    EP_TRY(ep_store_get_int(w->store, sql.data, NULL, 0, &n, err));
    *ret = n > 0;
    return EP_OK;
}

static ep_code check_table(ep_warehouse *w, const ep_table *t, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf setting = {0};
    EP_CLEANUP(ep_buf_done) ep_buf now = {0};
    EP_CLEANUP(ep_buf_done) ep_buf before = {0};
    bool found, rows;
    ep_buf_printf(&setting, PREFIX "%s", t->name);
    EP_TRY(ep_buf_check(&setting, err));
    EP_TRY(describe(t->contract, &now, err));
    EP_TRY(find(w, setting.data, &before, &found, err));
    if (found && strcmp(before.data, now.data) == 0)
        return EP_OK;
    EP_TRY(holds_rows(w, t, &rows, err));
    if (found && rows)
        return ep_fail(
            err, EP_E_CONFLICT,
            "%s: what tells the rows of %s apart was %s, and is %s now; put it back, or make a new table with another name and fill "
            "it with: entrepot reprocess --feed FEED",
            t->contract->file, t->name, before.data, now.data);
    return ep_setting_put(w, setting.data, now.data, err);
}

ep_code ep_identity_check(ep_warehouse *w, ep_error *err) {
    for (size_t i = 0; i < w->plan->n; i++)
        if (w->plan->tables[i].fed)
            EP_TRY(check_table(w, &w->plan->tables[i], err));
    return EP_OK;
}
