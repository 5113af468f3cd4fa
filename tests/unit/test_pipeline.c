/* The threads of a load without a store: units come in the order of the file, all of them, whatever the block borders and the number of workers. */
#include "warehouse/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <time.h>

#include "warehouse/stage.h"
#include "warehouse_fixture.h"

enum { N_RECORDS = 60000, EVERY_BAD = 1000 };
/* Orders of many lines: 16 MiB of them, some 100 MB of rows. */
enum { N_WIDE = 8000, N_LINES = 100, MOST_AHEAD_BYTES = 48 << 20 };

static int write_wide(void) {
    FILE *wide = fopen(in_folder("wide.jsonl"), "w");
    if (!wide)
        return -1;
    for (int i = 0; i < N_WIDE; i++) {
        fputs("{\"t\": 1764000000, \"lines\": [{\"id\": 0}", wide);
        for (int line = 1; line < N_LINES; line++)
            fprintf(wide, ", {\"id\": %d}", 100000000 + i * N_LINES + line);
        fputs("]}\n", wide);
    }
    return fclose(wide);
}

static int make_files(void **state) {
    if (make_warehouse_folder(state) != 0)
        return -1;
    write_contract("hit", "  - name: fact_hit\n    description: One row a hit.\n    customProperties:\n"
                          "      - {property: entrepot.kind, value: transaction}\n"
                          "      - {property: entrepot.validTime, value: at_time}\n"
                          "      - {property: entrepot.dedupe, value: [id]}\n"
                          "    properties:\n"
                          "      - {name: id, logicalType: integer, required: true}\n"
                          "      - {name: at_time, logicalType: timestamp, required: true}\n");
    write_text("feeds/hit.yaml",
               "feed: hit\ndelivery: append\ndecode: {format: jsonl}\nemit:\n  - contract: fact_hit\n"
               "    fields:\n      id: id\n      at_time: {path: t, formats: [epoch_s]}\n");
    write_text("feeds/csv.yaml",
               "feed: csv\ndelivery: append\ndecode: {format: csv}\nemit:\n  - contract: fact_hit\n"
               "    fields:\n      id: id\n      at_time: {path: t, formats: [epoch_s]}\n");
    write_text("feeds/wide.yaml",
               "feed: wide\ndelivery: append\ndecode: {format: jsonl}\nemit:\n  - contract: fact_hit\n"
               "    each: \"lines[*]\"\n"
               "    fields:\n      id: id\n      at_time: {path: ^.t, formats: [epoch_s]}\n");
    FILE *json = fopen(in_folder("hits.jsonl"), "w"), *csv = fopen(in_folder("hits.csv"), "w");
    if (!json || !csv)
        return -1;
    fputs("id;t\n", csv);
    for (int i = 0; i < N_RECORDS; i++) {
        bool bad = i % EVERY_BAD == 7;
        fprintf(json, "{\"id\": %d, \"t\": %s}\n", i, bad ? "broken" : "1764000000.5");
        fprintf(csv, "%d;%s\n", i, bad ? "broken" : "1764000000.5");
    }
    return fclose(json) | fclose(csv) | write_wide();
}

typedef struct run {
    ep_warehouse *w;
    const ep_feed *feed;
    ep_feed_schemas schemas;
    ep_feed_meta meta;
    char path[128];
    ep_resume resume; /* behind the last piece */
    uint64_t next, n_bad;
    ep_piece_pool *pool;
    ep_pipeline *pipeline;
} run;

static void run_init(run *r, const char *feed, const char *file, int threads) {
    *r = (run){.w = open_files()};
    r->w->settings.threads = threads;
    r->feed = ep_warehouse_feed(r->w, feed);
    assert_non_null(r->feed);
    must(ep_stage_schemas(r->w, r->feed, &r->schemas, err));
    must(ep_piece_pool_new(r->feed, &r->schemas, &r->pool, err));
    snprintf(r->path, sizeof r->path, "%s", in_folder(file));
    r->meta = (ep_feed_meta){.source = ep_str_from(r->path), .received_at = 1};
}

static void run_done(run *r) {
    ep_pipeline_stop(&r->pipeline);
    ep_piece_pool_free(&r->pool);
    ep_stage_schemas_done(&r->schemas);
    ep_warehouse_close(&r->w);
}

static void start(run *r) {
    must(ep_pipeline_start(r->w, r->feed, r->pool, r->path, &r->meta, &r->resume, 0, &r->pipeline, err));
}

/* Takes pieces until `stop_after` records came or the end; true at the end. */
static bool take(run *r, uint64_t stop_after) {
    for (ep_piece *piece; r->next < stop_after;) {
        must(ep_pipeline_next(r->pipeline, &piece, err));
        if (!piece)
            return true;
        for (size_t i = 0; i < piece->unit->n_records; i++)
            assert_int_equal(piece->unit->records[i].raw.at.record, r->next++);
        for (size_t i = 0; i < piece->unit->n_groups; i++)
            r->n_bad += piece->unit->groups[i].rejected;
        assert_int_equal(piece->next_record, r->next);
        r->resume = (ep_resume){piece->n_raws, piece->next_record, piece->digest};
        ep_piece_give(r->pool, piece);
    }
    return false;
}

