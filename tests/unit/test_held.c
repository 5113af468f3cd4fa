/* Rows held in memory: which are alone, which are doubled, which the merges in SQL have to look at; and that each ends in one place. */
#include "warehouse/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <unistd.h>

#include "warehouse_fixture.h"

enum { ID, AT, NOTE, SHOP };
enum { UNIT_NO = 7 };

static ep_warehouse *w;
static const ep_table *hit;

static int open_definitions(void **state) {
    if (make_warehouse_folder(state) != 0)
        return -1;
    write_contract(
        "c",
        "  - name: dim_shop\n    customProperties: [{property: entrepot.kind, value: reference}]\n"
        "    properties:\n"
        "      - {name: shop, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1}\n"
        "  - name: fact_hit\n    customProperties:\n"
        "      - {property: entrepot.kind, value: transaction}\n"
        "      - {property: entrepot.validTime, value: at}\n"
        "      - {property: entrepot.dedupe, value: [id]}\n"
        "    properties:\n"
        "      - {name: id, logicalType: string}\n"
        "      - {name: at, logicalType: timestamp, required: true}\n"
        "      - {name: note, logicalType: string}\n"
        "      - {name: shop, logicalType: string, relationships: [{to: dim_shop.shop}]}\n");
    w = open_files();
    hit = ep_plan_find(w->plan, "fact_hit");
    assert_non_null(hit);
    return 0;
}

static int close_definitions(void **state) {
    ep_warehouse_close(&w);
    return remove_folder(state);
}

typedef struct hit_row {
    const char *id; /* NULL: missing */
    int64_t at;
    const char *note, *shop;
} hit_row;

/* A stamped batch as the pipeline makes it; content is told apart by the note alone here. */
static ep_batch *make_batch(const hit_row *rows, size_t n, int64_t unit_no) {
    ep_batch *batch = NULL;
    must(ep_batch_new(&hit->stage, n, &batch, err));
    for (size_t i = 0; i < n; i++) {
        must(ep_batch_add_row(batch, err));
        if (rows[i].id)
            ep_batch_set_text(batch, i, ID, ep_str_from(rows[i].id));
        ep_batch_set_i64(batch, i, AT, rows[i].at);
        ep_batch_set_text(batch, i, NOTE, ep_str_from(rows[i].note));
        if (rows[i].shop) {
            ep_batch_set_text(batch, i, SHOP, ep_str_from(rows[i].shop));
            ep_batch_set_i64(batch, i, (size_t)hit->links[0].stage_column, rows[i].shop[0]);
        }
        ep_batch_set_i64(batch, i, (size_t)hit->c_row, unit_no << 32 | (int64_t)i);
        ep_batch_set_i64(batch, i, (size_t)hit->c_at, rows[i].at);
        ep_batch_set_i64(batch, i, (size_t)hit->c_seq, 0);
        ep_batch_set_i64(batch, i, (size_t)hit->c_hash, rows[i].note[0]);
    }
    ep_batch_seal(batch);
    return batch;
}

/* Adds all rows as one part; returns how many were duplicates. */
static size_t add_all(ep_held *held, const ep_batch *batch) {
    size_t n_duplicates = 0;
    must(ep_held_part_begin(held, batch, err));
    for (uint32_t row = 0; row < batch->n_rows; row++) {
        ep_held_verdict verdict;
        must(ep_held_add(held, row, &verdict, err));
        n_duplicates += verdict == EP_HELD_DUPLICATE;
    }
    return n_duplicates;
}

static void expect(const hit_row *rows, size_t n, size_t n_held, size_t n_staged, size_t n_duplicates) {
    ep_held held;
    ep_batch *batch = make_batch(rows, n, UNIT_NO);
    must(ep_held_init(&held, hit, err));
    for (int round = 0; round < 2; round++) { /* a reset leaves nothing behind */
        assert_int_equal(add_all(&held, batch), n_duplicates);
        assert_int_equal(held.n_rows, n_held);
        assert_int_equal(held.n_staged, n_staged);
        ep_held_restart(&held, INT64_MIN);
    }
    ep_held_done(&held);
    ep_held_done(&held);
    ep_batch_free(&batch);
}

