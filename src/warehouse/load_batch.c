#include "warehouse/load_batch.h"
#include "base/hash.h"
#include "warehouse/crash.h"
#include "warehouse/journal.h"
#include "warehouse/lock.h"
#include "warehouse/replay.h"
#include "warehouse/snapshot.h"
#include "warehouse/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A transaction is merged slice by slice: its rows are in memory until then. The engine likes large transactions (a row group is 122,880 rows, and
 * what does not fill one is written twice), memory likes small slices. */
enum { SLICE_RECORDS = 65536, SLICE_ROWS = 200000, SLICE_BYTES = 64 << 20 };

static void part_done(ep_load_part *p) {
    ep_free(p->source);
    ep_free(p->columns);
    ep_archive_done(&p->archive);
}

void ep_load_give_pieces(ep_loader *l) {
    for (ep_piece *piece = l->pieces, *next; piece; piece = next) {
        next = piece->next;
        ep_piece_give(l->pool, piece);
    }
    l->pieces = NULL;
    l->n_pieces = l->memory_bytes = 0;
}

void ep_loader_done(ep_loader *l) {
    if (l->open)
        ep_store_rollback(l->w->store);
    ep_load_give_pieces(l);
    ep_piece_pool_free(&l->pool);
    for (size_t i = 0; i < l->n_parts; i++)
        part_done(&l->parts[i]);
    ep_free(l->parts);
    ep_late_done(&l->late);
    ep_set_aside_free(&l->aside);
    ep_tx_free(&l->tx);
    ep_stage_schemas_done(&l->schemas);
}

ep_code ep_load_read_position(ep_loader *l, const char *source, ep_load_position *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_cstr(ep_feed_name(l->feed)), ep_v_cstr(source)};
    bool found;
    *ret = (ep_load_position){0};
    EP_TRY(ep_store_query(
        l->w->store,
        "select cast(generation as bigint), next_raw, next_record, digest, complete from books.position where feed = $1 and source = $2",
        params, 2, &cursor, err));
    EP_TRY(ep_cursor_next(cursor, &found, err));
    if (!found)
        return EP_OK;
    ret->generation = ep_cursor_get(cursor, 0).i64;
    ret->resume.n_raws = (uint64_t)ep_cursor_get(cursor, 1).i64;
    ret->resume.next_record = (uint64_t)ep_cursor_get(cursor, 2).i64;
    ep_str digest = ep_cursor_get(cursor, 3).text;
    char hex[17] = {0};
    memcpy(hex, digest.ptr, digest.len < 16 ? digest.len : 16);
    if (sscanf(hex, "%" SCNx64, &ret->resume.digest) != 1)
        return ep_fail(err, EP_E_CORRUPT, "books.position holds no digest for %s", source);
    ret->complete = ep_cursor_get(cursor, 4).i64 != 0;
    return EP_OK;
}

/* Moves the position from where we found it; another writer in between makes this fail. */
static ep_code write_position(ep_loader *l, const ep_load_part *p, ep_error *err) {
    char digest[17], generation[24];
    int64_t changed;
    snprintf(digest, sizeof digest, "%016" PRIx64, p->after.resume.digest);
    snprintf(generation, sizeof generation, "%" PRId64, p->generation);
    const ep_value params[] = {
        ep_v_cstr(ep_feed_name(l->feed)),
        ep_v_cstr(p->source),
        ep_v_cstr(generation),
        ep_v_int((int64_t)p->after.resume.n_raws),
        ep_v_int((int64_t)p->after.resume.next_record),
        ep_v_cstr(digest),
        ep_v_bool(p->after.complete),
        ep_v_ts(ep_now_us()),
        ep_v_int(p->before.generation),
        ep_v_int((int64_t)p->before.resume.n_raws),
    };
    if (p->before.generation == 0)
        EP_TRY(ep_store_run(
            l->w->store,
            "insert into books.position (feed, source, generation, next_raw, next_record, digest, complete, updated_at) "
            "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (feed, source) do nothing",
            params, 8, &changed, err));
    else
        EP_TRY(ep_store_run(
            l->w->store,
            "update books.position set generation = $3, next_raw = $4, next_record = $5, digest = $6, complete = $7, updated_at = $8 "
            "where feed = $1 and source = $2 and cast(generation as bigint) = $9 and next_raw = $10",
            params, 10, &changed, err));
    if (changed != 1)
        return ep_fail(err, EP_E_BUSY,
                       "another process loaded %s in the meantime; nothing was counted twice, run again",
                       p->source);
    return EP_OK;
}

