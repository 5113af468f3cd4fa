#include "warehouse/schema.h"
#include "base/hash.h"
#include "warehouse/books.h"
#include "warehouse/calendar.h"
#include "warehouse/catalog.h"
#include "warehouse/distribute.h"
#include "warehouse/history.h"
#include "warehouse/identity.h"
#include "warehouse/journal.h"
#include "warehouse/lock.h"
#include "warehouse/tx.h"
#include "warehouse/views.h"

#include <inttypes.h>
#include <string.h>

/* The one text that tells a table's events apart. */
static bool is_event_id(const ep_table *t, const ep_column_def *column) {
    const ep_contract *c = t->contract;
    return t->fed && !t->keyed && c->n_identity == 1 && column->type == EP_T_TEXT &&
           strcmp(column->name, c->fields[c->identity[0]].name) == 0;
}

static ep_code put_columns(ep_warehouse *w, const ep_table *t, const char *schema, const ep_physical *columns,
                           ep_buf *sql, ep_error *err) {
    ep_buf_printf(sql, "create table %s\"%s\" (", schema, t->name);
    for (size_t i = 0; i < columns->n; i++) {
        ep_buf_puts(sql, i ? ", " : "");
        ep_buf_put_ident(sql, ep_str_from(columns->items[i].name));
        ep_buf_puts(sql, " ");
        ep_store_put_type(w->store, &columns->items[i], sql);
        if (is_event_id(t, &columns->items[i]))
            ep_store_put_distinct_text(w->store, sql);
    }
    ep_buf_puts(sql, ");\n");
    return ep_buf_check(sql, err);
}

static ep_code create_table(ep_warehouse *w, const ep_table *t, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    for (int log = 0; log <= (t->keyed && t->fed); log++) {
        ep_physical columns = {0};
        ep_code code = ep_schema_columns(t, log, &arena, &columns, err);
        if (code == EP_OK)
            code = put_columns(w, t, log ? "log." : "", &columns, &sql, err);
        ep_free(columns.items);
        EP_TRY(code);
    }
    return ep_store_exec(w->store, sql.data, err);
}

/* Adds the physical columns that the store's table lacks. */
static ep_code add_columns(ep_warehouse *w, const ep_table *t, bool log, ep_error *err) {
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    ep_physical columns = {0};
    ep_code code = ep_schema_columns(t, log, &arena, &columns, err);
    for (size_t i = 0; code == EP_OK && i < columns.n; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
        ep_buf_printf(&sql, "alter table %s\"%s\" add column if not exists ", log ? "log." : "", t->name);
        ep_buf_put_ident(&sql, ep_str_from(columns.items[i].name));
        ep_buf_puts(&sql, " ");
        ep_store_put_type(w->store, &columns.items[i], &sql);
        code = ep_buf_check(&sql, err);
        if (code == EP_OK)
            code = ep_store_exec(w->store, sql.data, err);
    }
    ep_free(columns.items);
    return code;
}

