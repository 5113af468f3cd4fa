/* From YAML to the model of contract.h: tests/data/every_feature.odcs.yaml holds every feature once. */
#include "contract/contract.h"
#include "contract/yaml.h"

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ep_buf file;
static ep_contracts *contracts;

static int load(void **state) {
    char path[1024];
    const char *root = getenv("EP_ROOT"), *paths[] = {path};
    ep_error err = {0};
    ep_lints lints = {0};
    (void)state;
    snprintf(path, sizeof path, "%s/tests/data/every_feature.odcs.yaml", root ? root : ".");
    if (ep_read_file(path, 1 << 20, &file, &err) != EP_OK ||
        ep_contracts_load(paths, 1, true, &contracts, &lints, &err) != EP_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    ep_lints_done(&lints);
    return 0;
}

static int unload(void **state) {
    (void)state;
    ep_contracts_free(&contracts);
    ep_contracts_free(&contracts);
    ep_buf_done(&file);
    return 0;
}

static const ep_contract *find(const char *name) {
    const ep_contract *contract = ep_contracts_find(contracts, ep_str_from(name));
    assert_non_null(contract);
    return contract;
}

static const ep_contract_field *field(const ep_contract *contract, const char *name) {
    int at = ep_contract_field_index(contract, ep_str_from(name));
    assert_true(at >= 0);
    return &contract->fields[at];
}

static void test_set(void **state) {
    char hash[65];
    uint8_t digest[32];
    (void)state;
    assert_int_equal(contracts->n, 4);
    for (size_t i = 1; i < contracts->n; i++)
        assert_true(strcmp(contracts->items[i - 1]->name, contracts->items[i]->name) < 0);
    assert_null(ep_contracts_find(contracts, EP_STR("offer"))); /* its table is dim_offer */
    const ep_contract *c = find("fact_every");
    ep_sha256_of(file.data, file.len, digest);
    ep_hex(digest, 32, hash);
    assert_string_equal(c->hash, hash);
    assert_string_equal(c->version, "2.1.0");
    assert_string_equal(c->description, "One event of a kind that does not exist.");
    assert_int_equal(ep_contract_field_index(c, EP_STR("nothing")), -1);
}

static void test_lookup(void **state) {
    (void)state;
    const ep_contract *every = find("fact_every");
    assert_int_equal(every->n_lookup, 2);
    assert_string_equal(every->fields[every->lookup[0]].name, "sku");
    assert_string_equal(every->fields[every->lookup[1]].name, "seller_id");
    assert_string_equal(field(every, "sku")->lookup_value, "X");
    assert_string_equal(field(every, "seller_id")->lookup_value, "");
    assert_int_equal(find("dim_offer")->n_lookup, 0);
}

static void test_kinds_and_keys(void **state) {
    (void)state;
    const ep_contract *seller = find("dim_seller"), *offer = find("dim_offer"), *every = find("fact_every"),
                      *date = find("dim_date");
    assert_int_equal(seller->kind, EP_K_DIMENSION);
    assert_int_equal(seller->n_key, 1);
    assert_int_equal(seller->owner, -1);
    assert_string_equal(seller->purpose, "Contract with the seller");
    assert_string_equal(seller->retention, "P10Y");
    /* The owner goes first, although entrepot.key does not name it. */
    assert_int_equal(offer->n_key, 2);
    assert_string_equal(offer->fields[offer->key[0]].name, "seller_id");
    assert_string_equal(offer->fields[offer->key[1]].name, "sku");
    assert_int_equal(offer->fields[offer->key[1]].key_position, 2);
    assert_int_equal(offer->n_identity, 1);
    assert_int_equal(offer->owner, offer->key[0]);
    assert_string_equal(offer->fields[offer->sequence].name, "revision");
    assert_string_equal(offer->fields[offer->deleted].name, "gone");
    assert_int_equal(offer->bind_time, offer->valid_time);
    assert_int_equal(every->kind, EP_K_TRANSACTION);
    assert_int_equal(every->n_identity, 1);
    assert_string_equal(every->fields[every->identity[0]].name, "event_id");
    assert_string_equal(every->fields[every->valid_time].name, "at");
    assert_string_equal(every->fields[every->bind_time].name, "ordered_at");
    assert_string_equal(date->generated, "calendar");
    assert_true(date->is_public);
    assert_false(every->is_public);
}

static void test_types(void **state) {
    static const struct {
        const char *name;
        ep_type type;
        int precision, scale;
    } types[] = {
        {"event_id", EP_T_TEXT, 0, 0},   {"at", EP_T_TIMESTAMP, 0, 0},   {"due", EP_T_DATE, 0, 0},
        {"opens", EP_T_TIME, 0, 0},      {"quantity", EP_T_INT, 0, 0},   {"big", EP_T_DECIMAL, 20, 0},
        {"amount", EP_T_DECIMAL, 18, 4}, {"ratio", EP_T_DECIMAL, 38, 9}, {"flag", EP_T_BOOL, 0, 0},
        {"labels", EP_T_TEXT, 0, 0},     {"address", EP_T_TEXT, 0, 0},   {"extra", EP_T_TEXT, 0, 0},
        {"embedding", EP_T_TEXT, 0, 0},
    };
    const ep_contract *every = find("fact_every");
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const ep_column_def *column = &field(every, types[i].name)->column;
        assert_int_equal(column->type, types[i].type);
        assert_int_equal(column->precision, types[i].precision);
        assert_int_equal(column->scale, types[i].scale);
    }
    assert_int_equal(field(find("dim_offer"), "price")->column.precision, 12);
    assert_int_equal(every->schema.n_columns, every->n_fields);
    for (size_t i = 0; i < every->n_fields; i++)
        assert_string_equal(every->schema.columns[i].name, every->fields[i].name);
}

