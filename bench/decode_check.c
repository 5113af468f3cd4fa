/* The way of a load up to its store: reads, decodes, maps and checks a file with a feed and drops what comes out.
 *
 * usage: decode_check WAREHOUSE FEED FILE          prints: records, refused groups
 *
 * Nothing is written and the store is not opened. Threads are those of the warehouse's settings. Exit status: 0 done, 1 an error. */
#include "warehouse/pipeline.h"
#include "warehouse/stage.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct totals {
    uint64_t n_records, n_refused;
} totals;

static ep_code drain(ep_pipeline *pipeline, ep_piece_pool *pool, totals *ret, ep_error *err) {
    for (ep_piece *piece;;) {
        EP_TRY(ep_pipeline_next(pipeline, &piece, err));
        if (!piece)
            return EP_OK;
        ret->n_records += piece->unit->n_records;
        for (size_t i = 0; i < piece->unit->n_groups; i++)
            ret->n_refused += piece->unit->groups[i].rejected;
        ep_piece_give(pool, piece);
    }
}

static ep_code read_file(const ep_warehouse *w, const ep_feed *feed, const char *path, totals *ret,
                         ep_error *err) {
    ep_feed_schemas schemas = {0};
    ep_piece_pool *pool = NULL;
    ep_pipeline *pipeline = NULL;
    const ep_feed_meta meta = {.source = ep_str_from(path), .received_at = ep_now_us()};
    const ep_resume resume = {0};
    ep_code code = ep_stage_schemas(w, feed, &schemas, err);
    if (code == EP_OK)
        code = ep_piece_pool_new(feed, &schemas, &pool, err);
    if (code == EP_OK)
        code = ep_pipeline_start(w, feed, pool, path, &meta, &resume, 0, &pipeline, err);
    if (code == EP_OK)
        code = drain(pipeline, pool, ret, err);
    ep_pipeline_stop(&pipeline);
    ep_piece_pool_free(&pool);
    ep_stage_schemas_done(&schemas);
    return code;
}

static ep_code run(char **argv, ep_warehouse **w, totals *ret, ep_error *err) {
    EP_TRY(ep_warehouse_open(argv[1], EP_OPEN_FILES, w, err));
    const ep_feed *feed = ep_warehouse_feed(*w, argv[2]);
    if (!feed)
        return ep_fail(err, EP_E_USAGE, "no feed is called %s", argv[2]);
    return read_file(*w, feed, argv[3], ret, err);
}

int main(int argc, char **argv) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    totals sum = {0};
    if (argc != 4) {
        fputs("usage: decode_check WAREHOUSE FEED FILE\n", stderr);
        return 1;
    }
    ep_code code = run(argv, &w, &sum, &err);
    ep_warehouse_close(&w);
    if (code != EP_OK) {
        fprintf(stderr, "decode_check: %s\n", err.text);
        return 1;
    }
    printf("%" PRIu64 " %" PRIu64 "\n", sum.n_records, sum.n_refused);
    return 0;
}
