/* How fast bytes become checked and stamped batches, without a store: splitter, feed runner and stamper of one feed over
 * files, in this one thread.
 *
 * usage: records [--digest] WAREHOUSE FEED FILE...
 *
 * Prints records, rows, reasons, seconds of processor and rows a second; with --digest also a digest of all that came out (cells, groups,
 * reasons): two builds that print the same digest for the same files did the same. */
#include "base/hash.h"
#include "source/file.h"
#include "warehouse/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BLOCK_BYTES = 1 << 20, PIECE_RECORDS = 4096 }; /* as the pipeline's */

typedef struct bench {
    ep_warehouse *w;
    const ep_feed *feed;
    ep_feed_schemas schemas;
    ep_feed_runner *runner;
    ep_stamper *stamper;
    ep_unit *unit;
    ep_arena border; /* records that crossed a block */
    char block[BLOCK_BYTES + EP_PADDING];
    bool takes_digest;
    uint64_t digest;
    size_t n_records, n_rows, n_reasons, n_pieces;
} bench;

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void add(bench *b, const void *data, size_t len) {
    b->digest = (b->digest ^ ep_xxh3(data, len)) * UINT64_C(0x9E3779B97F4A7C15) + len;
}

static void add_text(bench *b, const char *text) {
    add(b, text, strlen(text));
}

static void add_cell(bench *b, const ep_column *column, size_t row) {
    add(b, &column->state[row], 1);
    if (column->state[row] != EP_VALUE)
        return;
    if (column->text)
        add(b, column->text[row].ptr, column->text[row].len);
    else if (column->i128)
        add(b, &column->i128[row], sizeof column->i128[row]);
    else
        add(b, &column->i64[row], sizeof column->i64[row]);
}

static void add_table(bench *b, const ep_unit_table *table) {
    const ep_batch *batch = table->batch;
    for (size_t row = 0; row < batch->n_rows; row++) {
        add(b, &table->record_of[row], sizeof table->record_of[row]);
        add(b, &table->group_of[row], sizeof table->group_of[row]);
        for (size_t c = 0; c < batch->schema->n_columns; c++)
            add_cell(b, &batch->columns[c], row);
    }
}

static void add_unit(bench *b) {
    const ep_unit *unit = b->unit;
    for (size_t i = 0; i < unit->n_tables; i++)
        add_table(b, &unit->tables[i]);
    for (size_t i = 0; i < unit->n_groups; i++) {
        add(b, unit->groups[i].owner.ptr, unit->groups[i].owner.len);
        add(b, &unit->groups[i].rejected, sizeof unit->groups[i].rejected);
    }
    for (size_t i = 0; i < unit->n_records; i++) {
        const ep_unit_record *record = &unit->records[i];
        add(b, record->raw.raw.ptr, record->raw.raw.len);
        add(b, &record->raw.at, sizeof record->raw.at.record * 3);
        add(b, &record->n_groups, sizeof record->n_groups);
        add_text(b, record->ignored ? record->ignored_name : "");
    }
    for (size_t i = 0; i < unit->reasons.n; i++) {
        const ep_reason *reason = &unit->reasons.items[i];
        const uint32_t numbers[] = {reason->code, reason->severity, reason->record, reason->group,
                                    reason->row};
        add(b, numbers, sizeof numbers);
        add_text(b, reason->contract);
        add_text(b, reason->field);
        add_text(b, reason->detail);
    }
}

static ep_code run_piece(bench *b, const ep_raw *raws, size_t n, const ep_feed_meta *meta, ep_error *err) {
    ep_unit *unit = b->unit;
    ep_unit_reset(unit);
    EP_TRY(ep_feed_runner_run(b->runner, raws, n, meta, unit, err));
    EP_TRY(ep_stamper_run(b->stamper, unit, (int64_t)b->n_pieces++, err));
    b->n_records += unit->n_records;
    b->n_reasons += unit->reasons.n;
    for (size_t i = 0; i < unit->n_tables; i++)
        b->n_rows += unit->tables[i].batch->n_rows;
    if (b->takes_digest)
        add_unit(b);
    return EP_OK;
}