static void test_times(void **state) {
    const ep_contract *every = find("fact_every");
    (void)state;
    assert_int_equal(field(every, "at")->time_format, EP_TF_RFC3339);
    assert_null(field(every, "at")->zone);
    assert_int_equal(field(every, "ordered_at")->time_format, EP_TF_PATTERN);
    assert_string_equal(field(every, "ordered_at")->time_pattern, "yyyy-MM-dd HH:mm:ss");
    assert_ptr_equal(field(every, "ordered_at")->zone, ep_zone_find(EP_STR("Europe/Paris")));
    assert_string_equal(field(every, "due")->time_pattern, "dd/MM/yyyy");
    assert_int_equal(field(every, "day")->time_format, EP_TF_DATE);
    assert_int_equal(field(every, "day")->day_of, ep_contract_field_index(every, EP_STR("ordered_at")));
    assert_int_equal(field(every, "at")->day_of, -1);
}

static void test_properties(void **state) {
    const ep_contract *seller = find("dim_seller"), *every = find("fact_every");
    const ep_contract_field *mail = field(seller, "mail");
    (void)state;
    assert_true(mail->personal);
    assert_string_equal(mail->purpose, "Messages about the contract");
    assert_string_equal(mail->retention, "P3Y6M");
    assert_string_equal(mail->classification, "confidential");
    assert_string_equal(mail->description, "Whom to write to.");
    assert_int_equal(mail->history, EP_H_LAST);
    assert_int_equal(field(seller, "status")->history, EP_H_PREVIOUS);
    assert_int_equal(field(seller, "country")->history, EP_H_FIRST);
    assert_int_equal(field(seller, "changed_at")->history, EP_H_VERSIONS);
    assert_int_equal(field(every, "sku")->history, EP_H_LAST);
    assert_true(field(every, "total")->derived);
    assert_true(field(every, "reference")->unique);
    assert_true(field(every, "event_id")->required);
    assert_int_equal(field(every, "due")->n_examples, 1);
    assert_string_equal(field(every, "due")->examples[0], "24/12/2026");
    assert_true(field(every, "due")->line > 100);
}

