#include "warehouse/load.h"
#include "base/hash.h"
#include "warehouse/archive.h"
#include "warehouse/crash.h"
#include "warehouse/journal.h"
#include "warehouse/late.h"
#include "warehouse/lock.h"
#include "warehouse/pipeline.h"
#include "warehouse/quarantine.h"
#include "warehouse/replay.h"
#include "warehouse/set_rules.h"
#include "warehouse/snapshot.h"
#include "warehouse/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Sources in one transaction: each has an open archive file. */
#define EP_MAX_PARTS 200

/* A transaction is merged slice by slice: its rows are in memory until then. The engine likes large transactions (a row group is 122,880 rows, and
 * what does not fill one is written twice), memory likes small slices. */
enum { SLICE_RECORDS = 65536, SLICE_ROWS = 200000, SLICE_BYTES = 64 << 20 };

/* How far a source was read, as committed and as staged. */
typedef struct position {
    ep_resume resume;
    int64_t generation; /* 0: never seen */
    bool complete;
} position;

/* A source's part in the open batch. */
typedef struct part {
    char *source;
    char *columns; /* CSV header as JSON, or NULL */
    int64_t generation;
    int64_t load_id;
    uint64_t from_record, to_record;
    position before, after;
    ep_archive_writer archive;
} part;

/* What a command keeps over its tries. */
typedef struct load_command {
    int attempt;
    int64_t *generation;      /* per path: that a load from the start began, 0: none yet */
    ep_load_result committed; /* the result as of the last commit */
    int64_t unsure_load_id;   /* of a batch whose commit was not answered; 0: none */
    ep_ledger unsure;
} load_command;

typedef struct loader {
    ep_warehouse *w;
    const ep_feed *feed;
    const ep_load_options *options;
    ep_load_result *result;
    ep_feed_schemas schemas;
    ep_piece_pool *pool;
    ep_piece *pieces; /* of the batch: its rows are held in them */
    ep_tx *tx;
    ep_set_aside *aside;
    ep_late late;
    bool open; /* a transaction is */
    load_command *command;
    part *parts;
    size_t n_parts, parts_capacity;
    uint64_t n_units;   /* taken by this command */
    uint64_t n_records; /* in the batch */
    uint64_t n_rows;    /* of all tables in the batch */
    size_t size_bytes;
    struct {
        uint64_t n_records, n_rows;
        size_t size_bytes;
    } merged; /* of those, what is merged already */
    int64_t started_at;
    uint64_t n_done, n_bad; /* for progress */
} loader;

static void part_done(part *p) {
    ep_free(p->source);
    ep_free(p->columns);
    ep_archive_done(&p->archive);
}

static void give_pieces(loader *l) {
    for (ep_piece *piece = l->pieces, *next; piece; piece = next) {
        next = piece->next;
        ep_piece_give(l->pool, piece);
    }
    l->pieces = NULL;
}

static void loader_done(loader *l) {
    if (l->open)
        ep_store_rollback(l->w->store);
    give_pieces(l);
    ep_piece_pool_free(&l->pool);
    for (size_t i = 0; i < l->n_parts; i++)
        part_done(&l->parts[i]);
    ep_free(l->parts);
    ep_late_done(&l->late);
    ep_set_aside_free(&l->aside);
    ep_tx_free(&l->tx);
    ep_stage_schemas_done(&l->schemas);
}

