/* Running a feed: that splitting changes nothing, that a lack of memory is an ordinary error, and limits. */
#include "feed_cases.h"
#include "property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static ep_contracts *contracts;
static char lists_folder[512];

static int setup(void **state) {
    (void)state;
    ep_error err = {0};
    test_path(FEED_DATA "lists", lists_folder);
    contracts = test_contracts(&err);
    return contracts ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    ep_contracts_free(&contracts);
    return 0;
}

/* Everything at once: owners, lists, templates, patterns, code lists, conditions, sums. */
static const char rich_feed[] =
    "feed: rich\n"
    "decode: {format: jsonl}\n"
    "cut_over: 2026-01-01T00:00:00Z\n"
    "lists: {sizes: {s: small}}\n"
    "ignore: [{name: ping, when: {path: type, matches: \"pi.g\"}}]\n"
    "emit:\n"
    "  - contract: plain\n"
    "    when: {path: order, exists: true}\n"
    "    fields:\n"
    "      a: {template: \"{b}/{path:order}/{meta:line}\"}\n"
    "      b: {path: size, map: sizes, else: keep, case: upper}\n"
    "      c: {path: code, regex: {pattern: \"([0-9]+)\", no_match: null}, default: none}\n"
    "      n: {path: total, negate: true}\n"
    "      t: {meta: received_at}\n"
    "      secret: {coalesce: [{path: list, split: {by: \",\", index: 1}}, {meta: source}]}\n"
    "  - contract: sale\n"
    "    each: \"items[*]\"\n"
    "    fields:\n"
    "      seller: {coalesce: [s, v], map: sellers, else: seller, default: shopnow}\n"
    "      id: {coalesce: [id, {template: \"{path:p}#{occurrence}\"}]}\n"
    "      at: {path: ^.at, formats: [epoch_s, rfc3339]}\n"
    "      quantity: q\n"
    "      price: {path: price, decimal_mark: \",\"}\n"
    "      note: {when: [{if: {field: quantity, gt: 5}, then: {const: many}}, {else: note}]}\n"
    "checks:\n"
    "  - {name: total, sum: {contract: sale, of: [quantity, price]}, equals: total}\n";

static ep_feed *load(const char *text, ep_error *err) {
    ep_lints lints = {0};
    ep_feed *feed = NULL;
    ep_code code =
        ep_feed_load_text("rich.yaml", ep_str_from(text), contracts, lists_folder, &feed, &lints, err);
    if (code == EP_E_CONFIG)
        for (size_t i = 0; i < lints.n; i++)
            printf("# %d:%d %s: %s\n", lints.items[i].line, lints.items[i].column, lints.items[i].code,
                   lints.items[i].text);
    ep_lints_done(&lints);
    return feed;
}

/* One line: usually good, often odd. */
static void put_record(test_random *random, ep_buf *out) {
    static const char *const times[] = {"1764547200.5", "\"2026-02-01T00:00:00Z\"", "\"never\"", "null"};
    static const char *const sellers[] = {"\"V-1\"", "\"acme\"", "\"Some One\"", "null", "\"\"", "7"};
    static const char *const prices[] = {"\"1,5\"", "3", "\"x\"", "null", "\"0,00001\""};
    if (test_random_below(random, 12) == 0) {
        ep_buf_puts(out, test_random_below(random, 2) ? "{\"type\": \"ping\"}\n" : "{\"broken\": \n");
        return;
    }
    ep_buf_printf(out,
                  "{\"order\": %" PRIu64 ", \"size\": \"%s\", \"code\": \"x%" PRIu64
                  "\", \"total\": 3, \"list\": \"%s\", \"at\": %s",
                  test_random_below(random, 100), test_random_below(random, 2) ? "s" : "xl",
                  test_random_below(random, 10), test_random_below(random, 4) ? "a,b" : "a",
                  times[test_random_below(random, 4)]);
    if (test_random_below(random, 8)) {
        ep_buf_puts(out, ", \"items\": [");
        uint64_t n = test_random_below(random, 14);
        for (uint64_t i = 0; i < n; i++) {
            ep_buf_puts(out, i ? ", " : "");
            if (test_random_below(random, 9) == 0)
                ep_buf_puts(out, "null");
            else
                ep_buf_printf(out,
                              "{\"s\": %s, \"p\": \"p%" PRIu64 "\", \"q\": %" PRIu64
                              ", \"price\": %s, \"note\": \"%s\"}",
                              sellers[test_random_below(random, 6)], test_random_below(random, 3),
                              test_random_below(random, 8), prices[test_random_below(random, 5)],
                              test_random_below(random, 5) ? "ok" : "too long");
        }
        ep_buf_puts(out, "]");
    }
    ep_buf_puts(out, "}\n");
}

