#include "warehouse/snapshot.h"
#include "base/hash.h"
#include "warehouse/history.h"
#include "warehouse/journal.h"
#include "warehouse/near.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ASSET "sql/snapshot.sql"

/* What the templates need besides the table's lists. */
typedef struct texts {
    ep_buf feed, source, generation, owner, time, time_type;
    char load_id[24], hash_gone[24], hash_back[24];
    ep_sql_var vars[10];
    size_t n;
} texts;

static void texts_done(texts *x) {
    ep_buf_done(&x->feed);
    ep_buf_done(&x->source);
    ep_buf_done(&x->generation);
    ep_buf_done(&x->owner);
    ep_buf_done(&x->time);
    ep_buf_done(&x->time_type);
}

/* The stored event time of tables with one row a key: a change brings its own. */
static void put_time(ep_tx *tx, const ep_table *t, texts *x) {
    const ep_contract *c = t->contract;
    bool stored = !t->versions && c->valid_time >= 0;
    for (size_t k = 0; k < c->n_key; k++)
        stored = stored && c->key[k] != c->valid_time;
    if (!stored)
        return;
    ep_buf_put_ident(&x->time, ep_str_from(c->fields[c->valid_time].name));
    ep_store_put_type(tx->w->store, &c->schema.columns[c->valid_time], &x->time_type);
}

static ep_code texts_init(texts *x, ep_tx *tx, const ep_table *t, const ep_snapshot_source *source,
                          int64_t load_id, ep_error *err) {
    static const char gone[] = "absent from a snapshot", back[] = "held by a snapshot";
    ep_buf_put_literal(&x->feed, ep_str_from(ep_feed_name(tx->feed)));
    ep_buf_put_literal(&x->source, ep_str_from(source->source));
    ep_buf_put_literal(&x->generation, ep_str_from(source->generation));
    if (t->contract->owner >= 0) {
        ep_buf_puts(&x->owner, "s.");
        ep_buf_put_ident(&x->owner, ep_str_from(t->contract->fields[t->contract->owner].name));
    } else {
        ep_buf_puts(&x->owner, "''");
    }
    put_time(tx, t, x);
    ep_buf *all[] = {&x->feed, &x->source, &x->generation, &x->owner, &x->time, &x->time_type};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ep_buf_puts(all[i], "");
        EP_TRY(ep_buf_check(all[i], err));
    }
    snprintf(x->load_id, sizeof x->load_id, "%" PRId64, load_id);
    snprintf(x->hash_gone, sizeof x->hash_gone, "%" PRId64, ep_content_hash(gone, sizeof gone - 1));
    snprintf(x->hash_back, sizeof x->hash_back, "%" PRId64, ep_content_hash(back, sizeof back - 1));
    const ep_sql_var vars[] = {
        {"feed", x->feed.data, NULL},
        {"source", x->source.data, NULL},
        {"generation", x->generation.data, NULL},
        {"owner", x->owner.data, NULL},
        {"time", x->time.data, NULL},
        {"time_type", x->time_type.data, NULL},
        {"load_id", x->load_id, NULL},
        {"hash_gone", x->hash_gone, NULL},
        {"hash_back", x->hash_back, NULL},
        {"current", t->versions ? "yes" : "", NULL},
    };
    memcpy(x->vars, vars, sizeof vars);
    x->n = sizeof vars / sizeof *vars;
    return EP_OK;
}

static const ep_table *target(const ep_tx *tx, size_t i) {
    const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
    return t->keyed ? t : NULL;
}

ep_code ep_snapshot_check(const ep_warehouse *w, const ep_feed *feed, ep_error *err) {
    for (size_t i = 0; ep_feed_delivery(feed) == EP_D_SNAPSHOT && i < ep_feed_n_targets(feed); i++) {
        const ep_table *t = ep_plan_find(w->plan, ep_feed_target(feed, i)->name);
        if (t && t->keyed && t->contract->deleted < 0)
            return ep_fail(
                err, EP_E_CONFIG,
                "feed %s delivers snapshots, but %s cannot mark what a snapshot no longer holds: add a boolean field deleted "
                "and {property: entrepot.deleted, value: deleted} to %s, or write delivery: upsert",
                ep_feed_name(feed), t->name, t->contract->file);
    }
    return EP_OK;
}

ep_code ep_snapshot_collect(ep_tx *tx, const ep_snapshot_source *source, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = target(tx, i);
        if (!t || tx->n_staged[t - tx->w->plan->tables] == 0)
            continue;
        EP_CLEANUP(texts_done) texts x = {0};
        EP_TRY(texts_init(&x, tx, t, source, source->load_id, err));
        EP_TRY(ep_table_exec(tx->w, t, ASSET, "collect", x.vars, x.n, err));
    }
    return EP_OK;
}

static int64_t make_load_id(const ep_feed *feed, const ep_snapshot_source *source) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_buf_printf(&text, "retire\n%s\n%s\n%s", ep_feed_name(feed), source->source, source->generation);
    return ep_id63_of(text.data, text.len);
}

typedef struct counts {
    int64_t n_gone, n_back;
} counts;