static void a_row_that_is_alone_is_held(void **state) {
    (void)state;
    expect((hit_row[]){{"a", 1, "x", NULL}, {"b", 1, "x", NULL}}, 2, 2, 0, 0);
    /* The same id at another time is another identity. */
    expect((hit_row[]){{"a", 1, "x", NULL}, {"a", 2, "x", NULL}}, 2, 2, 0, 0);
}

static void the_same_again_is_a_duplicate(void **state) {
    (void)state;
    expect((hit_row[]){{"a", 1, "x", NULL}, {"b", 1, "x", NULL}, {"a", 1, "x", NULL}, {"a", 1, "x", NULL}}, 4,
           2, 0, 2);
}

static void rivals_are_set_apart_together(void **state) {
    (void)state;
    expect((hit_row[]){{"a", 1, "x", NULL}, {"b", 1, "x", NULL}, {"a", 1, "y", NULL}}, 3, 1, 2, 0);
    /* Whatever comes after them is for the merge, too. */
    expect((hit_row[]){{"a", 1, "x", NULL}, {"a", 1, "y", NULL}, {"a", 1, "x", NULL}}, 3, 0, 3, 0);
}

static void an_identity_with_a_hole_is_for_the_merge(void **state) {
    (void)state;
    expect((hit_row[]){{NULL, 1, "x", NULL}, {NULL, 1, "x", NULL}, {"a", 1, "x", NULL}}, 3, 1, 2, 0);
}

static ep_store *open_staging(int n_threads) {
    ep_store *store = NULL;
    must(ep_store_open(&(ep_store_options){.location = "", .n_threads = n_threads}, &store, err));
    EP_CLEANUP(ep_buf_done) ep_buf columns = {0};
    for (size_t c = 0; c < hit->stage.n_columns; c++) {
        ep_buf_printf(&columns, "%s\"%s\" ", c ? ", " : "", hit->stage.columns[c].name);
        ep_store_put_type(store, &hit->stage.columns[c], &columns);
    }
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_printf(&sql,
                  "create temp table stage_fact_hit (%s); create table target (id varchar, note varchar)",
                  columns.data);
    must(ep_store_exec(store, sql.data, err));
    return store;
}

static void each_row_ends_in_one_place(void **state) {
    (void)state;
    enum { N = 5000 };
    static char ids[N][8];
    static hit_row rows[N];
    for (size_t i = 0; i < N; i++) {
        snprintf(ids[i], sizeof ids[i], "%zu", i % 4000);
        rows[i] = (hit_row){ids[i], (int64_t)(i % 4000), i >= 4500 ? "y" : "x", i % 3 ? "s" : "t"};
    }
    ep_store *store = open_staging(2);
    ep_batch *first = make_batch(rows, 2000, UNIT_NO), *second = make_batch(rows + 2000, 3000, UNIT_NO + 1);
    ep_held held;
    must(ep_held_init(&held, hit, err));
    /* 4000 to 4499 repeat the first 500; 4500 to 4999 have the identities of 500 to 999 with another note. */
    assert_int_equal(add_all(&held, first) + add_all(&held, second), 500);
    assert_int_equal(held.n_rows, 3500);
    assert_int_equal(held.n_staged, 1000);

    must(ep_held_probe(&held, store, 99, err));
    assert_int_equal(get_int(store, "select count(*) from probe_fact_hit"), 100);
    must(ep_held_set_apart(&held, (int64_t)UNIT_NO << 32 | 17, err));
    must(ep_held_set_apart(&held, (int64_t)(UNIT_NO + 1) << 32 | 1500, err));
    must_fail(EP_E_BUG, ep_held_set_apart(&held, (int64_t)UNIT_NO << 32 | 99999, err));

    must(ep_held_put_parents(&held, store, 0, err));
    assert_int_equal(get_int(store, "select count(*) from parents_fact_hit_0"), 2);
    must(ep_held_drop_parents(hit, store, 0, err));

    int64_t n_staged;
    must(ep_held_stage(&held, store, &n_staged, err));
    assert_int_equal(n_staged, 1002);
    must(ep_held_insert(&held, store, "insert into target select id, note from ep_stream()", NULL, err));
    assert_int_equal(get_int(store, "select count(*) from target"), 3498);
    assert_int_equal(get_int(store, "select count(distinct id) from target"), 3498);
    assert_int_equal(get_int(store, "select count(*) from target t join stage_fact_hit s on s.id = t.id"), 0);
    assert_int_equal(get_int(store, "select count(*) from stage_fact_hit where id in ('17', '3500')"), 2);
    ep_held_done(&held);
    ep_batch_free(&first);
    ep_batch_free(&second);
    ep_store_close(&store);
}

