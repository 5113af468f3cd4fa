#include "warehouse/history.h"
#include "warehouse/lock.h"
#include "warehouse/merge_private.h"
#include "warehouse/near.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void texts_done(ep_merge_texts *x) {
    ep_buf_done(&x->now);
    ep_buf_done(&x->owner);
    ep_buf_done(&x->stored_owner);
    ep_buf_done(&x->from);
    ep_buf_done(&x->to);
    ep_buf_done(&x->rows);
}

static void put_owner(ep_buf *buf, const ep_table *t, const char *alias) {
    if (t->contract->owner < 0) {
        ep_buf_puts(buf, "''");
        return;
    }
    ep_buf_puts(buf, alias);
    ep_buf_put_ident(buf, ep_str_from(t->contract->fields[t->contract->owner].name));
}

static ep_code texts_init(ep_merge_texts *x, const ep_tx *tx, const ep_table *t, ep_error *err) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    ep_put_ts_literal(&x->now, tx->received_at);
    put_owner(&x->owner, t, "s.");
    put_owner(&x->stored_owner, t, "r.");
    ep_put_ts_literal(&x->from, tx->min_at[index]);
    ep_put_ts_literal(&x->to, tx->max_at[index]);
    ep_buf_printf(&x->rows, "%s_%s", t->keyed ? "stage" : "fresh", t->name);
    const ep_sql_var vars[EP_MERGE_N_TEXTS] = {
        {"now", x->now.data, NULL},
        {"owner", x->owner.data, NULL},
        {"stored_owner", x->stored_owner.data, NULL},
        {"from", x->from.data, NULL},
        {"to", x->to.data, NULL},
        {"rows", x->rows.data, NULL},
        {"server", ep_warehouse_on_server(tx->w) ? "yes" : "", NULL},
        {"staged", "yes", NULL},
    };
    memcpy(x->vars, vars, sizeof vars);
    EP_TRY(ep_buf_check(&x->now, err));
    EP_TRY(ep_buf_check(&x->owner, err));
    EP_TRY(ep_buf_check(&x->stored_owner, err));
    EP_TRY(ep_buf_check(&x->from, err));
    EP_TRY(ep_buf_check(&x->rows, err));
    return ep_buf_check(&x->to, err);
}

static ep_code run(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, const char *asset,
                   const char *section, ep_error *err) {
    EP_TRY(ep_warehouse_stopping(tx->w, err));
    return ep_table_exec(tx->w, t, asset, section, x->vars, EP_MERGE_N_TEXTS, err);
}

static ep_code count(ep_tx *tx, const ep_table *t, const char *prefix, int64_t *ret, ep_error *err) {
    char sql[128];
    snprintf(sql, sizeof sql, "select count(*) from %s_%s", prefix, t->name);
    return ep_store_get_int(tx->w->store, sql, NULL, 0, ret, err);
}

/* Adds every row of a (load, record, owner) query to the tallies. */
static ep_code tally(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, const char *section,
                     ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(tx->w, t, EP_SQL_MERGE, section, x->vars, EP_MERGE_N_TEXTS, &cursor, err));
    bool unchanged = strcmp(section, "unchanged") == 0 || strcmp(section, "quiet") == 0;
    ep_row_tally *rows = NULL;
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        int64_t load_id = ep_cursor_get(cursor, 0).i64;
        ep_str owner = ep_cursor_get(cursor, 2).text;
        if (!rows || rows->load_id != load_id || !ep_str_is(owner, rows->owner))
            EP_TRY(ep_tx_rows(tx, load_id, t, owner, &rows, err));
        ep_record_tally *record = ep_tx_record(tx, load_id, (uint64_t)ep_cursor_get(cursor, 1).i64);
        if (!record)
            return ep_fail(err, EP_E_BUG, "a staged row of %s belongs to no record", t->name);
        *(unchanged ? &rows->unchanged : &rows->duplicate) += 1;
        *(unchanged ? &record->n_unchanged : &record->n_duplicate) += 1;
    }
}