static ep_code record_column(ep_warehouse *w, const ep_table *t, size_t field, const char *type,
                             ep_error *err) {
    const ep_value params[] = {
        ep_v_cstr(t->name),       ep_v_cstr(t->contract->fields[field].name),
        ep_v_int((int64_t)field), ep_v_int(t->bit[field]),
        ep_v_cstr(type),          ep_v_int(ep_catalog_history(t, field)),
        ep_v_ts(ep_now_us()),
    };
    return ep_store_run(
        w->store,
        "insert into books.schema_column (table_name, column_name, ordinal, present_bit, type_text, history, added_at) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        params, sizeof params / sizeof *params, NULL, err);
}

/* What the contract asks of a table that exists. */
typedef struct change {
    bool added;   /* columns */
    bool rebuilt; /* history types */
} change;

static ep_code compare_column(ep_warehouse *w, const ep_table *t, size_t f, const ep_installed *old,
                              change *ret, ep_error *err) {
    const ep_contract_field *field = &t->contract->fields[f];
    EP_CLEANUP(ep_buf_done) ep_buf type = {0};
    EP_TRY(ep_catalog_type(w, &t->contract->schema.columns[f], &type, err));
    if (!old) {
        if (ep_catalog_in_key(t, f))
            return ep_fail_field(
                err, EP_E_CONFLICT, field->name,
                "%s:%d: %s.%s would become part of the key of a table that holds rows; make a new table with another name and fill it with: "
                "entrepot reprocess --feed FEED",
                t->contract->file, field->line, t->name, field->name);
        ret->added = true;
        return record_column(w, t, f, type.data, err);
    }
    if (strcmp(old->type, type.data) != 0)
        return ep_fail_field(
            err, EP_E_CONFLICT, field->name,
            "%s:%d: %s.%s is stored as %s, the contract says %s now; keep the old type, or add a column with a new name and fill it with: "
            "entrepot reprocess --feed FEED --since DATE",
            t->contract->file, field->line, t->name, field->name, old->type, type.data);
    int64_t history = ep_catalog_history(t, f);
    if (history == old->history)
        return EP_OK;
    if (history < 0 || old->history < 0)
        return ep_fail_field(
            err, EP_E_CONFLICT, field->name,
            "%s:%d: the key of %s cannot change, nor its kind; make a new table with another name and fill it with: entrepot reprocess --feed FEED",
            t->contract->file, field->line, t->name);
    ret->rebuilt = ret->rebuilt || t->keyed;
    const ep_value params[] = {ep_v_cstr(t->name), ep_v_cstr(field->name), ep_v_int(history)};
    return ep_store_run(
        w->store, "update books.schema_column set history = $3 where table_name = $1 and column_name = $2",
        params, 3, NULL, err);
}

static ep_code create_indexes(ep_warehouse *w, const ep_table *t, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    if (ep_store_engine(w->store) == EP_ENGINE_DUCKDB)
        return EP_OK;
    EP_TRY(ep_schema_indexes(t, &sql, err));
    return sql.len > 0 ? ep_store_exec(w->store, sql.data, err) : EP_OK;
}

static ep_code install_table(ep_warehouse *w, const ep_table *t, ep_error *err) {
    EP_TRY(create_table(w, t, err));
    EP_TRY(create_indexes(w, t, err));
    for (size_t f = 0; f < t->contract->n_fields; f++) {
        EP_CLEANUP(ep_buf_done) ep_buf type = {0};
        EP_TRY(ep_catalog_type(w, &t->contract->schema.columns[f], &type, err));
        EP_TRY(record_column(w, t, f, type.data, err));
    }
    return t->fed ? EP_OK : ep_calendar_fill(w, t, err);
}

static ep_code note(ep_warehouse *w, const char *event, const char *table, ep_error *err) {
    ep_journal_entry entry = {EP_J_SCHEMA, EP_JS_INFO, event, "", table, -1, -1, -1};
    return ep_journal_write(w, &entry, err);
}

/* Key fields that vanished from the contract: the table would lose its meaning. Others stay in the table, no longer fed. */
static ep_code refuse_lost_keys(const ep_table *t, const ep_catalog *old, ep_error *err) {
    for (size_t i = 0; i < old->n; i++)
        if (strcmp(old->items[i].table, t->name) == 0 && old->items[i].history < 0 && t->keyed &&
            ep_contract_field_index(t->contract, ep_str_from(old->items[i].column)) < 0)
            return ep_fail_field(
                err, EP_E_CONFLICT, old->items[i].column,
                "%s: the key field %s of %s is gone; put it back, or make a new table with another name",
                t->contract->file, old->items[i].column, t->name);
    return EP_OK;
}

static const ep_view_digest *find_digest(const ep_view_digests *list, const char *name) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

/* Views whose answer changed. One that is written anew, or reads one that is, may differ on purpose; so may, after a change of history, one over
 * changed columns. Else it must not. */
static ep_code compare_views(ep_warehouse *w, const ep_view_digests *before, bool rebuilt, ep_error *err) {
    EP_CLEANUP(ep_view_digests_done) ep_view_digests after = {0};
    EP_TRY(ep_views_digest(w, &after, err));
    for (size_t i = 0; i < before->n; i++) {
        const ep_view_digest *was = &before->items[i], *is = find_digest(&after, was->name);
        if (is && is->n_rows == was->n_rows && strcmp(is->digest, was->digest) == 0)
            continue;
        bool legacy = strncmp(was->name, "legacy.", 7) == 0,
             rewritten = is && was->made_of[0] && strcmp(is->made_of, was->made_of) != 0;
        if (is && !rewritten && (!rebuilt || legacy))
            return ep_fail(
                err, EP_E_CONFLICT,
                "the view %s would answer differently after this change of contracts (%" PRId64
                " rows before, %" PRId64
                " after); nothing was changed. Name its columns one by one, or give the changed view another name",
                was->name, was->n_rows, is->n_rows);
        EP_TRY(note(w, is ? "view_differs" : "view_gone", was->name, err));
    }
    return EP_OK;
}

/* Hash over everything the views are made of. */
static ep_code views_fingerprint(ep_warehouse *w, char ret[65], ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf all = {0};
    const char *subs[] = {"marts", "marts/legacy"};
    ep_buf_puts(&all, w->settings.reporting_currency);
    for (size_t s = 0; s < 2; s++) {
        EP_CLEANUP(ep_buf_done) ep_buf folder = {0};
        EP_CLEANUP(ep_paths_done) ep_paths files = {0};
        ep_buf_printf(&folder, "%s/%s", w->folder, subs[s]);
        EP_TRY(ep_buf_check(&folder, err));
        EP_TRY(ep_paths_list(folder.data, ".sql", &files, err));
        for (size_t i = 0; i < files.n; i++) {
            EP_CLEANUP(ep_buf_done) ep_buf text = {0};
            EP_TRY(ep_read_file(files.items[i], 1 << 20, &text, err));
            ep_buf_puts(&all, strrchr(files.items[i], '/'));
            ep_buf_add(&all, text.data, text.len);
        }
    }
    EP_TRY(ep_buf_check(&all, err));
    uint8_t digest[32];
    ep_sha256_of(all.data, all.len, digest);
    ep_hex(digest, sizeof digest, ret);
    return EP_OK;
}

/* The keys of persons depend on the secret: another one would give everybody a second life. */
static ep_code check_secret(ep_warehouse *w, ep_error *err) {
    uint8_t digest[32];
    char hex[65];
    int64_t n;
    bool same;
    ep_hmac_sha256(w->secret, sizeof w->secret, "fingerprint", 11, digest);
    ep_hex(digest, 16, hex);
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.setting where name = 'secret_fingerprint'",
                            NULL, 0, &n, err));
    if (n == 0)
        return ep_setting_put(w, "secret_fingerprint", hex, err);
    EP_TRY(ep_setting_is(w, "secret_fingerprint", hex, &same, err));
    if (!same)
        return ep_fail(
            err, EP_E_CORRUPT,
            "%s/data/secret.key is not the secret this warehouse was loaded with; restore the right file",
            w->folder);
    return EP_OK;
}