/* What is set apart before it was sent does not go; what is afterwards, the caller deletes. */
static void rows_sent_ahead_are_inserted_from_there(void **state) {
    (void)state;
    const hit_row rows[] = {{"a", 1, "x", "s"}, {"b", 1, "x", "t"}, {"c", 1, "x", "s"}, {"b", 1, "y", "s"}};
    const char *insert = "insert into target select id, note from held_fact_hit";
    ep_store *store = open_staging(2);
    ep_batch *batch = make_batch(rows, N_OF(rows), UNIT_NO);
    ep_held held;
    must(ep_held_init(&held, hit, err));
    assert_int_equal(add_all(&held, batch), 0);
    must(ep_held_send(&held, store, err));
    assert_int_equal(get_int(store, "select count(*) from held_fact_hit where id in ('a', 'c')"), 2);
    assert_int_equal(get_int(store, "select count(*) from held_fact_hit"), 2);
    must(ep_held_set_apart(&held, (int64_t)UNIT_NO << 32 | 2, err));
    must(ep_store_begin(store, err));
    must_fail(EP_E_BUG, ep_held_insert(&held, store, insert, NULL, err)); /* c was not deleted */
    ep_store_rollback(store);
    must(ep_store_exec(store, "delete from held_fact_hit where id = 'c'", err));
    must(ep_held_insert(&held, store, insert, NULL, err));
    assert_int_equal(get_int(store, "select count(*) from target where id = 'a'"), 1);
    assert_int_equal(get_int(store, "select count(*) from target"), 1);
    must_fail(EP_E_STORE, ep_store_exec(store, "drop table held_fact_hit", err));
    ep_held_reset(&held);
    assert_false(held.sent);
    ep_held_done(&held);
    ep_batch_free(&batch);
    ep_store_close(&store);
}

/* A unit whose rows were all refused leaves its part empty. */
static void parts_without_rows_hide_none(void **state) {
    (void)state;
    static const hit_row rows[][1] = {{{"a", 1, "x", NULL}}, {{"b", 2, "x", NULL}}};
    ep_batch *batches[] = {make_batch(rows[0], 1, UNIT_NO), make_batch(rows[1], 1, UNIT_NO + 3)};
    ep_held held;
    must(ep_held_init(&held, hit, err));
    for (size_t part = 0; part < 5; part++) {
        if (part == 0 || part == 3)
            assert_int_equal(add_all(&held, batches[part / 3]), 0);
        else
            must(ep_held_part_begin(&held, batches[0], err));
    }
    must(ep_held_set_apart(&held, (int64_t)(UNIT_NO + 3) << 32, err));
    must(ep_held_set_apart(&held, (int64_t)UNIT_NO << 32, err));
    assert_int_equal(held.n_rows, 0);
    assert_int_equal(held.n_staged, 2);
    ep_held_done(&held);
    ep_batch_free(&batches[0]);
    ep_batch_free(&batches[1]);
}