static ep_code run_blocks(bench *b, ep_file *file, ep_splitter *splitter, const ep_feed_meta *meta,
                          ep_error *err) {
    bool last = false, has_columns = false;
    while (!last) {
        const ep_raw *raws;
        size_t len, n, n_columns;
        ep_arena_reset(&b->border);
        EP_TRY(ep_file_read(file, b->block, BLOCK_BYTES, EP_PADDING, &len, &last, err));
        EP_TRY(ep_splitter_feed(splitter, (ep_str){b->block, len}, last, &b->border, &raws, &n, err));
        const ep_str *columns = ep_splitter_columns(splitter, &n_columns);
        if (!has_columns && n_columns > 0)
            ep_feed_runner_set_columns(b->runner, columns, n_columns, ep_splitter_delimiter(splitter));
        has_columns = n_columns > 0;
        for (size_t at = 0; at < n; at += PIECE_RECORDS)
            EP_TRY(run_piece(b, raws + at, n - at < PIECE_RECORDS ? n - at : PIECE_RECORDS, meta, err));
    }
    return EP_OK;
}

static ep_code run_file(bench *b, const char *path, ep_error *err) {
    EP_CLEANUP(ep_file_close) ep_file *file = NULL;
    EP_CLEANUP(ep_splitter_free) ep_splitter *splitter = NULL;
    const ep_feed_meta meta = {ep_str_from(path), INT64_C(1800000000000000), EP_STR("")};
    EP_TRY(ep_file_open(path, NULL, &file, err));
    EP_TRY(ep_splitter_new(ep_feed_decode(b->feed), &splitter, err));
    ep_splitter_count_occurrences(splitter, ep_feed_needs_occurrence(b->feed));
    return run_blocks(b, file, splitter, &meta, err);
}

static ep_code start(bench *b, const char *folder, const char *feed, ep_error *err) {
    EP_TRY(ep_warehouse_open(folder, EP_OPEN_FILES, &b->w, err));
    b->feed = ep_warehouse_feed(b->w, feed);
    if (!b->feed)
        return ep_fail(err, EP_E_NOT_FOUND, "%s has no feed %s", folder, feed);
    EP_TRY(ep_stage_schemas(b->w, b->feed, &b->schemas, err));
    EP_TRY(ep_unit_new(b->feed, &b->schemas, &b->unit, err));
    EP_TRY(ep_feed_runner_new(b->feed, &b->runner, err));
    return ep_stamper_new(b->w, b->feed, &b->stamper, err);
}

static void done(bench *b) {
    ep_stamper_free(&b->stamper);
    ep_feed_runner_free(&b->runner);
    ep_unit_free(&b->unit);
    ep_stage_schemas_done(&b->schemas);
    ep_arena_done(&b->border);
    ep_warehouse_close(&b->w);
}

int main(int argc, char **argv) {
    static bench b;
    ep_error err = {0};
    b.takes_digest = argc > 1 && strcmp(argv[1], "--digest") == 0;
    argv += b.takes_digest;
    argc -= b.takes_digest;
    if (argc < 4) {
        fprintf(stderr, "usage: records [--digest] WAREHOUSE FEED FILE...\n");
        return 2;
    }
    ep_code code = start(&b, argv[1], argv[2], &err);
    double before = cpu_s();
    for (int i = 3; code == EP_OK && i < argc; i++)
        code = run_file(&b, argv[i], &err);
    double seconds = cpu_s() - before;
    done(&b);
    if (code != EP_OK) {
        fprintf(stderr, "records: %s\n", err.text);
        return 1;
    }
    printf("records %zu  rows %zu  reasons %zu  cpu %.3f s  %.0f rows/s", b.n_records, b.n_rows, b.n_reasons,
           seconds, (double)b.n_rows / seconds);
    if (b.takes_digest)
        printf("  digest %016" PRIx64, b.digest);
    putchar('\n');
    return 0;
}
