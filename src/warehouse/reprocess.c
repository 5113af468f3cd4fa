#include "warehouse/reprocess.h"
#include "warehouse/again.h"
#include "warehouse/archive.h"
#include "warehouse/history.h"
#include "warehouse/journal.h"
#include "warehouse/late.h"
#include "warehouse/lock.h"
#include "warehouse/replay.h"
#include "warehouse/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL "sql/reprocess.sql"

/* A load that is read again. */
typedef struct old_load {
    ep_buf source, generation, path, columns;
    int64_t load_id, from_record, to_record, received, received_at, started_at;
} old_load;

/* A raw record of it; bytes in the arena. */
typedef struct kept {
    ep_str raw;
    ep_coordinates at;
    uint32_t occurrence;
} kept;

typedef struct job {
    ep_warehouse *w;
    const ep_feed *feed;
    ep_reprocess_result *result;
    ep_tx *tx;
    ep_set_aside *aside;
    old_load *loads;
    size_t n_loads, loads_capacity;
    bool open;
} job;

static void job_done(job *j) {
    if (j->open)
        ep_store_rollback(j->w->store);
    for (size_t i = 0; i < j->n_loads; i++) {
        ep_buf_done(&j->loads[i].source);
        ep_buf_done(&j->loads[i].generation);
        ep_buf_done(&j->loads[i].path);
        ep_buf_done(&j->loads[i].columns);
    }
    ep_free(j->loads);
    ep_set_aside_free(&j->aside);
    ep_tx_free(&j->tx);
}

static ep_code run_books(job *j, const char *section, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_sql_render(SQL, section, NULL, 0, &sql, err));
    return ep_store_exec(j->w->store, sql.data, err);
}

/* The tables this feed fills: one after the other through `step`. */
typedef ep_code (*table_step)(job *j, const ep_table *t, size_t number, ep_error *err);

static ep_code each_table(job *j, table_step step, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(j->feed); i++)
        EP_TRY(step(j, ep_plan_find(j->w->plan, ep_feed_target(j->feed, i)->name), i, err));
    return EP_OK;
}

static ep_code put_content(const ep_table *t, ep_buf *ret, ep_error *err) {
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    ep_physical columns = {0};
    ep_code code = ep_schema_content(t, &arena, &columns, err);
    for (size_t i = 0; code == EP_OK && i < columns.n; i++) {
        ep_buf_puts(ret, i ? ", " : "");
        ep_buf_put_ident(ret, ep_str_from(columns.items[i].name));
    }
    ep_free(columns.items);
    return code == EP_OK ? ep_buf_check(ret, err) : code;
}

static ep_code keep_before(job *j, const ep_table *t, size_t number, ep_error *err) {
    (void)number;
    EP_CLEANUP(ep_buf_done) ep_buf content = {0};
    EP_TRY(put_content(t, &content, err));
    const ep_sql_var extra[] = {{"content", content.data, NULL}};
    return ep_table_exec(j->w, t, SQL, "keep_before", extra, 1, err);
}