static ep_code tally_changed(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(tx->w, t, EP_SQL_MERGE, "changed", x->vars, EP_MERGE_N_TEXTS, &cursor, err));
    for (bool more = true;;) {
        ep_row_tally *rows;
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_tx_rows(tx, ep_cursor_get(cursor, 0).i64, t, ep_cursor_get(cursor, 1).text, &rows, err));
        rows->changed += ep_cursor_get(cursor, 2).i64;
    }
}

void ep_merge_mark_changed(ep_tx *tx, const ep_table *t, int64_t since) {
    ep_changed_table *c = &tx->changed[t - tx->w->plan->tables];
    if (!c->changed || since < c->since)
        c->since = since;
    c->by_key = t->versions && (!c->changed || c->by_key);
    c->changed = true;
}

/* min() over something: NULL changes nothing. */
static ep_code mark_since(ep_tx *tx, const ep_table *t, const char *section, const ep_sql_var *extra,
                          size_t n_extra, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool row;
    EP_TRY(ep_table_query(tx->w, t, EP_SQL_MERGE, section, extra, n_extra, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    ep_value since = ep_cursor_get(cursor, 0);
    if (row && since.state == EP_VALUE)
        ep_merge_mark_changed(tx, t, since.i64);
    return EP_OK;
}

static ep_code mark_staged(ep_tx *tx, const ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    EP_CLEANUP(ep_buf_done) ep_buf time = {0};
    if (c->bind_time >= 0 && c->bind_time != c->valid_time) {
        ep_buf_puts(&time, "least(_at, cast(");
        ep_buf_put_ident(&time, ep_str_from(c->fields[c->bind_time].name));
        ep_buf_puts(&time, " as timestamp))");
    } else {
        ep_buf_puts(&time, "_at");
    }
    EP_TRY(ep_buf_check(&time, err));
    const ep_sql_var extra[] = {{"time", time.data, NULL}};
    return mark_since(tx, t, "since_staged", extra, 1, err);
}

/* `section` counts keys that stand for two natural ones: among staged rows, or between them and what is stored. */
static ep_code refuse_collisions(ep_tx *tx, const ep_table *t, const char *section, ep_error *err) {
    int64_t n = 0;
    EP_TRY(ep_table_int(tx->w, t, EP_SQL_MERGE, section, NULL, 0, &n, err));
    if (n > 0)
        return ep_fail(
            err, EP_E_CONFLICT,
            "two natural keys of %s have the same durable key; this needs a change of the key's hash, please report it",
            t->name);
    return EP_OK;
}

ep_code ep_merge_versions_repeated(ep_tx *tx, const ep_table *t, ep_error *err) {
    EP_TRY(refuse_collisions(tx, t, "staged_collision", err));
    return ep_table_exec(tx->w, t, EP_SQL_HISTORY, "repeated", NULL, 0, err);
}

/* How late changes are told from news: by index on a server, if the log lies at hand; by a pass in a file. */
static const char *late_section(const ep_warehouse *w) {
    return !ep_warehouse_on_server(w) ? "late_in_one_pass" : w->plan->near ? "late_is_news" : "late";
}

/* Splits fresh changes into news and those that repeat what is known (quiet). */
static ep_code find_quiet(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, ep_error *err) {
    int64_t n_late = 0;
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "compared", err));
    EP_TRY(refuse_collisions(tx, t, "compared_collision", err));
    if (t->type0.n + t->type1.n > 0)
        EP_TRY(ep_table_int(tx->w, t, EP_SQL_HISTORY, "n_late", NULL, 0, &n_late, err));
    if (n_late > 0)
        EP_TRY(run(tx, t, x, EP_SQL_HISTORY, late_section(tx->w), err));
    return run(tx, t, x, EP_SQL_HISTORY, "quiet", err);
}

/* Whether nothing reads a dimension's stage once its fresh changes are told apart: not what names parents, nor what a snapshot is compared with. */
static bool is_stage_done(const ep_tx *tx, const ep_table *t) {
    return t->n_links == 0 && ep_feed_delivery(tx->feed) != EP_D_SNAPSHOT;
}