/* What was staged, into the counters of the batch. */
static ep_code count_staged(ep_tx *tx, const ep_table *t, const texts *x, int64_t load_id, counts *ret,
                            ep_error *err) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(tx->w, t, ASSET, "staged", x->vars, x->n, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        ep_row_tally *rows;
        EP_TRY(ep_tx_rows(tx, load_id, t, ep_cursor_get(cursor, 0).text, &rows, err));
        int64_t n = ep_cursor_get(cursor, 1).i64, n_gone = ep_cursor_get(cursor, 2).i64;
        int64_t from = ep_cursor_get(cursor, 3).i64, to = ep_cursor_get(cursor, 4).i64;
        rows->emitted += n;
        if (tx->n_staged[index] == 0 || from < tx->min_at[index])
            tx->min_at[index] = from;
        if (tx->n_staged[index] == 0 || to > tx->max_at[index])
            tx->max_at[index] = to;
        tx->n_staged[index] += n;
        tx->touched[index] = true;
        ret->n_gone += n_gone;
        ret->n_back += n - n_gone;
    }
}

static ep_code settle_table(ep_tx *tx, const ep_table *t, const ep_snapshot_source *source, int64_t load_id,
                            bool whole, counts *ret, ep_error *err) {
    EP_CLEANUP(texts_done) texts x = {0};
    char rows[128];
    EP_TRY(texts_init(&x, tx, t, source, load_id, err));
    EP_TRY(ep_table_exec(tx->w, t, ASSET, "held", x.vars, x.n, err));
    if (whole)
        EP_TRY(ep_table_exec(tx->w, t, ASSET, "gone", x.vars, x.n, err));
    EP_TRY(ep_table_exec(tx->w, t, ASSET, "register", x.vars, x.n, err));
    if (!whole)
        return EP_OK;
    snprintf(rows, sizeof rows, "change_%s", t->name);
    EP_TRY(ep_table_exec(tx->w, t, ASSET, "absent", x.vars, x.n, err));
    EP_TRY(ep_table_exec(tx->w, t, ASSET, "change", x.vars, x.n, err));
    EP_TRY(ep_near_keys(tx->w, t, rows, err));
    EP_TRY(ep_table_exec(tx->w, t, ASSET, "stage", x.vars, x.n, err));
    return count_staged(tx, t, &x, load_id, ret, err);
}

static ep_code refuse(void *context, const ep_rejected *rejected, ep_error *err) {
    (void)context;
    return ep_fail(err, EP_E_BUG, "a retired key of %s was refused", rejected->table);
}

static ep_code tell(ep_tx *tx, const ep_snapshot_source *source, int64_t n_set_aside, const counts *n,
                    ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf message = {0};
    if (n_set_aside > 0)
        ep_buf_printf(&message, "%s: nothing is retired, %" PRId64 " of its records were set aside",
                      source->source, n_set_aside);
    else
        ep_buf_printf(&message, "%s: %" PRId64 " keys retired, %" PRId64 " held again", source->source,
                      n->n_gone, n->n_back);
    EP_TRY(ep_buf_check(&message, err));
    ep_journal_entry entry = {EP_J_LOAD,
                              n_set_aside > 0 ? EP_JS_ALERT : EP_JS_INFO,
                              n_set_aside > 0 ? "snapshot_not_whole" : "snapshot_settled",
                              ep_feed_name(tx->feed),
                              message.data,
                              -1,
                              -1,
                              -1};
    return ep_journal_write(tx->w, &entry, err);
}

/* The changes go the way of all changes, and into the books as a load that received nothing. */
static ep_code merge(ep_tx *tx, const ep_snapshot_source *source, int64_t load_id, ep_error *err) {
    ep_ledger ledger = {.source = source->source, .generation = source->generation, .started_at = tx->now};
    EP_TRY(ep_tx_merge(tx, refuse, NULL, err));
    return ep_tx_write_ledger(tx, load_id, &ledger, err);
}

ep_code ep_snapshot_settle(ep_tx *tx, const ep_snapshot_source *source, ep_error *err) {
    int64_t load_id = make_load_id(tx->feed, source), n_set_aside = 0;
    counts n = {0};
    EP_TRY(ep_tx_start(tx, tx->feed, tx->received_at, err));
    EP_TRY(ep_tx_segment(tx, load_id, 0, err));
    ep_segment *segment = &tx->segments[tx->n_segments - 1];
    EP_TRY(ep_grow((void **)&segment->tally, &segment->capacity, 1, sizeof *segment->tally, err));
    segment->tally[0] = (ep_record_tally){0}; /* never seen: the rows belong to no record */
    segment->n_records = 1;
    bool first = true;
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = target(tx, i);
        if (!t)
            continue;
        EP_CLEANUP(texts_done) texts x = {0};
        EP_TRY(texts_init(&x, tx, t, source, load_id, err));
        if (first)
            EP_TRY(ep_table_int(tx->w, t, ASSET, "set_aside", x.vars, x.n, &n_set_aside, err));
        first = false;
        EP_TRY(settle_table(tx, t, source, load_id, n_set_aside == 0, &n, err));
    }
    if (n.n_gone + n.n_back > 0)
        EP_TRY(merge(tx, source, load_id, err));
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = target(tx, i);
        EP_CLEANUP(texts_done) texts x = {0};
        if (!t)
            continue;
        EP_TRY(texts_init(&x, tx, t, source, load_id, err));
        EP_TRY(ep_table_exec(tx->w, t, ASSET, "forget", x.vars, x.n, err));
        break;
    }
    return tell(tx, source, n_set_aside, &n, err);
}