static ep_code difference(job *j, const ep_table *t, size_t number, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf content = {0};
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool row;
    EP_TRY(put_content(t, &content, err));
    const ep_sql_var extra[] = {{"content", content.data, NULL}};
    EP_TRY(ep_table_query(j->w, t, SQL, "difference", extra, 1, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    j->result->tables[number] =
        (ep_reprocess_table){t->name, ep_cursor_get(cursor, 0).i64, ep_cursor_get(cursor, 1).i64,
                             ep_cursor_get(cursor, 2).i64, ep_cursor_get(cursor, 3).i64};
    return EP_OK;
}

static ep_code take_out(job *j, const ep_table *t, size_t number, ep_error *err) {
    (void)number;
    const char *section = t->versions ? "take_out_versions"
                          : t->keyed  ? "take_out_single"
                                      : "take_out_events";
    if (t->keyed)
        EP_TRY(ep_table_exec(j->w, t, SQL, "take_out_log", NULL, 0, err));
    EP_TRY(ep_table_exec(j->w, t, SQL, section, NULL, 0, err));
    return t->keyed ? ep_history_rebuild(j->w, t, err) : EP_OK;
}

/* What was taken out may show anywhere: everything computed from these tables is computed anew. */
static ep_code mark_all(job *j, const ep_table *t, size_t number, ep_error *err) {
    (void)number;
    (void)err;
    j->tx->changed[t - j->w->plan->tables] = (ep_changed_table){true, EP_TS_MIN};
    return EP_OK;
}

/* Facts that point to a parent whose only description was taken out and did not come back. */
static ep_code infer_link(job *j, const ep_table *t, const ep_link *link, ep_error *err) {
    const ep_table *parent = link->table;
    EP_CLEANUP(ep_buf_done) ep_buf parent_columns = {0};
    EP_CLEANUP(ep_buf_done) ep_buf child_columns = {0};
    for (size_t k = 0; k < link->n_from; k++) {
        ep_buf_puts(&parent_columns, k ? ", " : "");
        ep_buf_put_ident(&parent_columns,
                         ep_str_from(parent->contract->fields[parent->contract->key[k]].name));
        ep_buf_puts(&child_columns, k ? ", min(f." : "min(f.");
        ep_buf_put_ident(&child_columns, ep_str_from(t->contract->fields[link->from[k]].name));
        ep_buf_puts(&child_columns, ")");
    }
    EP_TRY(ep_buf_check(&parent_columns, err));
    EP_TRY(ep_buf_check(&child_columns, err));
    const ep_sql_var extra[] = {
        {"parent", parent->name, NULL},
        {"parent_key", parent->key_column, NULL},
        {"role_key", link->key_column, NULL},
        {"parent_columns", parent_columns.data, NULL},
        {"child_columns", child_columns.data, NULL},
        {"inferred_columns",
         parent->versions ? "valid_from, valid_to, is_current, is_deleted, is_inferred"
                          : "_at, _seq, _hash, _present, _deleted, _n, _record, _load_id, _recorded_at",
         NULL},
        {"inferred_values",
         parent->versions
             ? "timestamp '0001-01-01 00:00:00', timestamp '9999-12-31 23:59:59.999999', true, false, true"
             : "timestamp '0001-01-01 00:00:00', 0, 0, 0, false, 0, -1, 0, timestamp '0001-01-01 00:00:00'",
         NULL},
    };
    return ep_table_exec(j->w, t, SQL, "infer_again", extra, sizeof extra / sizeof *extra, err);
}

static ep_code infer_again(job *j, ep_error *err) {
    for (size_t i = 0; i < j->w->plan->n; i++) {
        const ep_table *t = &j->w->plan->tables[i];
        for (size_t l = 0; l < t->n_links && !t->versions; l++)
            EP_TRY(infer_link(j, t, &t->links[l], err));
    }
    return EP_OK;
}

static ep_code keep_text(ep_buf *to, ep_value value, ep_error *err) {
    if (value.state == EP_VALUE)
        ep_buf_put_str(to, value.text);
    ep_buf_puts(to, "");
    return ep_buf_check(to, err);
}

static ep_code list_loads(job *j, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_store_query(
        j->w->store,
        "select l.load_id, l.from_record, l.to_record, l.received, l.received_at, l.started_at, l.source, "
        "l.generation, a.path, a.columns from scope_load l left join books.archive a on a.load_id = l.load_id "
        "order by l.received_at, l.source, l.from_record",
        NULL, 0, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&j->loads, &j->loads_capacity, j->n_loads + 1, sizeof *j->loads, err));
        old_load *l = &j->loads[j->n_loads++];
        *l = (old_load){
            .load_id = ep_cursor_get(cursor, 0).i64,
            .from_record = ep_cursor_get(cursor, 1).i64,
            .to_record = ep_cursor_get(cursor, 2).i64,
            .received = ep_cursor_get(cursor, 3).i64,
            .received_at = ep_cursor_get(cursor, 4).i64,
            .started_at = ep_cursor_get(cursor, 5).i64,
        };
        EP_TRY(keep_text(&l->source, ep_cursor_get(cursor, 6), err));
        EP_TRY(keep_text(&l->generation, ep_cursor_get(cursor, 7), err));
        EP_TRY(keep_text(&l->path, ep_cursor_get(cursor, 8), err));
        EP_TRY(keep_text(&l->columns, ep_cursor_get(cursor, 9), err));
    }
}