static ep_code take_fresh(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t n_staged,
                          int64_t *ret_n_fresh, ep_error *err) {
    int64_t n_double;
    const ep_sql_var extra[] = {{"last", is_stage_done(tx, t) ? "yes" : "", NULL}};
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "double", err));
    EP_TRY(count(tx, t, "double", &n_double, err));
    if (n_double > 0)
        EP_TRY(tally(tx, t, x, "double", err));
    *ret_n_fresh = n_staged - n_double;
    return ep_table_exec(tx->w, t, EP_SQL_HISTORY, "fresh", extra, 1, err);
}

/* Changes that repeat what is known go to the log and no further. */
static ep_code log_quiet(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t *n_fresh,
                         ep_error *err) {
    int64_t n_quiet;
    if (*n_fresh == 0)
        return EP_OK;
    EP_TRY(find_quiet(tx, t, x, err));
    EP_TRY(count(tx, t, "quiet", &n_quiet, err));
    if (n_quiet == 0)
        return EP_OK;
    EP_TRY(tally(tx, t, x, "quiet", err));
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "log_quiet", err));
    if (ep_warehouse_on_server(tx->w) && n_quiet > *n_fresh / 2)
        EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "few_left", err));
    return count(tx, t, "fresh", n_fresh, err);
}

static ep_code merge_versions(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t n_staged,
                              ep_error *err) {
    int64_t n_fresh, n_touched;
    bool partial;
    EP_TRY(ep_near_keys(tx->w, t, x->rows.data, err));
    if (!ep_merge_goes_ahead(tx))
        EP_TRY(ep_merge_versions_repeated(tx, t, err));
    EP_TRY(take_fresh(tx, t, x, n_staged, &n_fresh, err));
    EP_TRY(log_quiet(tx, t, x, &n_fresh, err));
    if (n_fresh == 0)
        return EP_OK;
    EP_TRY(ep_history_state(tx->w, t, EP_SQL_HISTORY, &partial, err));
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "log", err));
    EP_TRY(tally(tx, t, x, "unchanged", err));
    EP_TRY(tally_changed(tx, t, x, err));
    EP_TRY(count(tx, t, "touched", &n_touched, err));
    if (n_touched == 0)
        return EP_OK;
    EP_TRY(mark_since(tx, t, "since_versions", NULL, 0, err));
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "changed", err));
    EP_TRY(ep_history_versions(tx->w, t, err));
    if (ep_history_is_bound(tx->w, t))
        EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "rebind", err));
    return ep_history_apply(tx->w, t, partial, err);
}

static ep_code merge_single(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t n_staged,
                            ep_error *err) {
    int64_t n_once, n_again, n_fresh;
    bool partial;
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "once", err));
    EP_TRY(count(tx, t, "once", &n_once, err));
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "again", err));
    EP_TRY(count(tx, t, "again", &n_again, err));
    EP_TRY(ep_near_parents(tx->w, t, "stage", err));
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "insert_first", err));
    if (n_again == 0 && n_once == n_staged)
        return mark_staged(tx, t, err);
    EP_TRY(ep_near_keys(tx->w, t, x->rows.data, err));
    EP_TRY(refuse_collisions(tx, t, "staged_collision", err));
    EP_TRY(refuse_collisions(tx, t, "known_collision", err));
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "fresh", err));
    EP_TRY(count(tx, t, "fresh", &n_fresh, err));
    EP_TRY(tally(tx, t, x, "single_duplicates", err));
    EP_TRY(mark_staged(tx, t, err));
    if (n_fresh == 0)
        return EP_OK;
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "log_first", err));
    EP_TRY(ep_history_state(tx->w, t, EP_SQL_HISTORY, &partial, err));
    EP_TRY(run(tx, t, x, EP_SQL_HISTORY, "log", err));
    EP_TRY(tally(tx, t, x, "unchanged", err));
    EP_TRY(tally_changed(tx, t, x, err));
    EP_TRY(run(tx, t, x, EP_SQL_SINGLE, "last", err));
    /* A late change may bring back a parent that no staged row names. */
    EP_TRY(ep_near_parents(tx->w, t, "version", err));
    return run(tx, t, x, EP_SQL_SINGLE, "replace", err);
}