/* The records in runs of random length; a new unit now and then, whose text follows that of the one before. */
static void run_split(const ep_feed *feed, const test_records *records, test_random *random, ep_buf *out) {
    ep_error err = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    assert_int_equal(test_runner(feed, records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    for (size_t at = 0; at < records->n;) {
        size_t n = 1 + test_random_below(random, 5);
        n = n < records->n - at ? n : records->n - at;
        assert_int_equal(ep_feed_runner_run(runner, records->raws + at, n, &meta, unit, &err), EP_OK);
        at += n;
        if (at == records->n || test_random_below(random, 3) == 0) {
            ep_feed_explain(unit, &(ep_explain_options){.json = true, .show_personal = true}, out);
            ep_unit_reset(unit);
        }
        if (test_random_below(random, 4) == 0) {
            ep_feed_runner_free(&runner);
            assert_int_equal(test_runner(feed, records, &runner, &err), EP_OK);
        }
    }
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
}

static void test_splitting_changes_nothing(void **state) {
    (void)state;
    test_random random = test_random_new();
    ep_error err = {0};
    ep_feed *feed = load(rich_feed, &err);
    assert_non_null(feed);
    for (int round = 0; round < 60; round++) {
        ep_buf text = {0}, once = {0}, split = {0};
        test_records records = {0};
        for (int i = 0; i < 30; i++)
            put_record(&random, &text);
        assert_int_equal(test_cut(feed, (ep_str){text.data, text.len}, &records, &err), EP_OK);

        ep_feed_runner *runner = NULL;
        ep_unit *unit = NULL;
        ep_feed_meta meta = test_meta("");
        assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
        assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
        assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
        ep_feed_explain(unit, &(ep_explain_options){.json = true, .show_personal = true}, &once);

        run_split(feed, &records, &random, &split);
        assert_true(once.len > 0 && !once.failed && !split.failed);
        assert_string_equal(once.data, split.data);
        ep_unit_free(&unit);
        ep_feed_runner_free(&runner);
        test_records_done(&records);
        ep_buf_done(&text);
        ep_buf_done(&once);
        ep_buf_done(&split);
    }
    ep_feed_free(&feed);
}

/* Groups of a record follow each other, and every row is in one of its record's groups. */
static void test_groups_are_consecutive(void **state) {
    (void)state;
    test_random random = test_random_new();
    ep_error err = {0};
    ep_feed *feed = load(rich_feed, &err);
    ep_buf text = {0};
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    for (int i = 0; i < 500; i++)
        put_record(&random, &text);
    assert_int_equal(test_cut(feed, (ep_str){text.data, text.len}, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_int_equal(unit->n_records, records.n);
    uint32_t next = 0;
    for (size_t i = 0; i < unit->n_records; i++) {
        const ep_unit_record *record = &unit->records[i];
        assert_int_equal(record->first_group, next);
        next += record->n_groups;
        assert_true(record->ignored == (record->n_groups == 0));
        for (uint32_t g = record->first_group; g < next; g++)
            assert_int_equal(unit->groups[g].record, i);
    }
    assert_int_equal(next, unit->n_groups);
    for (size_t t = 0; t < unit->n_tables; t++)
        for (size_t row = 0; row < unit->tables[t].batch->n_rows; row++)
            assert_int_equal(unit->groups[unit->tables[t].group_of[row]].record,
                             unit->tables[t].record_of[row]);
    for (size_t i = 0; i < unit->reasons.n; i++) {
        const ep_reason *reason = &unit->reasons.items[i];
        if (reason->severity == EP_S_ERROR)
            assert_true(unit->groups[reason->group].rejected);
    }
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_buf_done(&text);
    ep_feed_free(&feed);
}

/* Load and run with the n-th allocation failing, for every n: an error, never a crash or a leak. */
static void test_lack_of_memory(void **state) {
    (void)state;
    static const char text[] =
        "{\"order\": 1, \"size\": \"s\", \"code\": \"x1\", \"total\": 3, \"list\": \"a,b\", \"at\": 1764547200, \"items\": ["
        "{\"p\": \"x\", \"q\": 1, \"price\": \"1,5\"}, {\"s\": \"Some One\", \"p\": \"x\", \"q\": 9, \"price\": \"1\"}, null]}\n"
        "{\"type\": \"ping\"}\n"
        "{\"order\": 1, \"list\": \"a\", \"at\": \"x\", \"items\": {}}\n";
    bool done = false;
    int64_t n = 1;
    for (; !done && n < 20000; n++) {
        ep_error err = {0};
        ep_lints lints = {0};
        ep_feed *feed = NULL;
        ep_buf out = {0};
        ep_mem_fail_after(n);
        ep_code code = ep_feed_load_text("rich.yaml", ep_str_from(rich_feed), contracts, lists_folder, &feed,
                                         &lints, &err);
        if (code == EP_OK)
            code = test_run(feed, ep_str_from(text), "", &out, &err);
        ep_mem_fail_after(0);
        if (code != EP_OK && code != EP_E_NOMEM)
            fail_msg("allocation %" PRId64 ": %s: %s", n, ep_code_name(code), err.text);
        done = code == EP_OK;
        ep_buf_done(&out);
        ep_feed_free(&feed);
        ep_lints_done(&lints);
    }
    printf("# %" PRId64 " allocations\n", n - 1);
    assert_true(done);
}

static const char sale_feed[] = "feed: sale\n"
                                "decode: {format: jsonl}\n"
                                "emit:\n"
                                "  - contract: sale\n"
                                "    each: \"items[*]\"\n"
                                "    fields: {seller: s, id: id, at: ^.at, quantity: q}\n";

/* Beyond the reasons that are kept, each row still rejects its own group, and no other. */
static void test_reasons_beyond_the_limit_still_reject(void **state) {
    (void)state;
    ep_error err = {0};
    ep_feed *feed = load(sale_feed, &err);
    ep_buf text = {0};
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    ep_buf_puts(&text, "{\"at\": \"2026-01-02T00:00:00Z\", \"items\": [");
    for (int i = 0; i < 600; i++)
        ep_buf_printf(&text, "%s{\"s\": \"s%d\", \"id\": %d, \"q\": %d}", i ? ", " : "", i, i, i % 3 == 0);
    ep_buf_puts(&text, "]}\n");
    assert_int_equal(test_cut(feed, (ep_str){text.data, text.len}, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_int_equal(unit->n_groups, 600);
    assert_int_equal(unit->reasons.n, EP_MAX_REASONS_PER_RECORD);
    assert_int_equal(unit->reasons.n_dropped, 400 - EP_MAX_REASONS_PER_RECORD);
    for (size_t i = 0; i < unit->n_groups; i++)
        assert_int_equal(unit->groups[i].rejected, i % 3 != 0);
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_buf_done(&text);
    ep_feed_free(&feed);
}

/* However many sellers a record has, the rows of each are one group. */
static void test_many_sellers(void **state) {
    (void)state;
    ep_error err = {0};
    ep_feed *feed = load(sale_feed, &err);
    ep_buf text = {0};
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    ep_buf_puts(&text, "{\"at\": \"2026-01-02T00:00:00Z\", \"items\": [");
    for (int i = 0; i < 300; i++)
        ep_buf_printf(&text, "%s{\"s\": \"s%d\", \"id\": %d, \"q\": 1}", i ? ", " : "", i % 100, i);
    ep_buf_puts(&text, "]}\n");
    assert_int_equal(test_cut(feed, (ep_str){text.data, text.len}, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_int_equal(unit->n_groups, 100);
    for (size_t row = 0; row < 300; row++) {
        char owner[16];
        snprintf(owner, sizeof owner, "s%zu", row % 100);
        assert_true(ep_str_is(unit->groups[unit->tables[0].group_of[row]].owner, owner));
    }
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_buf_done(&text);
    ep_feed_free(&feed);
}

/* A record that was cut out of its document maps the same when it comes back alone. */
static void test_cut_records_come_back(void **state) {
    (void)state;
    static const char text[] = "feed: doc\ndecode: {format: json}\nrecords: {each: \"$.list[*]\"}\n"
                               "emit:\n  - {contract: plain, fields: {a: x}}\n";
    ep_error err = {0};
    ep_feed *feed = load(text, &err);
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL, *again = NULL;
    ep_feed_meta meta = test_meta("");
    ep_str document = EP_STR("{\"list\": [\n {\"x\": 1},\n {\"x\": 2}]}");
    assert_int_equal(test_cut(feed, document, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &again, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_int_equal(unit->n_records, 2);
    const ep_raw *second = &unit->records[1].raw;
    assert_true(ep_str_is(second->raw, "{\"x\": 2}"));
    assert_int_equal(second->at.record, 1);
    assert_int_equal(second->at.line, 3);
    assert_int_equal(second->at.size_bytes, 8);
    assert_memory_equal(document.ptr + second->at.offset, second->raw.ptr, 8);
    ep_feed_runner_set_cut(runner, true);
    assert_int_equal(ep_feed_runner_run(runner, second, 1, &meta, again, &err), EP_OK);
    assert_int_equal(again->n_records, 1);
    assert_false(again->groups[0].rejected);
    assert_true(ep_str_is(again->tables[0].batch->columns[0].text[0], "2"));
    ep_unit_free(&again);
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_feed_free(&feed);
}

/* Columns that the warehouse adds stay absent. */
static void test_extra_columns_stay_absent(void **state) {
    (void)state;
    ep_error err = {0};
    ep_feed *feed = load(sale_feed, &err);
    const ep_contract *contract = ep_feed_target(feed, 0);
    ep_column_def columns[16];
    assert_true(contract->n_fields < 16);
    memcpy(columns, contract->schema.columns, contract->n_fields * sizeof(columns[0]));
    columns[contract->n_fields] = (ep_column_def){.name = "extra", .type = EP_T_INT};
    ep_schema schema = {columns, contract->n_fields + 1};
    ep_feed_schemas schemas = {&schema};
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    ep_str text =
        EP_STR("{\"at\": \"2026-01-02T00:00:00Z\", \"items\": [{\"s\": \"acme\", \"id\": 1, \"q\": 1}]}");
    assert_int_equal(test_cut(feed, text, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, &schemas, &unit, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_int_equal(unit->n_groups, 1);
    assert_false(unit->groups[0].rejected);
    assert_int_equal(ep_batch_get(unit->tables[0].batch, 0, contract->n_fields).state, EP_ABSENT);
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_feed_free(&feed);
}

/* The hash says what the mapping depends on: the feed's bytes and its code lists. */
static void test_hash(void **state) {
    (void)state;
    ep_error err = {0};
    ep_feed *a = load(sale_feed, &err), *b = load(sale_feed, &err);
    char other[512];
    snprintf(other, sizeof other, "%s# one more comment\n", sale_feed);
    ep_feed *c = load(other, &err);
    assert_string_equal(ep_feed_hash(a), ep_feed_hash(b));
    assert_string_not_equal(ep_feed_hash(a), ep_feed_hash(c));
    assert_int_equal(strlen(ep_feed_hash(a)), 64);
    assert_string_equal(ep_feed_name(a), "sale");
    assert_string_equal(ep_feed_description(a), "");
    assert_int_equal(ep_feed_delivery(a), EP_D_APPEND);
    assert_true(ep_feed_keeps_archive(a));
    assert_false(ep_feed_needs_occurrence(a));
    assert_null(ep_feed_source_glob(a));
    assert_int_equal(ep_feed_n_targets(a), 1);
    assert_string_equal(ep_feed_target(a, 0)->name, "sale");
    assert_null(ep_feed_target(a, 1));
    ep_feed_free(&a);
    ep_feed_free(&a);
    ep_feed_free(&b);
    ep_feed_free(&c);
}

static void test_reasons_hold_no_values(void **state) {
    (void)state;
    ep_error err = {0};
    ep_feed *feed = load(rich_feed, &err);
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    ep_str text = EP_STR(
        "{\"order\": \"zebra\", \"size\": \"zebra\", \"total\": \"zebra\", \"list\": \"zebra\", \"at\": \"zebra\", "
        "\"items\": [{\"s\": \"zebra zebra\", \"v\": \"zebras\", \"q\": \"zebra\", \"price\": \"zebra\", \"note\": \"zebra zebra\"}, \"zebra\"]}");
    assert_int_equal(test_cut(feed, text, &records, &err), EP_OK);
    assert_int_equal(test_runner(feed, &records, &runner, &err), EP_OK);
    assert_int_equal(ep_unit_new(feed, NULL, &unit, &err), EP_OK);
    assert_int_equal(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, &err), EP_OK);
    assert_true(unit->reasons.n >= 6);
    for (size_t i = 0; i < unit->reasons.n; i++)
        assert_null(strstr(unit->reasons.items[i].detail, "zebra"));
    ep_unit_free(&unit);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
    ep_feed_free(&feed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splitting_changes_nothing),
        cmocka_unit_test(test_groups_are_consecutive),
        cmocka_unit_test(test_lack_of_memory),
        cmocka_unit_test(test_reasons_beyond_the_limit_still_reject),
        cmocka_unit_test(test_many_sellers),
        cmocka_unit_test(test_cut_records_come_back),
        cmocka_unit_test(test_extra_columns_stay_absent),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_reasons_hold_no_values),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