/* All raw records of one load. */
typedef struct pile {
    kept *items;
    size_t n, capacity;
    ep_arena arena;
    int64_t n_came_back, n_given_up; /* not among them */
} pile;

static void pile_done(pile *p) {
    ep_free(p->items);
    ep_arena_done(&p->arena);
}

static ep_code add_raw(void *context, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                       ep_encoding encoding, ep_error *err) {
    pile *p = context;
    (void)encoding; /* the feed says it again */
    EP_TRY(ep_grow((void **)&p->items, &p->capacity, p->n + 1, sizeof *p->items, err));
    char *copy = ep_arena_alloc(&p->arena, raw.len + EP_PADDING);
    if (!copy)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a load's records");
    memcpy(copy, raw.ptr, raw.len);
    memset(copy + raw.len, 0, EP_PADDING);
    p->items[p->n++] = (kept){{copy, raw.len}, *at, occurrence};
    return EP_OK;
}

static ep_code query_section(job *j, const char *section, int64_t load_id, ep_cursor **ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    const ep_value params[] = {ep_v_int(load_id)};
    EP_TRY(ep_sql_render(SQL, section, NULL, 0, &sql, err));
    return ep_store_query(j->w->store, sql.data, params, 1, ret, err);
}

static ep_code add_set_aside(job *j, int64_t load_id, pile *p, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(query_section(j, "set_aside_raw", load_id, &cursor, err));
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        ep_str raw = ep_cursor_get(cursor, 4).text;
        const ep_coordinates at = {
            .record = (uint64_t)ep_cursor_get(cursor, 0).i64,
            .line = (uint64_t)ep_cursor_get(cursor, 1).i64,
            .offset = (uint64_t)ep_cursor_get(cursor, 2).i64,
            .size_bytes = (uint32_t)raw.len,
        };
        EP_TRY(add_raw(p, raw, &at, (uint32_t)ep_cursor_get(cursor, 3).i64, EP_ENC_AUTO, err));
    }
}

static int by_record(const void *a, const void *b) {
    const kept *x = a, *y = b;
    return x->at.record < y->at.record ? -1 : x->at.record > y->at.record;
}

