/* What the feed tests share: contracts, a feed from text, records from text. */
#ifndef EP_TEST_FEED_CASES_H
#define EP_TEST_FEED_CASES_H

#include "feed/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEED_DATA "tests/data/feed/"

/** Path below the tree, wherever the test runs. */
static inline const char *test_path(const char *below, char out[512]) {
    const char *root = getenv("EP_ROOT");
    snprintf(out, 512, "%s/%s", root ? root : ".", below);
    return out;
}

static inline ep_contracts *test_contracts(ep_error *err) {
    char path[512];
    const char *paths[] = {test_path(FEED_DATA "contracts.yaml", path)};
    ep_contracts *contracts = NULL;
    ep_lints lints = {0};
    if (ep_contracts_load(paths, 1, false, &contracts, &lints, err) != EP_OK) {
        for (size_t i = 0; i < lints.n; i++)
            printf("# %d:%d %s: %s\n", lints.items[i].line, lints.items[i].column, lints.items[i].code,
                   lints.items[i].text);
        printf("# %s\n", err->text);
    }
    ep_lints_done(&lints);
    return contracts;
}

/* Records cut from a text, with the bytes they view. */
typedef struct test_records {
    ep_buf text;
    ep_arena arena;
    ep_splitter *splitter;
    const ep_raw *raws;
    size_t n;
} test_records;

static inline ep_code test_cut(const ep_feed *feed, ep_str text, test_records *ret, ep_error *err) {
    static const char padding[EP_PADDING];
    ep_buf_put_str(&ret->text, text);
    ep_buf_add(&ret->text, padding, sizeof padding);
    EP_TRY(ep_buf_check(&ret->text, err));
    EP_TRY(ep_splitter_new(ep_feed_decode(feed), &ret->splitter, err));
    ep_splitter_count_occurrences(ret->splitter, ep_feed_needs_occurrence(feed));
    return ep_splitter_feed(ret->splitter, (ep_str){ret->text.data, text.len}, true, &ret->arena, &ret->raws,
                            &ret->n, err);
}

static inline void test_records_done(test_records *records) {
    ep_splitter_free(&records->splitter);
    ep_arena_done(&records->arena);
    ep_buf_done(&records->text);
}

static inline ep_feed_meta test_meta(const char *seller) {
    return (ep_feed_meta){.source = EP_STR("in/test.jsonl"),
                          .received_at = INT64_C(1770091506000000), /* 2026-02-03T04:05:06Z */
                          .seller = ep_str_from(seller)};
}

static inline ep_code test_runner(const ep_feed *feed, const test_records *records, ep_feed_runner **ret,
                                  ep_error *err) {
    size_t n_columns;
    EP_TRY(ep_feed_runner_new(feed, ret, err));
    const ep_str *columns = ep_splitter_columns(records->splitter, &n_columns);
    if (n_columns > 0)
        ep_feed_runner_set_columns(*ret, columns, n_columns, ep_splitter_delimiter(records->splitter));
    return EP_OK;
}

/** All records in one run. */
static inline ep_code test_run(const ep_feed *feed, ep_str text, const char *seller, ep_buf *out,
                               ep_error *err) {
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta(seller);
    ep_code code = test_cut(feed, text, &records, err);
    if (code == EP_OK)
        code = test_runner(feed, &records, &runner, err);
    if (code == EP_OK)
        code = ep_unit_new(feed, NULL, &unit, err);
    if (code == EP_OK)
        code = ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, err);
    if (code == EP_OK)
        ep_feed_explain(unit, &(ep_explain_options){0}, out);
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    return code == EP_OK ? ep_buf_check(out, err) : code;
}

#endif
