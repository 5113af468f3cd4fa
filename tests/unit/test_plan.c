#include "warehouse/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "warehouse_fixture.h"

#define CUSTOM(name, value) "{property: entrepot." name ", value: " value "}"
#define FIELD(name, type)   "      - {name: " name ", logicalType: " type "}\n"
#define KEY(name, at)      \
    "      - {name: " name \
    ", logicalType: string, required: true, primaryKey: true, primaryKeyPosition: " at "}\n"
#define OF_TYPE(name, type) \
    "      - {name: " name ", logicalType: string, customProperties: [" CUSTOM("history", type) "]}\n"

#define OFFER(more)                                                                                      \
    "  - name: dim_offer\n    customProperties: [" CUSTOM("kind", "dimension") ", " CUSTOM(              \
        "validTime", "changed_at") ", " CUSTOM("owner", "seller") "]\n    properties:\n" KEY("sku", "1") \
        KEY("seller", "2") FIELD("price", "integer") more OF_TYPE("first", "0") OF_TYPE("last", "1")     \
            OF_TYPE("old", "3") "      - {name: changed_at, logicalType: timestamp, required: true}\n"

#define SALE                                                                                                                                  \
    "  - name: fact_sale\n    customProperties: [" CUSTOM("kind", "transaction") ", " CUSTOM("validTime", "sold_at") ", " CUSTOM(             \
        "owner",                                                                                                                              \
        "seller") ", " CUSTOM("dedupe",                                                                                                       \
                              "[id]") "]\n"                                                                                                   \
                                      "    relationships: [{from: [fact_sale.sku, fact_sale.seller], to: [dim_offer.sku, dim_offer.seller], " \
                                      "customProperties: [" CUSTOM(                                                                           \
                                          "role",                                                                                             \
                                          "offer") "]}]\n    properties:\n"                                                                   \
                                                   "      - {name: id, logicalType: string, required: true}\n"                                \
                                                   "      - {name: seller, logicalType: string, required: true}\n" FIELD(                     \
                                                       "sku",                                                                                 \
                                                       "string") "      - {name: sold_at, logicalType: timestamp, required: true}\n"

static ep_warehouse *w;

static const ep_table *plan_of(const char *datasets, const char *table) {
    ep_warehouse_close(&w);
    write_contract("c", datasets);
    w = open_files();
    const ep_table *t = ep_plan_find(w->plan, table);
    assert_non_null(t);
    return t;
}

static int finish(void **state) {
    ep_warehouse_close(&w);
    return remove_folder(state);
}