static ep_code gather(job *j, const old_load *l, pile *p, ep_error *err) {
    if (l->path.len > 0)
        EP_TRY(ep_archive_read(j->w, l->path.data, add_raw, p, err));
    EP_TRY(add_set_aside(j, l->load_id, p, err));
    if (p->n > 1)
        qsort(p->items, p->n, sizeof *p->items, by_record);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) /* a record of which only a part was set aside lies in both */
        if (n == 0 || p->items[n - 1].at.record != p->items[i].at.record)
            p->items[n++] = p->items[i];
    p->n = n;
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool row;
    EP_TRY(query_section(j, "closed_records", l->load_id, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    p->n_given_up = ep_cursor_get(cursor, 1).i64;
    int64_t missing = l->received - (int64_t)p->n;
    if (p->n_given_up > missing)
        p->n_given_up = missing;
    p->n_came_back = missing - p->n_given_up;
    if (missing < 0 || p->n_came_back > ep_cursor_get(cursor, 0).i64)
        return ep_fail(err, EP_E_CORRUPT,
                       "the archive holds %zu of %" PRId64 " records of %s; it cannot be read again whole",
                       p->n, l->received, l->source.data);
    return EP_OK;
}

static ep_code book(job *j, const old_load *l, const pile *p, ep_late *late, ep_error *err) {
    ep_ledger ledger = {
        .source = l->source.data,
        .generation = l->generation.data,
        .from_record = (uint64_t)l->from_record,
        .to_record = (uint64_t)l->to_record,
        .started_at = l->started_at,
    };
    ep_tx_count(&j->tx->segments[0], &ledger);
    ledger.received += p->n_came_back + p->n_given_up;
    ledger.applied += p->n_came_back;
    EP_TRY(ep_tx_write_ledger(j->tx, l->load_id, &ledger, err));
    const ep_value params[] = {ep_v_int(l->load_id), ep_v_int(p->n_given_up)};
    EP_TRY(ep_store_run(j->w->store, "update books.load set discarded = $2 where load_id = $1", params, 2,
                        NULL, err));
    EP_TRY(ep_late_write_ignored(late, j->w, err));
    return ep_late_resolve(late, j->w, j->aside, err);
}

static ep_code run_load(job *j, const old_load *l, const pile *p, ep_error *err) {
    EP_CLEANUP(ep_again_done) ep_again again = {0};
    EP_CLEANUP(ep_late_done) ep_late late = {0};
    EP_TRY(ep_again_init(&again, j->w, j->feed, err));
    EP_TRY(ep_again_columns(&again, (ep_str){l->columns.data, l->columns.len}, err));
    const ep_feed_meta meta = {.source = {l->source.data, l->source.len}, .received_at = l->received_at};
    for (size_t i = 0; i < p->n; i++)
        EP_TRY(ep_again_run(&again, p->items[i].raw, &p->items[i].at, p->items[i].occurrence, &meta, err));
    EP_TRY(ep_stamper_run(again.stamper, again.unit, 0, err));
    EP_TRY(ep_tx_start(j->tx, j->feed, l->received_at, err));
    EP_TRY(ep_tx_segment(j->tx, l->load_id, (uint64_t)l->from_record, err));
    EP_TRY(ep_tx_stage(j->tx, again.unit, NULL, err));
    const ep_set_aside_source source = {j->feed, l->source.data, l->columns.len ? l->columns.data : NULL,
                                        l->load_id, l->received_at};
    EP_TRY(ep_set_aside_unit(j->aside, &source, again.unit, err));
    for (size_t r = 0; r < again.unit->n_records; r++)
        if (again.unit->records[r].ignored)
            EP_TRY(ep_late_ignored(&late, l->load_id, again.unit->records[r].ignored_name, err));
    EP_TRY(ep_tx_merge(j->tx, ep_late_reject, &late, err));
    EP_TRY(ep_set_aside_flush(j->aside, err));
    j->result->n_records += (int64_t)p->n;
    return book(j, l, p, &late, err);
}

static ep_code count_classes(job *j, ep_ledger *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool row;
    EP_TRY(ep_store_query(
        j->w->store,
        "select cast(coalesce(sum(received), 0) as bigint), cast(coalesce(sum(applied), 0) as bigint), "
        "cast(coalesce(sum(unchanged), 0) as bigint), cast(coalesce(sum(duplicate), 0) as bigint), "
        "cast(coalesce(sum(quarantined), 0) as bigint), cast(coalesce(sum(waiting), 0) as bigint), "
        "cast(coalesce(sum(ignored), 0) as bigint) from books.load where load_id in (select load_id from scope_load)",
        NULL, 0, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    int64_t *to[] = {&ret->received,    &ret->applied, &ret->unchanged, &ret->duplicate,
                     &ret->quarantined, &ret->waiting, &ret->ignored};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++)
        *to[i] = ep_cursor_get(cursor, i).i64;
    return EP_OK;
}

static ep_code find_scope(job *j, int64_t since_us, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_buf_done) ep_buf feed = {0};
    EP_CLEANUP(ep_buf_done) ep_buf since = {0};
    ep_buf_put_literal(&feed, ep_str_from(ep_feed_name(j->feed)));
    ep_put_ts_literal(&since, since_us);
    EP_TRY(ep_buf_check(&feed, err));
    EP_TRY(ep_buf_check(&since, err));
    const ep_sql_var vars[] = {{"feed", feed.data, NULL}, {"since", since.data, NULL}};
    EP_TRY(ep_sql_render(SQL, "scope", vars, 2, &sql, err));
    EP_TRY(ep_store_exec(j->w->store, sql.data, err));
    EP_TRY(list_loads(j, err));
    if (j->n_loads == 0)
        return ep_fail(err, EP_E_NOT_FOUND, "no load of the feed %s to read again", ep_feed_name(j->feed));
    j->result->n_loads = (int64_t)j->n_loads;
    return count_classes(j, &j->result->before, err);
}

static ep_code run_all(job *j, int64_t since_us, ep_error *err) {
    pile *piles;
    EP_TRY(find_scope(j, since_us, err));
    EP_TRY(each_table(j, keep_before, err));
    piles = ep_calloc(j->n_loads, sizeof *piles);
    if (!piles)
        return ep_fail(err, EP_E_NOMEM, "out of memory for reprocessing");
    ep_code code = EP_OK;
    for (size_t i = 0; code == EP_OK && i < j->n_loads; i++)
        code = gather(j, &j->loads[i], &piles[i], err);
    if (code == EP_OK)
        code = run_books(j, "forget_books", err);
    if (code == EP_OK)
        code = each_table(j, take_out, err);
    for (size_t i = 0; code == EP_OK && i < j->n_loads; i++)
        code = run_load(j, &j->loads[i], &piles[i], err);
    for (size_t i = 0; i < j->n_loads; i++)
        pile_done(&piles[i]);
    ep_free(piles);
    EP_TRY(code);
    int64_t n_released;
    EP_TRY(infer_again(j, err));
    EP_TRY(ep_replay_waiting(j->w, j->tx, &n_released, err));
    EP_TRY(each_table(j, mark_all, err));
    EP_TRY(ep_tx_derive(j->tx, err));
    EP_TRY(each_table(j, difference, err));
    EP_TRY(count_classes(j, &j->result->after, err));
    char message[160];
    snprintf(message, sizeof message,
             "%" PRId64 " records of %" PRId64 " loads: quarantined %" PRId64 " before, %" PRId64 " after",
             j->result->n_records, j->result->n_loads, j->result->before.quarantined,
             j->result->after.quarantined);
    const ep_journal_entry entry = {
        EP_J_ADMIN, EP_JS_INFO, "reprocessed", ep_feed_name(j->feed), message, j->result->n_records, -1, -1};
    return ep_journal_write(j->w, &entry, err);
}

ep_code ep_reprocess(ep_warehouse *w, const ep_feed *feed, int64_t since_us, bool dry_run,
                     ep_reprocess_result *ret, ep_error *err) {
    *ret = (ep_reprocess_result){.n_tables = ep_feed_n_targets(feed)};
    EP_CLEANUP(job_done) job j = {.w = w, .feed = feed, .result = ret};
    if (!ep_feed_keeps_archive(feed))
        return ep_fail(err, EP_E_CONFIG,
                       "the feed %s keeps no raw archive (archive: false); load its files again with --again",
                       ep_feed_name(feed));
    ret->tables = ep_calloc(ret->n_tables + 1, sizeof *ret->tables);
    if (!ret->tables)
        return ep_fail(err, EP_E_NOMEM, "out of memory for reprocessing");
    EP_TRY(ep_tx_new(w, &j.tx, err));
    EP_TRY(ep_set_aside_new(w, &j.aside, err));
    EP_TRY(ep_store_begin(w->store, err));
    j.open = true;
    EP_TRY(ep_warehouse_lock(w, err));
    EP_TRY(run_all(&j, since_us, err));
    if (dry_run)
        return EP_OK;
    EP_TRY(ep_store_commit(w->store, err));
    j.open = false;
    return EP_OK;
}

void ep_reprocess_done(ep_reprocess_result *result) {
    ep_free(result->tables);
    *result = (ep_reprocess_result){0};
}