static const struct { const char *feed, *file; } sources[] = {{"hit", "hits.jsonl"}, {"csv", "hits.csv"}};

static void every_record_comes_once_and_in_order(void **state) {
    (void)state;
    for (size_t s = 0; s < N_OF(sources); s++)
        for (int threads = 1; threads <= 5; threads += 2) {
            run r;
            run_init(&r, sources[s].feed, sources[s].file, threads);
            start(&r);
            assert_true(take(&r, UINT64_MAX));
            assert_int_equal(r.next, N_RECORDS);
            assert_int_equal(r.n_bad, N_RECORDS / EVERY_BAD);
            size_t n;
            char delimiter;
            (void)ep_pipeline_columns(r.pipeline, &n, &delimiter);
            assert_int_equal(n, s == 0 ? 0 : 2);
            assert_int_equal(delimiter, s == 0 ? 0 : ';');
            run_done(&r);
        }
}

static void a_stopped_load_goes_on_where_it_was(void **state) {
    (void)state;
    for (size_t s = 0; s < N_OF(sources); s++) {
        run r;
        run_init(&r, sources[s].feed, sources[s].file, 2);
        start(&r);
        assert_false(take(&r, 20000));
        assert_in_range(r.next, 20000, N_RECORDS - 1);
        ep_pipeline_stop(&r.pipeline);
        start(&r);
        assert_true(take(&r, UINT64_MAX));
        assert_int_equal(r.next, N_RECORDS);
        assert_int_equal(r.n_bad, N_RECORDS / EVERY_BAD);
        run_done(&r);
    }
}

static void stopping_in_the_middle_ends_all_threads(void **state) {
    (void)state;
    for (uint64_t after = 0; after < N_RECORDS; after += 17000) {
        run r;
        run_init(&r, "hit", "hits.jsonl", 3);
        start(&r);
        assert_false(take(&r, after));
        run_done(&r);
    }
}

/* Memory of all pieces that ever were: those of the pool, up to the first that nobody has used. */
static size_t pool_bytes(run *r, size_t *ret_n) {
    ep_piece *used[200];
    size_t bytes = 0, n = 0;
    for (bool fresh = false; !fresh && n < N_OF(used); n++) {
        must(ep_piece_take(r->pool, &used[n], err));
        fresh = used[n]->memory_bytes == 0;
        bytes += fresh ? 0 : ep_unit_bytes(used[n]->unit);
    }
    for (size_t i = 0; i < n; i++)
        ep_piece_give(r->pool, used[i]);
    *ret_n = n - 1;
    return bytes;
}

static void pieces_of_many_rows_wait_in_bounded_memory(void **state) {
    (void)state;
    run r;
    size_t n;
    run_init(&r, "wide", "wide.jsonl", 2);
    start(&r);
    nanosleep(&(struct timespec){.tv_nsec = 700000000}, NULL); /* a store that merges */
    ep_pipeline_stop(&r.pipeline);
    assert_in_range(pool_bytes(&r, &n), 1, MOST_AHEAD_BYTES);
    assert_in_range(n, 2, 8);
    start(&r);
    assert_true(take(&r, UINT64_MAX));
    assert_int_equal(r.next, N_WIDE);
    run_done(&r);
}

static void a_changed_beginning_is_a_conflict(void **state) {
    (void)state;
    const ep_resume wrong[] = {{100, 100, 12345}, {N_RECORDS + 1, N_RECORDS + 1, 1}};
    for (size_t i = 0; i < N_OF(wrong); i++) {
        run r;
        ep_piece *piece;
        run_init(&r, "hit", "hits.jsonl", 2);
        r.resume = wrong[i];
        start(&r);
        must_fail(EP_E_CONFLICT, ep_pipeline_next(r.pipeline, &piece, err));
        run_done(&r);
    }
}

static void a_file_that_cannot_be_opened_starts_nothing(void **state) {
    (void)state;
    run r;
    run_init(&r, "hit", "nothing.jsonl", 2);
    must_fail(EP_E_NOT_FOUND,
              ep_pipeline_start(r.w, r.feed, r.pool, r.path, &r.meta, &r.resume, 0, &r.pipeline, err));
    assert_null(r.pipeline);
    run_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_comes_once_and_in_order),
        cmocka_unit_test(a_stopped_load_goes_on_where_it_was),
        cmocka_unit_test(stopping_in_the_middle_ends_all_threads),
        cmocka_unit_test(pieces_of_many_rows_wait_in_bounded_memory),
        cmocka_unit_test(a_changed_beginning_is_a_conflict),
        cmocka_unit_test(a_file_that_cannot_be_opened_starts_nothing),
    };
    return cmocka_run_group_tests(tests, make_files, remove_folder);
}