/* Rows that lost against a rival of the same identity, staged ones or stored ones. */
typedef struct losers {
    ep_rejected *items;
    size_t n, capacity;
} losers;

static void losers_done(losers *list) {
    ep_free(list->items);
}

static ep_code list_losers(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, bool stored, losers *ret,
                           ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(tx->w, t, EP_SQL_MERGE, stored ? "stored_losers" : "staged_losers", x->vars,
                          EP_MERGE_N_TEXTS, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        int64_t load_id = ep_cursor_get(cursor, 0).i64, record_no = ep_cursor_get(cursor, 1).i64;
        ret->items[ret->n++] = (ep_rejected){
            .load_id = load_id,
            .record = (uint64_t)record_no,
            .group = stored ? -1 : ep_cursor_get(cursor, 3).i64,
            .n_rows = 1,
            .code = EP_R_IDENTITY_CONFLICT,
            .table = t->name,
        };
        ep_str owner = ep_cursor_get(cursor, 2).text;
        snprintf(ret->items[ret->n - 1].owner, sizeof ret->items[0].owner, "%.*s", EP_STR_ARGS(owner));
        if (stored)
            continue;
        ep_row_tally *rows;
        EP_TRY(ep_tx_rows(tx, load_id, t, owner, &rows, err));
        rows->quarantined++;
        ep_record_tally *record = ep_tx_record(tx, load_id, (uint64_t)record_no);
        if (record)
            record->quarantined = true;
    }
}

static ep_code reject_losers(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, bool stored,
                             ep_tx_reject reject, void *context, ep_error *err) {
    EP_CLEANUP(losers_done) losers list = {0};
    EP_TRY(list_losers(tx, t, x, stored, &list, err));
    for (size_t i = 0; i < list.n; i++)
        EP_TRY(reject(context, &list.items[i], err));
    return EP_OK;
}

static ep_code merge_events(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t n_staged,
                            ep_tx_reject reject, void *context, ep_error *err) {
    int64_t n_fresh, n_rivals;
    EP_TRY(ep_near_events(tx->w, t, x->from.data, x->to.data, err));
    EP_TRY(run(tx, t, x, EP_SQL_EVENT, "fresh", err));
    EP_TRY(count(tx, t, "fresh", &n_fresh, err));
    if (n_fresh < n_staged)
        EP_TRY(tally(tx, t, x, "duplicates", err));
    if (n_fresh == 0)
        return EP_OK;
    EP_TRY(run(tx, t, x, EP_SQL_EVENT, "rivals", err));
    EP_TRY(count(tx, t, "rival", &n_rivals, err));
    if (n_rivals > 0) {
        EP_TRY(reject_losers(tx, t, x, false, reject, context, err));
        EP_TRY(reject_losers(tx, t, x, true, reject, context, err));
        EP_TRY(run(tx, t, x, EP_SQL_EVENT, "drop_losers", err));
    }
    EP_TRY(ep_near_parents(tx->w, t, "fresh", err));
    EP_TRY(run(tx, t, x, EP_SQL_EVENT, "insert", err));
    ep_merge_mark_changed(tx, t, tx->min_at[t - tx->w->plan->tables]);
    return EP_OK;
}