static void assert_list(const ep_sql_list *list, const char *expected) {
    char text[500] = "";
    for (size_t i = 0; i < list->n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", list->items[i].name);
    assert_string_equal(text, expected);
}

static int64_t bit_of(const ep_table *t, const char *field) {
    int f = ep_contract_field_index(t->contract, ep_str_from(field));
    assert_true(f >= 0);
    return t->bit[f];
}

static void columns_are_listed_by_history_type(void **state) {
    (void)state;
    const ep_table *t = plan_of(OFFER(""), "dim_offer");
    assert_true(t->versions && t->keyed && t->fed && !t->personal);
    assert_string_equal(t->key_column, "offer_key");
    assert_list(&t->type0, "first");
    assert_list(&t->type1, "last");
    assert_list(&t->type2, "price");
    assert_list(&t->type3, "old");
    assert_list(&t->attributes, "price first last old");
    assert_list(&t->carried, "price last old");
    assert_list(&t->stored, "sku seller price first last old");
}

static void the_owner_is_first_in_the_key(void **state) {
    (void)state;
    const ep_table *t = plan_of(OFFER(""), "dim_offer");
    assert_int_equal(t->contract->n_key, 2);
    assert_string_equal(t->contract->fields[t->contract->key[0]].name, "seller");
    assert_string_equal(t->contract->fields[t->contract->key[1]].name, "sku");
}

static void a_new_column_takes_no_bit_of_another(void **state) {
    (void)state;
    const char *const names[] = {"price", "first", "last", "old"};
    ep_known_bit known[4];
    const ep_table *t = plan_of(OFFER(""), "dim_offer");
    int64_t all = 0;
    for (size_t i = 0; i < 4; i++) {
        known[i] = (ep_known_bit){"dim_offer", names[i], bit_of(t, names[i])};
        assert_int_equal(all & known[i].bit, 0);
        all |= known[i].bit;
    }
    assert_int_equal(t->full, all);
    assert_int_equal(bit_of(t, "sku") | bit_of(t, "seller") | bit_of(t, "changed_at"), 0);

    ep_plan *plan = NULL;
    (void)plan_of(OFFER(FIELD("colour", "string")), "dim_offer");
    must(ep_plan_new(w->contracts, known, 4, false, &plan, err));
    t = ep_plan_find(plan, "dim_offer");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(bit_of(t, names[i]), known[i].bit);
    assert_true(bit_of(t, "colour") != 0 && !(bit_of(t, "colour") & all));
    assert_int_equal(t->full, all | bit_of(t, "colour"));
    ep_plan_free(&plan);
    ep_plan_free(&plan);
}

static void a_fact_links_to_its_parent_in_the_order_of_the_parents_key(void **state) {
    (void)state;
    const ep_table *t = plan_of(OFFER("") SALE, "fact_sale");
    assert_int_equal(t->n_links, 1);
    const ep_link *link = &t->links[0];
    assert_ptr_equal(link->table, ep_plan_find(w->plan, "dim_offer"));
    assert_string_equal(link->key_column, "offer_key");
    assert_string_equal(link->from_column, "offer_from");
    assert_int_equal(link->n_from, 2);
    assert_string_equal(t->contract->fields[link->from[0]].name, "seller");
    assert_string_equal(t->contract->fields[link->from[1]].name, "sku");
    assert_null(t->key_column);
    assert_list(&t->identity, "id seller sold_at");
    assert_list(&t->roles, "offer_from");
}

static void on_several_nodes_merges_read_what_was_fetched(void **state) {
    (void)state;
    ep_plan *plan = NULL;
    const ep_table *t = plan_of(OFFER("") SALE, "fact_sale");
    assert_string_equal(t->there, "fact_sale");
    assert_string_equal(ep_plan_find(w->plan, "dim_offer")->there_log, "log.dim_offer");
    assert_non_null(strstr(t->binds.items[0].sql, "left join dim_offer "));
    must(ep_plan_new(w->contracts, NULL, 0, true, &plan, err));
    t = ep_plan_find(plan, "fact_sale");
    assert_string_equal(t->there, "near_fact_sale");
    assert_string_equal(ep_plan_find(plan, "dim_offer")->there_log, "near_log_dim_offer");
    assert_non_null(strstr(t->binds.items[0].sql, "left join near_offer_from "));
    assert_string_equal(t->name, "fact_sale");
    ep_plan_free(&plan);
}

static void the_stage_has_system_columns_behind_the_contracts(void **state) {
    (void)state;
    const ep_table *t = plan_of(OFFER("") SALE, "fact_sale");
    const char *const names[] = {"id",       "seller",  "sku",      "sold_at",  "_row",
                                 "_load_id", "_record", "_group",   "_key",     "_at",
                                 "_seq",     "_hash",   "_present", "_deleted", "offer_key"};
    assert_int_equal(t->stage.n_columns, N_OF(names));
    for (size_t i = 0; i < N_OF(names); i++)
        assert_string_equal(t->stage.columns[i].name, names[i]);
    assert_int_equal(t->c_row, 4);
    assert_int_equal(t->c_deleted, 13);
    assert_int_equal(t->stage.columns[t->c_deleted].type, EP_T_BOOL);
    assert_int_equal(t->stage.columns[t->c_at].type, EP_T_TIMESTAMP);
    assert_int_equal(t->links[0].stage_column, 14);
}

static ep_code plan_with_attributes(int n, ep_error *err) {
    char text[8192];
    int len = snprintf(text, sizeof text,
                       "  - name: t\n    customProperties: [" CUSTOM(
                           "kind", "reference") "]\n    properties:\n" KEY("id", "1"));
    for (int i = 0; i < n; i++)
        len +=
            snprintf(text + len, sizeof text - (size_t)len, "      - {name: a%d, logicalType: string}\n", i);
    ep_warehouse_close(&w);
    write_contract("c", text);
    return ep_warehouse_open(folder, EP_OPEN_FILES, &w, err);
}

static void there_is_room_for_62_attributes(void **state) {
    (void)state;
    must(plan_with_attributes(62, err));
    assert_int_equal(ep_plan_find(w->plan, "t")->full, (INT64_C(1) << 62) - 1);
    must_fail(EP_E_CONFIG, plan_with_attributes(63, err));
    assert_string_equal(last_error.field, "a62");
    assert_non_null(strstr(last_error.text, "more than 62 attributes"));
}

/* What planning says when its n-th allocation fails, and all after it or it alone. */
static ep_code plan_failing(int64_t n, bool once) {
    ep_plan *plan = NULL;
    ep_error err = {0};
    assert_true(n < 10000);
    ep_mem_fail_process_after(n, once);
    ep_code code = ep_plan_new(w->contracts, NULL, 0, false, &plan, &err);
    ep_mem_fail_process_after(0, false);
    assert_int_equal(err.code, code);
    assert_int_equal(plan != NULL, code == EP_OK);
    ep_plan_free(&plan);
    return code;
}

static void planning_without_memory_is_an_ordinary_error(void **state) {
    (void)state;
    (void)plan_of(OFFER("") SALE, "fact_sale");
    ep_code code = EP_E_NOMEM;
    for (int64_t n = 1; code == EP_E_NOMEM; n++)
        code = plan_failing(n, false);
    assert_int_equal(code, EP_OK);
}

/* With memory again for all that follows, a piece of the plan that is missing would go unseen. */
static void no_piece_of_a_plan_may_be_missing(void **state) {
    (void)state;
    (void)plan_of(OFFER("") SALE, "fact_sale");
    int64_t n_allocations = 0;
    for (ep_code code = EP_E_NOMEM; code == EP_E_NOMEM; n_allocations++)
        code = plan_failing(n_allocations + 1, false);
    for (int64_t n = 1; n < n_allocations; n++)
        if (plan_failing(n, true) != EP_E_NOMEM)
            fail_msg("nobody saw that allocation %" PRId64 " of %" PRId64 " failed", n, n_allocations - 1);
}

static void opening_without_memory_is_an_ordinary_error(void **state) {
    (void)state;
    (void)plan_of(OFFER("") SALE, "fact_sale");
    ep_code code = EP_E_NOMEM;
    for (int64_t n = 1; code == EP_E_NOMEM; n++) {
        ep_warehouse *one = NULL;
        ep_error err = {0};
        assert_true(n < 100000);
        ep_mem_fail_after(n);
        code = ep_warehouse_open(folder, EP_OPEN_FILES, &one, &err);
        ep_mem_fail_after(0);
        if (err.code != code)
            fail_msg("allocation %" PRId64 ": %s, the error says %s", n, ep_code_name(code),
                     ep_code_name(err.code));
        ep_warehouse_close(&one);
    }
    assert_int_equal(code, EP_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_listed_by_history_type),
        cmocka_unit_test(the_owner_is_first_in_the_key),
        cmocka_unit_test(a_new_column_takes_no_bit_of_another),
        cmocka_unit_test(a_fact_links_to_its_parent_in_the_order_of_the_parents_key),
        cmocka_unit_test(on_several_nodes_merges_read_what_was_fetched),
        cmocka_unit_test(the_stage_has_system_columns_behind_the_contracts),
        cmocka_unit_test(there_is_room_for_62_attributes),
        cmocka_unit_test(planning_without_memory_is_an_ordinary_error),
        cmocka_unit_test(no_piece_of_a_plan_may_be_missing),
        cmocka_unit_test(opening_without_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, make_warehouse_folder, finish);
}