#define KEEPS_ORDER "select current_setting('preserve_insertion_order')::int"

/* Identities of the transaction before are known up to a time, those of the one before that are not. */
static void the_transaction_before_is_known(void **state) {
    (void)state;
    const hit_row first[] = {{"a", 5, "x", NULL}, {"b", 6, "x", NULL}, {"c", 9, "x", NULL}};
    const hit_row second[] = {{"a", 5, "x", NULL},
                              {"a", 5, "x", NULL},
                              {"b", 6, "y", NULL},
                              {"c", 9, "x", NULL},
                              {"d", 5, "x", NULL}};
    ep_batch *one = make_batch(first, 3, UNIT_NO), *two = make_batch(second, 5, UNIT_NO + 1);
    ep_held held;
    must(ep_held_init(&held, hit, err));
    add_all(&held, one);
    ep_held_restart(&held, 8);
    assert_int_equal(add_all(&held, two), 0);
    assert_int_equal(held.n_staged, 3); /* a twice, and b's rival; c is later than what was asked for */
    assert_int_equal(held.n_rows, 2);
    ep_held_restart(&held, 20);
    assert_int_equal(add_all(&held, one), 0); /* all of them came again in the second */
    assert_int_equal(held.n_staged, 3);
    ep_held_restart(&held, 20);
    ep_held_restart(&held, 20);
    add_all(&held, one);
    assert_int_equal(held.n_staged, 0);
    add_all(&held, two);
    ep_held_restart(&held, INT64_MIN);
    add_all(&held, one);
    assert_int_equal(held.n_staged, 0);
    ep_held_done(&held);
    ep_batch_free(&one);
    ep_batch_free(&two);
}

/* Batches that come while the insert runs. */
typedef struct coming {
    ep_held *held;
    ep_batch *const *batches;
    size_t n, next;
    const ep_batch *done[4];
    size_t n_done;
    ep_store *beside; /* another connection */
    int64_t ordered;  /* what it saw of the engine's promise of order */
} coming;

static ep_code one_more(void *context, bool *ret_more, ep_error *err) {
    coming *c = context;
    ep_held_verdict verdict;
    *ret_more = c->next < c->n;
    c->ordered = get_int(c->beside, KEEPS_ORDER);
    if (!*ret_more)
        return EP_OK;
    const ep_batch *batch = c->batches[c->next++];
    EP_TRY(ep_held_part_begin(c->held, batch, err));
    for (uint32_t row = 0; row < batch->n_rows; row++)
        EP_TRY(ep_held_add(c->held, row, &verdict, err));
    return EP_OK;
}

static void one_done(void *context, const ep_batch *batch) {
    coming *c = context;
    c->done[c->n_done++] = batch;
}

static bool never_enough(void *context) {
    (void)context;
    return false;
}

