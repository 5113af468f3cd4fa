#include "warehouse/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "feed_cases.h"
#include "warehouse_fixture.h"

static ep_warehouse *w;

static int open_definitions(void **state) {
    if (make_warehouse_folder(state) != 0)
        return -1;
    write_contract(
        "c",
        "  - name: pair\n    customProperties: [{property: entrepot.kind, value: reference}]\n"
        "    properties:\n"
        "      - {name: a, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}\n"
        "      - {name: b, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2}\n"
        "      - {name: text, logicalType: string}\n"
        "      - {name: flag, logicalType: boolean}\n"
        "      - {name: count, logicalType: integer}\n"
        "      - {name: amount, logicalType: number, physicalType: \"decimal(30,2)\"}\n"
        "      - {name: more, logicalType: string}\n"
        "  - name: person\n    customProperties: [{property: entrepot.kind, value: reference}]\n"
        "    properties:\n"
        "      - {name: a, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1,\n"
        "         customProperties: [{property: entrepot.personal, value: true}]}\n"
        "      - {name: b, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2}\n");
    write_text(
        "feeds/pair.yaml",
        "feed: pair\ndelivery: upsert\ndecode: {format: jsonl}\nemit:\n  - contract: pair\n"
        "    fields: {a: a, b: b, text: text, flag: flag, count: count, amount: amount, more: more}\n");
    w = open_files();
    return 0;
}

static int close_definitions(void **state) {
    ep_warehouse_close(&w);
    return remove_folder(state);
}

static int64_t key_of(const char *table, const char *a, const char *b) {
    const ep_value values[] = {ep_v_cstr(a), ep_v_cstr(b)};
    int64_t key = -1;
    must(ep_durable_key(w, ep_plan_find(w->plan, table), values, &key, err));
    assert_true(key >= 0);
    return key;
}

static void keys_depend_on_table_and_every_part(void **state) {
    (void)state;
    assert_int_equal(key_of("pair", "ab", "c"), key_of("pair", "ab", "c"));
    assert_int_not_equal(key_of("pair", "ab", "c"), key_of("pair", "a", "bc"));
    assert_int_not_equal(key_of("pair", "ab", ""), key_of("pair", "", "ab"));
    assert_int_not_equal(key_of("pair", "ab", "c"), key_of("person", "ab", "c"));
}

static void only_personal_keys_depend_on_the_secret(void **state) {
    (void)state;
    int64_t pair = key_of("pair", "a", "b"), person = key_of("person", "a", "b");
    w->secret[31] ^= 1;
    assert_int_equal(key_of("pair", "a", "b"), pair);
    assert_int_not_equal(key_of("person", "a", "b"), person);
    w->secret[31] ^= 1;
    assert_int_equal(key_of("person", "a", "b"), person);
}

/* Rows of records, stamped; `check` sees the batch. */
static void stamp(const char *text, void (*check)(const ep_table *t, const ep_batch *batch)) {
    const ep_feed *feed = ep_warehouse_feed(w, "pair");
    test_records records = {0};
    ep_feed_runner *runner = NULL;
    ep_feed_schemas schemas = {0};
    ep_stamper *stamper = NULL;
    ep_unit *unit = NULL;
    ep_feed_meta meta = test_meta("");
    must(test_cut(feed, ep_str_from(text), &records, err));
    must(test_runner(feed, &records, &runner, err));
    must(ep_stage_schemas(w, feed, &schemas, err));
    must(ep_unit_new(feed, &schemas, &unit, err));
    must(ep_feed_runner_run(runner, records.raws, records.n, &meta, unit, err));
    must(ep_stamper_new(w, feed, &stamper, err));
    must(ep_stamper_run(stamper, unit, 3, err));
    assert_int_equal(unit->reasons.n, 0);
    assert_int_equal(unit->tables[0].batch->n_rows, records.n);
    check(ep_plan_find(w->plan, "pair"), unit->tables[0].batch);
    ep_stamper_free(&stamper);
    ep_unit_free(&unit);
    ep_stage_schemas_done(&schemas);
    ep_feed_runner_free(&runner);
    test_records_done(&records);
}

static void check_contents(const ep_table *t, const ep_batch *batch) {
    const int64_t *hash = batch->columns[t->c_hash].i64;
    for (size_t i = 0; i < batch->n_rows; i++) {
        assert_int_equal(batch->columns[t->c_row].i64[i], INT64_C(3) << 32 | (int64_t)i);
        for (size_t k = 0; k < i; k++)
            if ((hash[i] == hash[k]) != (i == batch->n_rows - 1 && k == 0))
                fail_msg("rows %zu and %zu", k, i);
    }
}

static void content_changes_with_every_cell_and_its_state(void **state) {
    (void)state;
    stamp(
        "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"1\",\"b\":\"3\"}\n{\"a\":\"12\",\"b\":\"\"}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"text\":null}\n{\"a\":\"1\",\"b\":\"2\",\"text\":\"\"}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"text\":\"0\"}\n{\"a\":\"1\",\"b\":\"2\",\"flag\":null}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"flag\":false}\n{\"a\":\"1\",\"b\":\"2\",\"flag\":true}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"count\":0}\n{\"a\":\"1\",\"b\":\"2\",\"count\":1}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"amount\":0}\n{\"a\":\"1\",\"b\":\"2\",\"amount\":1234567890123456789012.34}\n"
        "{\"a\":\"1\",\"b\":\"2\",\"amount\":1234567890123456789012.35}\n{\"a\":\"1\",\"b\":\"2\",\"more\":\"0\"}\n"
        "{\"a\":\"1\",\"b\":\"2\"}\n",
        check_contents);
}

static void check_keys(const ep_table *t, const ep_batch *batch) {
    for (size_t i = 0; i < batch->n_rows; i++) {
        const ep_value values[] = {ep_batch_get(batch, i, 0), ep_batch_get(batch, i, 1)};
        int64_t key;
        must(ep_durable_key(w, t, values, &key, err));
        assert_int_equal(batch->columns[t->c_key].i64[i], key);
    }
}

/* More keys than the stamper remembers, each twice, and keys too long to be remembered. */
static void keys_are_the_same_whatever_is_remembered(void **state) {
    (void)state;
    ep_buf text = {0};
    for (int i = 0; i < 30000; i++)
        ep_buf_printf(&text, "{\"a\":\"%d\",\"b\":\"%0*d\"}\n", i % 10000, i % 7 == 0 ? 200 : 1, i % 3);
    assert_false(text.failed);
    stamp(text.data, check_keys);
    ep_buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_depend_on_table_and_every_part),
        cmocka_unit_test(only_personal_keys_depend_on_the_secret),
        cmocka_unit_test(content_changes_with_every_cell_and_its_state),
        cmocka_unit_test(keys_are_the_same_whatever_is_remembered),
    };
    return cmocka_run_group_tests(tests, open_definitions, close_definitions);
}