static ep_code make_load_id(const ep_feed *feed, const ep_load_part *p, uint64_t n_raws, int64_t *ret,
                            ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_buf_printf(&text, "%s\n%s\n%" PRId64 "\n%" PRIu64 "\n%" PRIu64, ep_feed_name(feed), p->source,
                  p->generation, p->from_record, n_raws);
    EP_TRY(ep_buf_check(&text, err));
    *ret = ep_id63_of(text.data, text.len);
    return EP_OK;
}

void ep_load_note_merged(ep_loader *l) {
    l->merged.n_records = l->n_records;
    l->merged.n_rows = l->n_rows;
}

static ep_code begin(ep_loader *l, ep_error *err) {
    if (l->open)
        return EP_OK;
    EP_TRY(ep_store_begin(l->w->store, err));
    l->open = true;
    l->n_records = 0;
    l->n_rows = 0;
    l->size_bytes = 0;
    ep_load_note_merged(l);
    l->started_at = ep_now_us();
    EP_TRY(ep_tx_start(l->tx, l->feed, l->started_at, err));
    ep_tx_hold(l->tx);
    return EP_OK;
}

ep_code ep_load_begin_part(ep_loader *l, const char *source, const ep_load_position *before,
                           int64_t generation, const ep_load_position *from, ep_error *err) {
    EP_TRY(begin(l, err));
    EP_TRY(ep_grow((void **)&l->parts, &l->parts_capacity, l->n_parts + 1, sizeof *l->parts, err));
    ep_load_part *p = &l->parts[l->n_parts];
    *p = (ep_load_part){.generation = generation,
                        .before = *before,
                        .after = *from,
                        .from_record = from->resume.next_record,
                        .to_record = from->resume.next_record};
    ep_archive_init(&p->archive, 0);
    if (!(p->source = ep_strdup(source)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    l->n_parts++;
    EP_TRY(make_load_id(l->feed, p, from->resume.n_raws, &p->load_id, err));
    p->archive.load_id = p->load_id;
    return ep_tx_segment(l->tx, p->load_id, p->from_record, err);
}

ep_code ep_load_keep_columns(ep_load_part *p, ep_pipeline *pipeline, ep_error *err) {
    size_t n;
    char delimiter;
    const ep_str *columns = ep_pipeline_columns(pipeline, &n, &delimiter);
    if (p->columns || n == 0)
        return EP_OK;
    EP_CLEANUP(ep_buf_done) ep_buf json = {0};
    EP_TRY(ep_columns_put(columns, n, delimiter, &json, err));
    p->columns = ep_strdup(json.data);
    return p->columns ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for loading");
}

static ep_set_aside_source source_of(const ep_loader *l, const ep_load_part *p) {
    return (ep_set_aside_source){l->feed, p->source, p->columns, p->load_id, l->tx->received_at};
}

ep_code ep_load_take_piece(ep_loader *l, ep_load_part *p, ep_piece *piece, ep_error *err) {
    ep_set_aside_source source = source_of(l, p);
    EP_TRY(ep_tx_stage(l->tx, piece->unit, NULL, err));
    EP_TRY(ep_set_aside_unit(l->aside, &source, piece->unit, err));
    EP_TRY(ep_archive_append(l->w, &p->archive, &piece->archive, (int64_t)piece->unit->n_records, err));
    p->to_record = piece->next_record;
    p->after.resume = (ep_resume){piece->n_raws, piece->next_record, piece->digest};
    l->n_units++;
    l->n_records += piece->unit->n_records;
    for (size_t t = 0; t < piece->unit->n_tables; t++)
        l->n_rows += piece->unit->tables[t].batch->n_rows;
    l->size_bytes += piece->size_bytes;
    l->n_done += piece->unit->n_records;
    for (size_t g = 0; g < piece->unit->n_groups; g++)
        l->n_bad += piece->unit->groups[g].rejected;
    for (size_t r = 0; r < piece->unit->n_records; r++)
        if (piece->unit->records[r].ignored)
            EP_TRY(ep_late_ignored(&l->late, p->load_id, piece->unit->records[r].ignored_name, err));
    for (size_t i = 0; i < piece->unit->reasons.n; i++)
        l->result->n_findings += piece->unit->reasons.items[i].severity != EP_S_ERROR;
    return EP_OK;
}

static ep_code book_parts(ep_loader *l, ep_ledger *batch, ep_error *err) {
    for (size_t i = 0; i < l->n_parts; i++) {
        ep_load_part *p = &l->parts[i];
        char generation[24];
        snprintf(generation, sizeof generation, "%" PRId64, p->generation);
        ep_ledger ledger = {.source = p->source,
                            .generation = generation,
                            .from_record = p->from_record,
                            .to_record = p->to_record,
                            .started_at = l->started_at};
        ep_tx_count(&l->tx->segments[i], &ledger);
        if (ledger.received > 0) {
            EP_TRY(ep_tx_write_ledger(l->tx, p->load_id, &ledger, err));
            l->command->unsure_load_id = p->load_id;
        }
        ep_ledger_add(batch, &ledger);
    }
    return ep_late_write_ignored(&l->late, l->w, err);
}

static ep_code write_journal(ep_loader *l, const ep_ledger *batch, ep_error *err) {
    char message[160];
    snprintf(message, sizeof message,
             "%zu source%s: %" PRId64 " received, %" PRId64 " applied, %" PRId64 " quarantined", l->n_parts,
             l->n_parts == 1 ? "" : "s", batch->received, batch->applied, batch->quarantined);
    ep_journal_entry entry = {
        EP_J_LOAD,        batch->quarantined ? EP_JS_ALERT : EP_JS_INFO,
        "load_committed", ep_feed_name(l->feed),
        message,          batch->received,
        batch->applied,   batch->quarantined,
    };
    return ep_journal_write(l->w, &entry, err);
}

static ep_code for_each_snapshot(ep_loader *l, bool settle, ep_error *err) {
    for (size_t i = 0; ep_feed_delivery(l->feed) == EP_D_SNAPSHOT && i < l->n_parts; i++) {
        const ep_load_part *p = &l->parts[i];
        char generation[24];
        snprintf(generation, sizeof generation, "%" PRId64, p->generation);
        const ep_snapshot_source source = {p->source, generation, p->load_id};
        if (!settle)
            EP_TRY(ep_snapshot_collect(l->tx, &source, err));
        else if (p->after.complete)
            EP_TRY(ep_snapshot_settle(l->tx, &source, err));
    }
    return EP_OK;
}

/* Everything of the batch in one transaction: rows, quarantine, archive's row, ledger, position. */
ep_code ep_load_finish_batch(ep_loader *l, ep_error *err) {
    if (!l->open)
        return EP_OK;
    ep_ledger batch = {0};
    int64_t n_released;
    ep_crash_point("staged");
    EP_TRY(ep_tx_merge(l->tx, ep_late_reject, &l->late, err));
    EP_TRY(for_each_snapshot(l, false, err));
    ep_crash_point("merged");
    /* Before anything is written about the batch: whoever was overtaken by another process learns it here, not from a row that exists. */
    for (size_t i = 0; i < l->n_parts; i++)
        EP_TRY(write_position(l, &l->parts[i], err));
    for (size_t i = 0; i < l->n_parts; i++) {
        ep_load_part *p = &l->parts[i];
        EP_TRY(ep_archive_seal(l->w, &p->archive, ep_feed_name(l->feed), p->source, p->columns, p->load_id,
                               l->tx->received_at, err));
    }
    ep_crash_point("archived");
    EP_TRY(ep_set_aside_flush(l->aside, err));
    EP_TRY(book_parts(l, &batch, err));
    EP_TRY(ep_late_resolve(&l->late, l->w, l->aside, err));
    EP_TRY(write_journal(l, &batch, err));
    EP_TRY(ep_replay_waiting(l->w, l->tx, &n_released, err));
    l->result->n_released += n_released;
    l->tx->feed = l->feed;
    EP_TRY(for_each_snapshot(l, true, err));
    EP_TRY(ep_tx_derive(l->tx, err));
    ep_crash_point("booked");
    l->command->unsure = batch;
    EP_TRY(ep_store_commit(l->w->store, err));
    l->command->unsure_load_id = 0;
    l->open = false;
    ep_crash_point("committed");
    ep_ledger_add(&l->result->total, &batch);
    l->command->committed = *l->result;
    for (size_t i = 0; i < l->n_parts; i++)
        part_done(&l->parts[i]);
    l->n_parts = 0;
    ep_load_give_pieces(l);
    return EP_OK;
}

bool ep_load_is_slice_full(const ep_loader *l) {
    return l->tx->holding && (l->n_records - l->merged.n_records >= SLICE_RECORDS ||
                              l->n_rows - l->merged.n_rows >= SLICE_ROWS || l->memory_bytes >= SLICE_BYTES);
}

/* The batch is worth a commit, or as large as memory should let it be. On a server a slice is a batch: a merge keeps the writers' lock to the end of its
 * transaction (lock.h), and nobody should wait for it while we read on. */
bool ep_load_is_full(const ep_loader *l) {
    const ep_settings *s = &l->w->settings;
    return l->n_records >= (uint64_t)s->commit_records || l->n_rows >= (uint64_t)s->commit_rows ||
           l->size_bytes >= (size_t)s->commit_bytes ||
           (ep_warehouse_on_server(l->w) && ep_load_is_slice_full(l));
}