/* Of what comes while an insert runs, it takes what is alone; a part that the table may know ends it. */
static void an_insert_goes_on_with_what_comes(void **state) {
    (void)state;
    const hit_row first[] = {{"a", 5, "x", NULL}, {"b", 5, "x", NULL}};
    const hit_row again[] = {{"a", 5, "x", NULL}, {"c", 6, "x", NULL}, {"c", 6, "x", NULL}};
    const hit_row fresh[] = {{"d", 7, "x", NULL}, {"e", 7, "x", NULL}, {"e", 7, "y", NULL}};
    const hit_row old[] = {{"f", 8, "x", NULL}, {"g", 4, "x", NULL}};
    ep_batch *none = make_batch(first, 0, UNIT_NO + 1);
    ep_batch *batches[] = {make_batch(again, 3, UNIT_NO + 2), none, make_batch(fresh, 3, UNIT_NO + 3),
                           make_batch(old, 2, UNIT_NO + 4), make_batch(fresh, 3, UNIT_NO + 5)};
    ep_batch *start = make_batch(first, 2, UNIT_NO);
    ep_held held;
    int64_t n_staged;
    ep_store *store = open_staging(1); /* so that each batch is given back before the next one comes */
    must(ep_held_init(&held, hit, err));
    coming c = {.held = &held, .batches = batches, .n = 5};
    const ep_held_flow flow = {
        .context = &c, .more = one_more, .done = one_done, .enough = never_enough, .after = 4};
    const char *sql = "insert into target select id, note from ep_stream()";
    must(ep_store_share(store, &c.beside, err));
    add_all(&held, start);
    must(ep_held_insert(&held, store, sql, &flow, err));
    assert_text(store, "select string_agg(id, ' ' order by id) from target", "a b c d");
    /* The second has a row that is set apart, because the first was given back; the third has two rivals. */
    assert_int_equal(c.next, 4);
    assert_int_equal(c.n_done, 1);
    assert_ptr_equal(c.done[0], start);
    assert_int_equal(held.n_rows, 2);
    must(ep_held_stage(&held, store, &n_staged, err));
    assert_int_equal(n_staged, 3);
    assert_text(store, "select string_agg(id || note, ' ' order by id, note) from stage_fact_hit",
                "ax ex ey");
    must(ep_held_probe(&held, store, 4, err));
    assert_text(store, "select string_agg(id, ' ') from probe_fact_hit", "g");
    must(ep_held_insert(&held, store, sql, NULL, err));
    assert_text(store, "select string_agg(id, ' ' order by id) from target", "a b c d f g");
    assert_int_equal(held.n_rows, 0);
    /* In the next slice all of them are still known. */
    ep_held_reset(&held);
    assert_int_equal(add_all(&held, batches[3]), 0);
    assert_int_equal(held.n_rows, 0);
    assert_int_equal(held.n_staged, 2);
    ep_held_done(&held);
    for (size_t i = 0; i < 5; i++)
        ep_batch_free(&batches[i]);
    ep_batch_free(&start);
    ep_store_close(&c.beside);
    ep_store_close(&store);
}

/* The engine's threads insert side by side as long as rows may come, and no longer. */
static void an_insert_that_goes_on_gives_up_order(void **state) {
    (void)state;
    const hit_row rows[] = {{"a", 5, "x", NULL}, {"b", 6, "x", NULL}, {"c", 7, "x", NULL}};
    ep_batch *batches[] = {make_batch(rows, 1, UNIT_NO), make_batch(rows + 1, 1, UNIT_NO + 1),
                           make_batch(rows + 2, 1, UNIT_NO + 2)};
    ep_held held;
    ep_store *store = open_staging(2);
    must(ep_held_init(&held, hit, err));
    coming c = {.held = &held, .batches = batches + 1, .n = 2, .ordered = 1};
    const ep_held_flow flow = {
        .context = &c, .more = one_more, .done = one_done, .enough = never_enough, .after = 4};
    must(ep_store_share(store, &c.beside, err));
    add_all(&held, batches[0]);
    must(ep_held_insert(&held, store, "insert into target select id, note from ep_stream()", &flow, err));
    assert_int_equal(c.ordered, 0);
    assert_int_equal(get_int(store, KEEPS_ORDER), 1);
    assert_text(store, "select string_agg(id, ' ' order by id) from target", "a b c");
    assert_int_equal(c.n_done, 3);
    ep_held_done(&held);
    for (size_t i = 0; i < N_OF(batches); i++)
        ep_batch_free(&batches[i]);
    ep_store_close(&c.beside);
    ep_store_close(&store);
}

static int64_t ask_engine(ep_open_mode mode, const char *sql) {
    ep_warehouse *opened = NULL;
    must(ep_warehouse_open(folder, mode, &opened, err));
    int64_t n = get_int(opened->store, sql);
    ep_warehouse_close(&opened);
    return n;
}

static int64_t engine_threads(ep_open_mode mode) {
    return ask_engine(mode, "select current_setting('threads')::int");
}

