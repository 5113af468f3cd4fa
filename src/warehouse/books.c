#include "warehouse/books.h"
#include "base/hash.h"
#include "warehouse/dialect.h"

ep_code ep_setting_is(ep_warehouse *w, const char *name, const char *value, bool *ret, ep_error *err) {
    int64_t n;
    const ep_value params[] = {ep_v_cstr(name), ep_v_cstr(value)};
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.setting where name = $1 and value = $2",
                            params, 2, &n, err));
    *ret = n > 0;
    return EP_OK;
}

ep_code ep_setting_put(ep_warehouse *w, const char *name, const char *value, ep_error *err) {
    const ep_value params[] = {ep_v_cstr(name), ep_v_cstr(value)};
    EP_TRY(ep_store_run(w->store, "delete from books.setting where name = $1", params, 1, NULL, err));
    return ep_store_run(w->store, "insert into books.setting (name, value) values ($1, $2)", params, 2, NULL,
                        err);
}

static ep_code are_there(ep_warehouse *w, bool *ret, ep_error *err) {
    int64_t n;
    EP_TRY(ep_store_get_int(
        w->store,
        "select count(*) from information_schema.tables where table_schema = 'books' and table_name = 'setting'",
        NULL, 0, &n, err));
    *ret = n > 0;
    return EP_OK;
}

ep_code ep_books_make(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_sql_var vars[EP_N_DIALECT_VARS];
    uint8_t digest[32];
    char hex[65];
    bool same;
    ep_dialect_vars(w->store, vars);
    EP_TRY(ep_sql_render("sql/books.sql", "create", vars, EP_N_DIALECT_VARS, &sql, err));
    ep_sha256_of(sql.data, sql.len, digest);
    ep_hex(digest, sizeof digest, hex);
    EP_TRY(are_there(w, &same, err));
    if (same)
        EP_TRY(ep_setting_is(w, "books", hex, &same, err));
    if (same)
        return EP_OK;
    EP_TRY(ep_store_exec(w->store, sql.data, err));
    return ep_setting_put(w, "books", hex, err);
}