/* Links to parents have columns of their own, which no contract names. True when they are not those of the last time. */
static ep_code links_changed(ep_warehouse *w, bool *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf links = {0};
    int64_t n;
    bool same;
    for (size_t i = 0; i < w->plan->n; i++)
        for (size_t l = 0; l < w->plan->tables[i].n_links; l++)
            ep_buf_printf(&links, "%s.%s ", w->plan->tables[i].name, w->plan->tables[i].links[l].key_column);
    ep_buf_puts(&links, "");
    EP_TRY(ep_buf_check(&links, err));
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.setting where name = 'links'", NULL, 0, &n,
                            err));
    EP_TRY(ep_setting_is(w, "links", links.data, &same, err));
    *ret = n > 0 && !same;
    return same ? EP_OK : ep_setting_put(w, "links", links.data, err);
}

/* Makes missing tables and finds what contracts ask of the others. */
static ep_code compare_tables(ep_warehouse *w, const ep_catalog *old, change *asked, bool *ret_changed,
                              ep_error *err) {
    for (size_t i = 0; i < w->plan->n; i++) {
        const ep_table *t = &w->plan->tables[i];
        if (!ep_catalog_find(old, t->name, NULL)) {
            EP_TRY(install_table(w, t, err));
            EP_TRY(note(w, "table_made", t->name, err));
            *ret_changed = true;
            continue;
        }
        EP_TRY(refuse_lost_keys(t, old, err));
        for (size_t f = 0; f < t->contract->n_fields; f++)
            EP_TRY(compare_column(w, t, f, ep_catalog_find(old, t->name, t->contract->fields[f].name),
                                  &asked[i], err));
    }
    return EP_OK;
}

/* First all columns: facts may get the column of a parent that keeps versions from now on. */
static ep_code add_all_columns(ep_warehouse *w, const change *asked, ep_error *err) {
    for (size_t i = 0; i < w->plan->n; i++) {
        const ep_table *t = &w->plan->tables[i];
        EP_TRY(add_columns(w, t, false, err));
        if (t->keyed && t->fed)
            EP_TRY(add_columns(w, t, true, err));
        if (asked[i].added && !t->fed)
            EP_TRY(ep_calendar_fill(w, t, err));
        if (asked[i].added || asked[i].rebuilt)
            EP_TRY(note(w, asked[i].rebuilt ? "history_rebuilt" : "columns_added", t->name, err));
    }
    return EP_OK;
}

