#include "warehouse/history.h"
#include "warehouse/near.h"
#include "warehouse/tx.h"

#include <stdio.h>
#include <string.h>

/* Groups taken out in one pass over one relationship. */
typedef struct orphans {
    ep_rejected *items;
    size_t n, capacity;
} orphans;

static void orphans_done(orphans *list) {
    ep_free(list->items);
}

static bool stages(const ep_tx *tx, const ep_table *table) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++)
        if (strcmp(ep_feed_target(tx->feed, i)->name, table->name) == 0)
            return true;
    return false;
}

static ep_code list_orphans(ep_tx *tx, const ep_table *child, const ep_link *link, orphans *ret,
                            ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    char rows[128];
    snprintf(rows, sizeof rows, "stage_%s", child->name);
    EP_TRY(ep_near_table(tx->w, link->table, rows, link->key_column, err));
    const ep_sql_var extra[] = {
        {"role_key", link->key_column, NULL},
        {"parent", link->table->name, NULL},
        {"parent_there", link->table->there, NULL},
        {"parent_key", link->table->key_column, NULL},
        {"described", link->table->versions ? "not d.is_inferred" : "d._n > 0", NULL},
        {"staged_parent", stages(tx, link->table) ? "yes" : "", NULL},
    };
    EP_TRY(ep_table_query(tx->w, child, "sql/merge.sql", "orphans", extra, sizeof extra / sizeof *extra,
                          &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err));
        ret->items[ret->n++] = (ep_rejected){
            .load_id = ep_cursor_get(cursor, 0).i64,
            .record = (uint64_t)ep_cursor_get(cursor, 1).i64,
            .group = ep_cursor_get(cursor, 2).i64,
            .code = EP_R_PARENT,
            .table = child->name,
            .waits = link->parent->on_unknown == EP_U_WAIT,
            .parent_table = link->table->name,
            .parent_key = ep_cursor_get(cursor, 3).i64,
        };
    }
}

/* Takes a group's rows out of one staging table and counts them by seller, whose name goes to `part`. */
static ep_code remove_rows(ep_tx *tx, const ep_table *t, const ep_rejected *orphan, ep_rejected *part,
                           ep_error *err) {
    const ep_value params[] = {ep_v_int(orphan->load_id), ep_v_int((int64_t)orphan->record),
                               ep_v_int(orphan->group)};
    EP_CLEANUP(ep_buf_done) ep_buf owner = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_puts(&sql, "select coalesce(max("); /* the group may have no row in this table */
    if (t->contract->owner >= 0)
        ep_buf_put_ident(&sql, ep_str_from(t->contract->fields[t->contract->owner].name));
    else
        ep_buf_puts(&sql, "''");
    ep_buf_printf(&sql, "), '') from stage_%s where _load_id = $1 and _record = $2 and _group = $3", t->name);
    EP_TRY(ep_buf_check(&sql, err));
    EP_TRY(ep_store_get_text(tx->w->store, sql.data, params, 3, &owner, err));
    ep_buf_reset(&sql);
    ep_buf_printf(&sql, "delete from stage_%s where _load_id = $1 and _record = $2 and _group = $3", t->name);
    EP_TRY(ep_buf_check(&sql, err));
    EP_TRY(ep_store_run(tx->w->store, sql.data, params, 3, &part->n_rows, err));
    if (part->n_rows == 0)
        return EP_OK;
    ep_row_tally *rows;
    EP_TRY(ep_tx_rows(tx, orphan->load_id, t, (ep_str){owner.data, owner.len}, &rows, err));
    *(orphan->waits ? &rows->waiting : &rows->quarantined) += part->n_rows;
    tx->n_staged[t - tx->w->plan->tables] -= part->n_rows;
    memcpy(part->owner, rows->owner, sizeof part->owner);
    return EP_OK;
}

/* One rejection a table; the one of the orphan's own table names the parent. */
static ep_code remove_group(ep_tx *tx, const ep_rejected *orphan, ep_tx_reject reject, void *context,
                            ep_error *err) {
    int64_t total = 0;
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        ep_rejected part = *orphan;
        EP_TRY(remove_rows(tx, t, orphan, &part, err));
        if (part.n_rows == 0)
            continue;
        total += part.n_rows;
        if (strcmp(t->name, orphan->table) != 0)
            part.parent_table = NULL;
        part.table = t->name;
        EP_TRY(reject(context, &part, err));
    }
    if (total == 0)
        return EP_OK; /* another relationship took it out already */
    ep_record_tally *record = ep_tx_record(tx, orphan->load_id, orphan->record);
    if (record) {
        record->n_rows -= (uint32_t)total;
        *(orphan->waits ? &record->waiting : &record->quarantined) = true;
    }
    return EP_OK;
}

static ep_code wait_pass(ep_tx *tx, bool *ret_any, ep_tx_reject reject, void *context, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        for (size_t l = 0; l < t->n_links; l++) {
            if (t->links[l].parent->on_unknown == EP_U_INFERRED || tx->n_staged[t - tx->w->plan->tables] == 0)
                continue;
            EP_CLEANUP(orphans_done) orphans list = {0};
            EP_TRY(list_orphans(tx, t, &t->links[l], &list, err));
            *ret_any = *ret_any || list.n > 0;
            for (size_t o = 0; o < list.n; o++)
                EP_TRY(remove_group(tx, &list.items[o], reject, context, err));
        }
    }
    return EP_OK;
}

/* A group that goes may have been the parent of another: until nothing changes. */
ep_code ep_tx_wait(ep_tx *tx, ep_tx_reject reject, void *context, ep_error *err) {
    for (bool any = true; any;) {
        any = false;
        EP_TRY(wait_pass(tx, &any, reject, context, err));
    }
    return EP_OK;
}