static ep_code read_position(loader *l, const char *source, position *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    const ep_value params[] = {ep_v_cstr(ep_feed_name(l->feed)), ep_v_cstr(source)};
    bool found;
    *ret = (position){0};
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
static ep_code write_position(loader *l, const part *p, ep_error *err) {
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

static ep_code make_load_id(const ep_feed *feed, const part *p, uint64_t n_raws, int64_t *ret,
                            ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_buf_printf(&text, "%s\n%s\n%" PRId64 "\n%" PRIu64 "\n%" PRIu64, ep_feed_name(feed), p->source,
                  p->generation, p->from_record, n_raws);
    EP_TRY(ep_buf_check(&text, err));
    *ret = ep_id63_of(text.data, text.len);
    return EP_OK;
}

static void note_merged(loader *l) {
    l->merged.n_records = l->n_records;
    l->merged.n_rows = l->n_rows;
    l->merged.size_bytes = l->size_bytes;
}

static ep_code begin(loader *l, ep_error *err) {
    if (l->open)
        return EP_OK;
    EP_TRY(ep_store_begin(l->w->store, err));
    l->open = true;
    l->n_records = 0;
    l->n_rows = 0;
    l->size_bytes = 0;
    note_merged(l);
    l->started_at = ep_now_us();
    EP_TRY(ep_tx_start(l->tx, l->feed, l->started_at, err));
    ep_tx_hold(l->tx);
    return EP_OK;
}

static ep_code begin_part(loader *l, const char *source, const position *before, int64_t generation,
                          const position *from, ep_error *err) {
    EP_TRY(begin(l, err));
    EP_TRY(ep_grow((void **)&l->parts, &l->parts_capacity, l->n_parts + 1, sizeof *l->parts, err));
    part *p = &l->parts[l->n_parts];
    *p = (part){.generation = generation,
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

static ep_code keep_columns(part *p, ep_pipeline *pipeline, ep_error *err) {
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

static ep_set_aside_source source_of(const loader *l, const part *p) {
    return (ep_set_aside_source){l->feed, p->source, p->columns, p->load_id, l->tx->received_at};
}

static ep_code take_piece(loader *l, part *p, ep_piece *piece, ep_error *err) {
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

static void add_totals(ep_ledger *total, const ep_ledger *one) {
    total->received += one->received;
    total->applied += one->applied;
    total->unchanged += one->unchanged;
    total->duplicate += one->duplicate;
    total->quarantined += one->quarantined;
    total->waiting += one->waiting;
    total->ignored += one->ignored;
}

static ep_code book_parts(loader *l, ep_ledger *batch, ep_error *err) {
    for (size_t i = 0; i < l->n_parts; i++) {
        part *p = &l->parts[i];
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
        add_totals(batch, &ledger);
    }
    return ep_late_write_ignored(&l->late, l->w, err);
}

static ep_code write_journal(loader *l, const ep_ledger *batch, ep_error *err) {
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

static ep_code for_each_snapshot(loader *l, bool settle, ep_error *err) {
    for (size_t i = 0; ep_feed_delivery(l->feed) == EP_D_SNAPSHOT && i < l->n_parts; i++) {
        const part *p = &l->parts[i];
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
static ep_code finish_batch(loader *l, ep_error *err) {
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
        part *p = &l->parts[i];
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
    add_totals(&l->result->total, &batch);
    l->command->committed = *l->result;
    for (size_t i = 0; i < l->n_parts; i++)
        part_done(&l->parts[i]);
    l->n_parts = 0;
    give_pieces(l);
    return EP_OK;
}

static void tell(loader *l, const char *path, ep_pipeline *pipeline, const ep_piece *piece) {
    if (!l->options->progress)
        return;
    ep_load_progress progress = {path, l->n_done, l->n_bad, (int64_t)piece->offset,
                                 ep_pipeline_size(pipeline)};
    l->options->progress(l->options->context, &progress);
}

static bool is_slice_full(const loader *l) {
    return l->tx->holding && (l->n_records - l->merged.n_records >= SLICE_RECORDS ||
                              l->n_rows - l->merged.n_rows >= SLICE_ROWS ||
                              l->size_bytes - l->merged.size_bytes >= SLICE_BYTES);
}

/* The batch is worth a commit, or as large as memory should let it be. On a server a slice is a batch: a merge keeps the writers' lock to the end of its
 * transaction (lock.h), and nobody should wait for it while we read on. */
static bool is_full(const loader *l) {
    const ep_settings *s = &l->w->settings;
    return l->n_records >= (uint64_t)s->commit_records || l->n_rows >= (uint64_t)s->commit_rows ||
           l->size_bytes >= (size_t)s->commit_bytes || (ep_warehouse_on_server(l->w) && is_slice_full(l));
}

static void keep(loader *l, ep_piece *piece) {
    piece->next = l->pieces;
    l->pieces = piece;
}

static ep_code merge_slice(loader *l, ep_error *err) {
    EP_TRY(ep_tx_merge(l->tx, ep_late_reject, &l->late, err));
    EP_TRY(ep_tx_slice(l->tx, err));
    give_pieces(l);
    note_merged(l);
    return EP_OK;
}

static ep_code load_pieces(loader *l, const char *path, ep_pipeline *pipeline, const position *found,
                           int64_t generation, const position *from, ep_error *err) {
    position before = *found, at = *from;
    bool started = false;
    for (ep_piece *piece;;) {
        EP_TRY(ep_warehouse_stopping(l->w, err));
        EP_TRY(ep_pipeline_next(pipeline, &piece, err));
        if (!piece)
            break;
        /* A snapshot that was whole and grew is another one: all of it counts, not only what is new. */
        if (!started && found->complete && generation == found->generation &&
            ep_feed_delivery(l->feed) == EP_D_SNAPSHOT) {
            ep_piece_give(l->pool, piece);
            return ep_fail(err, EP_E_CONFLICT, "a snapshot grew");
        }
        keep(l, piece);
        if (!started)
            EP_TRY(begin_part(l, path, &before, generation, &at, err));
        started = true;
        part *p = &l->parts[l->n_parts - 1];
        ep_code code = keep_columns(p, pipeline, err);
        if (code == EP_OK)
            code = take_piece(l, p, piece, err);
        tell(l, path, pipeline, piece);
        EP_TRY(code);
        if (!l->tx->holding)
            give_pieces(l);
        if (is_full(l)) {
            at = p->after;
            before = at;
            before.generation = generation;
            EP_TRY(finish_batch(l, err));
            started = false;
        } else if (is_slice_full(l)) {
            EP_TRY(merge_slice(l, err));
        }
    }
    if (!started && found->complete && at.resume.n_raws == found->resume.n_raws &&
        generation == found->generation)
        return EP_OK; /* nothing new */
    if (!started)     /* the last batch ended just here: the position still learns that this is the end */
        EP_TRY(begin_part(l, path, &before, generation, &at, err));
    l->parts[l->n_parts - 1].after.complete = true;
    return EP_OK;
}

static ep_code try_load(loader *l, const char *path, const position *found, int64_t generation,
                        const position *from, ep_error *err) {
    ep_pipeline *pipeline = NULL;
    ep_feed_meta meta = {.source = ep_str_from(path), .received_at = ep_now_us()};
    EP_TRY(ep_pipeline_start(l->w, l->feed, l->pool, path, &meta, &from->resume, l->n_units, &pipeline, err));
    ep_code code = load_pieces(l, path, pipeline, found, generation, from, err);
    ep_pipeline_stop(&pipeline);
    return code;
}

static ep_code load_file(loader *l, const char *path, int64_t *again, ep_error *err) {
    position found, start = {0};
    EP_TRY(read_position(l, path, &found, err));
    l->result->n_sources++;
    uint64_t done_before = l->n_done;
    for (size_t i = 0; i < l->n_parts; i++)
        if (strcmp(l->parts[i].source, path) == 0)
            return EP_OK; /* named twice in one command */
    if (found.generation == 0 || (l->options->again && found.generation != *again)) {
        *again = found.generation + 1; /* another try goes on in it */
        return try_load(l, path, &found, found.generation + 1, &start, err);
    }
    ep_code code = try_load(l, path, &found, found.generation, &found, err);
    if (code == EP_E_CONFLICT && l->n_done == done_before)
        return try_load(l, path, &found, found.generation + 1, &start, err);
    if (code == EP_OK && l->n_done == done_before && l->command->attempt == 0)
        l->result->n_skipped++;
    return code;
}

static ep_code load_all(loader *l, const char *const *paths, size_t n_paths, ep_error *err) {
    EP_TRY(ep_snapshot_check(l->w, l->feed, err));
    EP_TRY(ep_stage_schemas(l->w, l->feed, &l->schemas, err));
    EP_TRY(ep_piece_pool_new(l->feed, &l->schemas, &l->pool, err));
    EP_TRY(ep_tx_new(l->w, &l->tx, err));
    EP_TRY(ep_set_aside_new(l->w, &l->aside, err));
    for (size_t i = 0; i < n_paths; i++) {
        ep_code code = load_file(l, paths[i], &l->command->generation[i], err);
        if (code == EP_OK && l->n_parts >= EP_MAX_PARTS)
            code = finish_batch(l, err);
        if (code != EP_OK)
            return err && strstr(err->text, paths[i]) ? code : ep_fail_prefix(err, "%s", paths[i]);
    }
    EP_TRY(finish_batch(l, err));
    /* Which tables earlier tries changed is not known any more. */
    const ep_set_rule_options rules = {.tables = l->command->attempt > 0 ? NULL : l->tx->touched};
    return ep_set_rules_run(l->w, &rules, &l->result->n_failing, err);
}

/* The open batch goes back, the same command loads it again; the journal learns why. Best effort: what failed may be the store. */
static void note_failure(loader *l, const ep_error *err) {
    if (l->open)
        ep_store_rollback(l->w->store);
    l->open = false;
    const ep_journal_entry entry = {
        EP_J_LOAD, EP_JS_ERROR, "load_failed", ep_feed_name(l->feed), err->text, -1, -1, -1};
    ep_error ignored = {0};
    if (ep_journal_write(l->w, &entry, &ignored) != EP_OK)
        return;
}

/* A commit without an answer: the books know whether it was. */
static ep_code settle_unsure(ep_warehouse *w, load_command *c, ep_load_result *ret, ep_error *err) {
    int64_t n;
    const ep_value params[] = {ep_v_int(c->unsure_load_id), ep_v_cstr(w->run_id)};
    if (c->unsure_load_id == 0)
        return EP_OK;
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.load where load_id = $1 and run_id = $2",
                            params, 2, &n, err));
    if (n > 0)
        add_totals(&ret->total, &c->unsure);
    c->unsure_load_id = 0;
    c->committed = *ret;
    return EP_OK;
}

static ep_code load_once(ep_warehouse *w, const ep_feed *feed, const char *const *paths, size_t n_paths,
                         const ep_load_options *options, load_command *command, ep_load_result *ret,
                         ep_error *err) {
    *ret = command->committed;
    ret->n_sources = 0;
    EP_TRY(settle_unsure(w, command, ret, err));
    EP_CLEANUP(loader_done)
    loader l = {.w = w, .feed = feed, .options = options, .result = ret, .command = command};
    ep_code code = load_all(&l, paths, n_paths, err);
    if (code != EP_OK)
        note_failure(&l, err);
    return code;
}

static bool can_be_read_again(const char *const *paths, size_t n_paths) {
    for (size_t i = 0; i < n_paths; i++)
        if (strcmp(paths[i], "-") == 0)
            return false;
    return true;
}

ep_code ep_load_files(ep_warehouse *w, const ep_feed *feed, const char *const *paths, size_t n_paths,
                      const ep_load_options *options, ep_load_result *ret, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    *ret = (ep_load_result){0};
    load_command command = {.generation = ep_calloc(n_paths + 1, sizeof *command.generation)};
    if (!command.generation)
        return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    ep_code code = load_once(w, feed, paths, n_paths, options, &command, ret, err);
    /* What was committed stays and is not read again: the position says where to go on. */
    while (code != EP_OK && can_be_read_again(paths, n_paths) &&
           ep_warehouse_try_again(w, code, command.attempt)) {
        command.attempt++;
        code = load_once(w, feed, paths, n_paths, options, &command, ret, err);
    }
    ep_free(command.generation);
    return code == EP_E_FULL
               ? ep_fail_prefix(err, "the disk is full: make room and run the same command again")
               : code;
}