/* Histories from their logs, and what is computed from them. */
static ep_code rebuild_tables(ep_warehouse *w, const change *asked, ep_error *err) {
    EP_CLEANUP(ep_tx_free) ep_tx *tx = NULL;
    EP_TRY(ep_tx_new(w, &tx, err));
    for (size_t i = 0; i < w->plan->n; i++) {
        if (asked[i].rebuilt)
            EP_TRY(ep_history_rebuild(w, &w->plan->tables[i], err));
        if (asked[i].rebuilt && w->plan->tables[i].versions)
            EP_TRY(ep_history_bind_all(w, &w->plan->tables[i], err));
        if (asked[i].added || asked[i].rebuilt)
            tx->changed[i] = (ep_changed_table){true, EP_TS_MIN};
    }
    return ep_tx_derive(tx, err);
}

static ep_code change_tables(ep_warehouse *w, const ep_catalog *old, change *asked, bool *ret_changed,
                             ep_error *err) {
    EP_CLEANUP(ep_view_digests_done) ep_view_digests before = {0};
    bool any = false, rebuilt = false;
    EP_TRY(compare_tables(w, old, asked, ret_changed, err));
    EP_TRY(ep_identity_check(w, err));
    EP_TRY(ep_distribute_tables(w, ret_changed, err));
    EP_TRY(links_changed(w, &any, err));
    if (any)
        EP_TRY(note(w, "links_changed",
                    "rows loaded before get a new link by: entrepot reprocess --feed FEED", err));
    for (size_t i = 0; i < w->plan->n; i++) {
        any = any || asked[i].added || asked[i].rebuilt;
        rebuilt = rebuilt || asked[i].rebuilt;
    }
    if (!any)
        return EP_OK;
    *ret_changed = true;
    EP_TRY(ep_views_digest(w, &before, err));
    EP_TRY(ep_views_drop(w, err));
    EP_TRY(add_all_columns(w, asked, err));
    EP_TRY(rebuild_tables(w, asked, err));
    EP_TRY(ep_views_apply(w, err));
    return compare_views(w, &before, rebuilt, err);
}

static ep_code apply_tables(ep_warehouse *w, const ep_catalog *old, bool *ret_changed, ep_error *err) {
    change *asked = ep_calloc(w->plan->n + 1, sizeof *asked);
    ep_code code = asked ? change_tables(w, old, asked, ret_changed, err)
                         : ep_fail(err, EP_E_NOMEM, "out of memory for the tables");
    ep_free(asked);
    return code;
}

static ep_code apply(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_catalog_done) ep_catalog old = {0};
    bool changed = false, same_views;
    char fingerprint[65];
    EP_TRY(ep_distribute_find(w, err));
    EP_TRY(ep_books_make(w, err));
    EP_TRY(ep_warehouse_lock(w, err));
    EP_TRY(ep_distribute_books(w, &changed, err));
    EP_TRY(check_secret(w, err));
    EP_TRY(ep_catalog_load(w, &old, err));
    EP_TRY(ep_plan_new(w->contracts, old.bits, old.n, w->on_citus, &w->plan, err));
    EP_TRY(apply_tables(w, &old, &changed, err));
    EP_TRY(views_fingerprint(w, fingerprint, err));
    EP_TRY(ep_setting_is(w, "views", fingerprint, &same_views, err));
    if (changed || !same_views) {
        EP_TRY(ep_views_apply(w, err));
        EP_TRY(ep_setting_put(w, "views", fingerprint, err));
        EP_TRY(note(w, "views_made", "marts and legacy views", err));
    }
    return EP_OK;
}

ep_code ep_schema_apply(ep_warehouse *w, bool trial, ep_error *err) {
    EP_TRY(ep_store_begin(w->store, err));
    ep_code code = apply(w, err);
    if (code == EP_OK && !trial)
        code = ep_store_commit(w->store, err);
    if (code != EP_OK)
        ep_store_rollback(w->store);
    return code;
}

ep_code ep_schema_plan(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_catalog_done) ep_catalog old = {0};
    EP_TRY(ep_distribute_find(w, err));
    EP_TRY(ep_catalog_load(w, &old, err));
    return ep_plan_new(w->contracts, old.bits, old.n, w->on_citus, &w->plan, err);
}