static void what_reads_has_a_memory_limit_of_its_own(void **state) {
    (void)state;
    const char *sql =
        "select (current_setting('memory_limit') = '100.0 MiB')::int + 2 * (current_setting('memory_limit') = '300.0 MiB')::int";
    write_text("entrepot.yaml", "memory_limit_mb: 100\nquery_memory_limit_mb: 300\n");
    assert_int_equal(ask_engine(EP_OPEN_WRITE, sql), 1);
    assert_int_equal(ask_engine(EP_OPEN_READ, sql), 2);
}

/* Many statements over few rows each: threads of the engine would only hold those rows twice. Readers scan large tables. */
static void one_thread_merges_where_a_feed_fills_several_tables(void **state) {
    (void)state;
    int64_t n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    write_contract("p", "  - name: fact_ping\n    customProperties:\n"
                        "      - {property: entrepot.kind, value: transaction}\n"
                        "      - {property: entrepot.validTime, value: at}\n"
                        "      - {property: entrepot.dedupe, value: [id]}\n"
                        "    properties:\n"
                        "      - {name: id, logicalType: string, required: true}\n"
                        "      - {name: at, logicalType: timestamp, required: true}\n");
    write_text("feeds/one.yaml", "feed: one\ndelivery: upsert\ndecode: {format: jsonl}\n"
                                 "emit: [{contract: fact_ping, fields: {id: id, at: at}}]\n");
    assert_int_equal(engine_threads(EP_OPEN_WRITE), n_cores);
    write_text("feeds/both.yaml",
               "feed: both\ndelivery: upsert\ndecode: {format: jsonl}\n"
               "emit:\n  - {contract: fact_ping, fields: {id: id, at: at}}\n"
               "  - {contract: fact_hit, fields: {id: id, at: at, note: note, shop: shop}}\n");
    assert_int_equal(engine_threads(EP_OPEN_WRITE), 1);
    assert_int_equal(engine_threads(EP_OPEN_READ), n_cores);
}

static void full_memory_is_an_error(void **state) {
    (void)state;
    const hit_row rows[] = {{"a", 1, "x", "s"}, {"b", 1, "x", "t"}, {"a", 1, "y", "s"}};
    ep_batch *batch = make_batch(rows, N_OF(rows), UNIT_NO);
    for (int64_t n = 1;; n++) {
        ep_held held = {0};
        ep_error err = {0};
        ep_held_verdict verdict;
        ep_mem_fail_after(n);
        ep_code code = ep_held_init(&held, hit, &err);
        if (code == EP_OK)
            code = ep_held_part_begin(&held, batch, &err);
        for (uint32_t row = 0; code == EP_OK && row < batch->n_rows; row++)
            code = ep_held_add(&held, row, &verdict, &err);
        ep_mem_fail_after(0);
        ep_held_done(&held);
        if (code == EP_OK)
            break;
        assert_int_equal(code, EP_E_NOMEM);
        assert_in_range(n, 1, 100);
    }
    ep_batch_free(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_is_alone_is_held),
        cmocka_unit_test(the_same_again_is_a_duplicate),
        cmocka_unit_test(rivals_are_set_apart_together),
        cmocka_unit_test(an_identity_with_a_hole_is_for_the_merge),
        cmocka_unit_test(each_row_ends_in_one_place),
        cmocka_unit_test(rows_sent_ahead_are_inserted_from_there),
        cmocka_unit_test(parts_without_rows_hide_none),
        cmocka_unit_test(the_transaction_before_is_known),
        cmocka_unit_test(an_insert_that_goes_on_gives_up_order),
        cmocka_unit_test(an_insert_goes_on_with_what_comes),
        cmocka_unit_test(what_reads_has_a_memory_limit_of_its_own),
        cmocka_unit_test(one_thread_merges_where_a_feed_fills_several_tables),
        cmocka_unit_test(full_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, open_definitions, close_definitions);
}