/* Natural keys of a parent as staged or held rows name them: select distinct r_key as _key, from1 as key1 ... */
static ep_code infer_parents(ep_tx *tx, const ep_table *child, const ep_link *link, const ep_merge_texts *x,
                             ep_error *err) {
    const ep_table *parent = link->table;
    bool held = ep_merge_held_of(tx, child);
    char rows[128];
    EP_CLEANUP(ep_buf_done) ep_buf parents = {0};
    if (held)
        snprintf(rows, sizeof rows, "parents_%s_%zu", child->name, (size_t)(link - child->links));
    else
        snprintf(rows, sizeof rows, "stage_%s", child->name);
    ep_buf_printf(&parents, "select s.\"%s\" as _key", link->key_column);
    for (size_t k = 0; k < link->n_from; k++) {
        ep_buf_puts(&parents, ", min(s.");
        ep_buf_put_ident(&parents, ep_str_from(child->contract->fields[link->from[k]].name));
        ep_buf_puts(&parents, ") as ");
        ep_buf_put_ident(&parents, ep_str_from(parent->contract->fields[parent->contract->key[k]].name));
    }
    ep_buf_printf(&parents, " from %s s where s.\"%s\" is not null group by 1", rows, link->key_column);
    EP_TRY(ep_buf_check(&parents, err));
    EP_TRY(ep_near_table(tx->w, parent, rows, link->key_column, err));
    ep_sql_var vars[EP_MERGE_N_TEXTS + 1];
    memcpy(vars, x->vars, sizeof x->vars[0] * EP_MERGE_N_TEXTS);
    vars[EP_MERGE_N_TEXTS] = (ep_sql_var){"parents", parents.data, NULL};
    EP_TRY(ep_table_exec(tx->w, parent, parent->versions ? EP_SQL_HISTORY : EP_SQL_SINGLE, "inferred", vars,
                         EP_MERGE_N_TEXTS + 1, err));
    return held ? ep_held_drop_parents(child, tx->w->store, (size_t)(link - child->links), err) : EP_OK;
}

static ep_code merge_table(ep_tx *tx, const ep_table *t, ep_tx_reject reject, void *context, ep_error *err) {
    int64_t n_staged = tx->n_staged[t - tx->w->plan->tables];
    EP_CLEANUP(texts_done) ep_merge_texts x = {0};
    EP_TRY(texts_init(&x, tx, t, err));
    const ep_held *held = ep_merge_held_of(tx, t);
    if (held) {
        EP_TRY(ep_merge_held(tx, t, &x, &n_staged, err));
        if (held->min_time != INT64_MAX)
            ep_merge_mark_changed(tx, t, held->min_time);
    }
    if (n_staged == 0)
        return EP_OK;
    if (t->versions)
        return merge_versions(tx, t, &x, n_staged, err);
    if (t->keyed)
        return merge_single(tx, t, &x, n_staged, err);
    return merge_events(tx, t, &x, n_staged, reject, context, err);
}

/* Parents before children: dimensions and reference tables, then what they leave unknown, then facts. */
static ep_code merge_pass(ep_tx *tx, bool facts, ep_tx_reject reject, void *context, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        /* Reference tables with parents point to their versions, too. */
        bool is_fact = t->contract->kind == EP_K_TRANSACTION || t->contract->kind == EP_K_ACCUMULATING ||
                       (!t->versions && t->n_links > 0);
        if (tx->n_staged[t - tx->w->plan->tables] == 0 || is_fact != facts)
            continue;
        EP_TRY(merge_table(tx, t, reject, context, err));
        ep_merge_note_stored(tx, t);
    }
    return EP_OK;
}

static ep_code infer_all(ep_tx *tx, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        if (tx->n_staged[t - tx->w->plan->tables] == 0)
            continue;
        EP_CLEANUP(texts_done) ep_merge_texts x = {0};
        EP_TRY(texts_init(&x, tx, t, err));
        for (size_t l = 0; l < t->n_links; l++)
            EP_TRY(infer_parents(tx, t, &t->links[l], &x, err));
    }
    return EP_OK;
}

static ep_code rebind_all(ep_tx *tx, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        if (t->versions && tx->changed[t - tx->w->plan->tables].changed)
            EP_TRY(ep_history_rebind(tx->w, t, err));
    }
    return EP_OK;
}

ep_code ep_tx_merge(ep_tx *tx, ep_tx_reject reject, void *context, ep_error *err) {
    EP_TRY(ep_merge_send(tx, err));
    EP_TRY(ep_warehouse_lock(tx->w, err));
    ep_merge_forget_stored(tx);
    EP_TRY(ep_tx_wait(tx, reject, context, err));
    EP_TRY(merge_pass(tx, false, reject, context, err));
    EP_TRY(infer_all(tx, err));
    EP_TRY(merge_pass(tx, true, reject, context, err));
    return rebind_all(tx, err);
}
