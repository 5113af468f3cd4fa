#include "warehouse/history.h"
#include "warehouse/merge_private.h"

#include <stdio.h>
#include <string.h>

ep_held *ep_merge_held_of(const ep_tx *tx, const ep_table *t) {
    ep_held *held = &tx->held[t - tx->w->plan->tables];
    return tx->holding && held->table ? held : NULL;
}

/* Rows of a table that is bound to no versions go straight into it on a server, once the lock is taken. */
static bool goes_by_copy(const ep_tx *tx, const ep_table *t) {
    return ep_warehouse_on_server(tx->w) && !t->keyed && t->binds.n == 0;
}

/* Where nothing waits for a parent, all that is staged is merged. */
bool ep_merge_goes_ahead(const ep_tx *tx) {
    return tx->holding && ep_warehouse_on_server(tx->w);
}

ep_code ep_merge_send(ep_tx *tx, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        ep_held *held = ep_merge_held_of(tx, t);
        if (tx->n_staged[t - tx->w->plan->tables] == 0)
            continue;
        if (t->versions && ep_merge_goes_ahead(tx))
            EP_TRY(ep_merge_versions_repeated(tx, t, err));
        if (!held)
            continue;
        for (size_t l = 0; l < t->n_links; l++)
            EP_TRY(ep_held_put_parents(held, tx->w->store, l, err));
        if (ep_warehouse_on_server(tx->w) && !goes_by_copy(tx, t))
            EP_TRY(ep_held_send(held, tx->w->store, err));
    }
    return EP_OK;
}

/* No event was stored later than this before the transaction; asked once in a merge, and on a file once in a load: nobody else writes there. */
static ep_code stored_max(ep_tx *tx, const ep_table *t, int64_t *ret, ep_error *err) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    if (tx->stored_max[index] == INT64_MAX) {
        EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
        bool row;
        EP_TRY(ep_table_query(tx->w, t, EP_SQL_MERGE, "latest", NULL, 0, &cursor, err));
        EP_TRY(ep_cursor_next(cursor, &row, err));
        ep_value latest = ep_cursor_get(cursor, 0);
        tx->stored_max[index] = row && latest.state == EP_VALUE ? latest.i64 : EP_TS_MIN - 1;
    }
    *ret = tx->stored_max[index];
    return EP_OK;
}

void ep_merge_forget_stored(ep_tx *tx) {
    for (size_t i = 0; ep_warehouse_on_server(tx->w) && i < tx->w->plan->n; i++)
        tx->stored_max[i] = INT64_MAX;
}

void ep_merge_note_stored(ep_tx *tx, const ep_table *t) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    if (tx->added_max[index] < tx->max_at[index])
        tx->added_max[index] = tx->max_at[index];
}

/* Held rows that the table knows are set apart: events only as far as the table reached in time before the transaction, whose own ones are known
 * to what holds them. */
static ep_code set_known_apart(ep_tx *tx, const ep_table *t, ep_held *held, const ep_merge_texts *x,
                               int64_t to, ep_error *err) {
    if (to < tx->min_at[t - tx->w->plan->tables])
        return EP_OK;
    if (!held->sent)
        EP_TRY(ep_held_probe(held, tx->w->store, to, err));
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(tx->w, t, t->keyed ? EP_SQL_SINGLE : EP_SQL_EVENT,
                          held->sent ? "take_known" : "known", x->vars, EP_MERGE_N_TEXTS, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_held_set_apart(held, ep_cursor_get(cursor, 0).i64, err));
    }
}

ep_code ep_merge_held(ep_tx *tx, const ep_table *t, const ep_merge_texts *x, int64_t *ret_n_staged,
                      ep_error *err) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    ep_held *held = &tx->held[index];
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_sql_var vars[EP_MERGE_N_TEXTS];
    char sent[128];
    int64_t stored = INT64_MAX;
    if (!t->keyed)
        EP_TRY(stored_max(tx, t, &stored, err));
    EP_TRY(set_known_apart(tx, t, held, x, stored, err));
    EP_TRY(ep_held_stage(held, tx->w->store, ret_n_staged, err));
    if (goes_by_copy(tx, t))
        return ep_held_append(held, tx->w->store, err);
    memcpy(vars, x->vars, sizeof vars);
    snprintf(sent, sizeof sent, "held_%s", t->name);
    vars[EP_MERGE_ROWS].text = held->sent ? sent : "ep_stream()";
    vars[EP_MERGE_STAGED].text = "";
    EP_TRY(ep_table_sql(t, t->keyed ? EP_SQL_SINGLE : EP_SQL_EVENT, t->keyed ? "insert_first" : "insert",
                        vars, EP_MERGE_N_TEXTS, &sql, err));
    ep_held_flow flow = tx->flow ? *tx->flow : (ep_held_flow){0};
    flow.after = stored;
    return ep_held_insert(held, tx->w->store, sql.data, tx->flow ? &flow : NULL, err);
}