static void test_parents(void **state) {
    const ep_contract *every = find("fact_every"), *offer = find("dim_offer");
    (void)state;
    assert_int_equal(every->n_parents, 2);
    const ep_parent *seller = &every->parents[0], *sold = &every->parents[1];
    assert_string_equal(seller->role, "seller");
    assert_string_equal(seller->contract, "dim_seller");
    assert_int_equal(seller->on_unknown, EP_U_INFERRED);
    assert_string_equal(sold->role, "sold");
    assert_string_equal(sold->contract, "dim_offer");
    assert_int_equal(sold->on_unknown, EP_U_WAIT);
    /* In the order of the parent's key, columns by their physical names. */
    assert_int_equal(sold->n, 2);
    assert_string_equal(sold->from[0], "seller_id");
    assert_string_equal(sold->to[0], "seller_id");
    assert_string_equal(sold->from[1], "sku");
    assert_string_equal(sold->to[1], "sku");
    assert_int_equal(offer->n_parents, 1);
    assert_string_equal(offer->parents[0].role, "seller");
    assert_int_equal(offer->parents[0].on_unknown, EP_U_QUARANTINE);
}

static const ep_set_rule *set_rule(const ep_contract *contract, const char *name) {
    for (size_t i = 0; i < contract->n_set_rules; i++)
        if (!strcmp(contract->set_rules[i].name, name))
            return &contract->set_rules[i];
    fail_msg("no set rule %s", name);
    return NULL;
}

static void test_set_rules(void **state) {
    const ep_contract *every = find("fact_every");
    (void)state;
    assert_int_equal(every->n_set_rules, 5);
    const ep_set_rule *size = set_rule(every, "size");
    assert_string_equal(size->metric, "rowCount");
    assert_string_equal(size->op, "mustBeBetween");
    assert_string_equal(size->low, "1");
    assert_string_equal(size->high, "1000000");
    assert_string_equal(size->field, "");
    const ep_set_rule *twins = set_rule(every, "no twins");
    assert_int_equal(twins->n_valid_values, 2);
    assert_string_equal(twins->valid_values[1], "at");
    assert_int_equal(twins->severity, EP_S_WARNING);
    assert_string_equal(set_rule(every, "totals")->metric, "sql");
    assert_non_null(strstr(set_rule(every, "totals")->query, "total < 0"));
    assert_string_equal(set_rule(every, "few duplicates")->unit, "percent");
    assert_string_equal(set_rule(every, "unique reference")->metric, "duplicateValues");
    assert_string_equal(set_rule(every, "unique reference")->low, "0");
}

/* Fails the 1st, 2nd, 3rd ... allocation until the load passes. */
static void test_lack_of_memory(void **state) {
    const char *name = "every.yaml";
    ep_str text = {file.data, file.len};
    int64_t n = 0;
    (void)state;
    for (ep_code code = EP_E_NOMEM; code != EP_OK;) {
        ep_lints lints = {0};
        ep_contracts *set = NULL;
        ep_error err = {0};
        ep_mem_fail_after(++n);
        code = ep_contracts_load_text(&name, &text, 1, true, &set, &lints, &err);
        ep_mem_fail_after(0);
        if (code != EP_OK && code != EP_E_NOMEM)
            fail_msg("allocation %lld: %s: %s", (long long)n, ep_code_name(code), err.text);
        assert_int_equal(set != NULL, code == EP_OK);
        ep_contracts_free(&set);
        ep_lints_done(&lints);
    }
    assert_true(n > 500);
}

static void test_docs(void **state) {
    static const char *const words[] = {
        "`entrepot.validTime`", "`nullValues`",         "`duplicate_key`", "`gtin`",
        "`exclusiveMinimum`",   "`semanticType` (3.2)", "### servers"};
    ep_buf docs = {0};
    (void)state;
    assert_int_equal(ep_contract_key_docs(&docs, NULL), EP_OK);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(docs.data, words[i]))
            fail_msg("the page lacks %s", words[i]);
    ep_buf_done(&docs);
}

static void test_missing_file(void **state) {
    const char *paths[] = {"/nonexistent/contract.yaml"};
    ep_lints lints = {0};
    ep_contracts *set = NULL;
    ep_error err = {0};
    (void)state;
    assert_int_equal(ep_contracts_load(paths, 1, true, &set, &lints, &err), EP_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/contract.yaml"));
    assert_null(set);
}

static void test_yaml_scalars(void **state) {
    static const struct {
        const char *text;
        ep_yaml_kind kind;
        const char *value;
    } cases[] = {
        {"1", EP_Y_INT, "1"},          {"\"1\"", EP_Y_TEXT, "1"},
        {"'1'", EP_Y_TEXT, "1"},       {"!!str 1", EP_Y_TEXT, "1"},
        {"+1", EP_Y_INT, "+1"},        {"-0", EP_Y_INT, "-0"},
        {"007", EP_Y_INT, "007"},      {"0x1f", EP_Y_INT, "31"},
        {"0o17", EP_Y_INT, "15"},      {"1.5", EP_Y_FLOAT, "1.5"},
        {".5", EP_Y_FLOAT, "0.5"},     {"5.", EP_Y_FLOAT, "5.0"},
        {"1e3", EP_Y_FLOAT, "1e3"},    {"-.5e1", EP_Y_FLOAT, "-0.5e1"},
        {".", EP_Y_TEXT, "."},         {"1e", EP_Y_TEXT, "1e"},
        {"1.2.3", EP_Y_TEXT, "1.2.3"}, {"2026-03-01", EP_Y_TEXT, "2026-03-01"},
        {"true", EP_Y_BOOL, "true"},   {"False", EP_Y_BOOL, "False"},
        {"yes", EP_Y_TEXT, "yes"},     {"on", EP_Y_TEXT, "on"},
        {"null", EP_Y_NULL, "null"},   {"~", EP_Y_NULL, "~"},
        {"", EP_Y_NULL, ""},           {"nil", EP_Y_TEXT, "nil"},
        {".inf", EP_Y_FLOAT, ".inf"},  {"1_000", EP_Y_TEXT, "1_000"},
        {"0xg", EP_Y_TEXT, "0xg"},     {"12:30", EP_Y_TEXT, "12:30"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[100];
        ep_yaml *yaml = NULL;
        ep_lints lints = {0};
        snprintf(text, sizeof text, "k: %s\n", cases[i].text);
        assert_int_equal(ep_yaml_parse("y", ep_str_from(text), &yaml, &lints, NULL), EP_OK);
        const ep_yaml_node *node = ep_yaml_get(ep_yaml_root(yaml), "k");
        assert_int_equal(node->kind, cases[i].kind);
        assert_string_equal(node->text.ptr, cases[i].value);
        ep_yaml_free(&yaml);
        ep_lints_done(&lints);
    }
}

static void test_yaml_large_map(void **state) {
    ep_buf text = {0};
    ep_yaml *yaml = NULL;
    ep_lints lints = {0};
    char key[20];
    (void)state;
    for (int i = 0; i < 1000; i++)
        ep_buf_printf(&text, "k%d: %d\n", (i * 7919) % 1000, i);
    assert_int_equal(ep_yaml_parse("y", (ep_str){text.data, text.len}, &yaml, &lints, NULL), EP_OK);
    const ep_yaml_node *root = ep_yaml_root(yaml);
    assert_int_equal(root->n, 1000);
    for (int i = 0; i < 1000; i++) {
        int64_t value;
        snprintf(key, sizeof key, "k%d", i);
        assert_true(ep_yaml_int(ep_yaml_get(root, key), &value));
        assert_int_equal((value * 7919) % 1000, i);
    }
    assert_null(ep_yaml_get(root, "k1000"));
    ep_yaml_free(&yaml);
    ep_buf_puts(&text, "k5: 0\n");
    assert_int_equal(ep_yaml_parse("y", (ep_str){text.data, text.len}, &yaml, &lints, NULL), EP_E_CONFIG);
    assert_string_equal(lints.items[0].code, "yaml_duplicate_key");
    assert_int_equal(lints.items[0].line, 1001);
    ep_lints_done(&lints);
    ep_buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_kinds_and_keys),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_set_rules),
        cmocka_unit_test(test_lack_of_memory),
        cmocka_unit_test(test_docs),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_yaml_scalars),
        cmocka_unit_test(test_yaml_large_map),
    };
    return cmocka_run_group_tests_name("contract_parse", tests, load, unload);
}
