/* The table tests/data/checks.txt is for everybody; here is what needs several rows, or no memory. */
#include "contract/contract.h"
#include "contract/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "apiVersion: v3.2.0\nkind: DataContract\nid: c\nversion: 1.0.0\n"
#define FIELDS                                                                                                             \
    "    properties: [{name: i, logicalType: integer}, {name: j, logicalType: integer}, {name: n, logicalType: number},\n" \
    "      {name: m, logicalType: number}, {name: s, logicalType: string}, {name: t, logicalType: string},\n"              \
    "      {name: d, logicalType: date}, {name: e, logicalType: date}, {name: at, logicalType: timestamp},\n"              \
    "      {name: to, logicalType: timestamp}, {name: b, logicalType: boolean}]\n"

static ep_contracts *load(const char *text) {
    const char *name = "c.yaml";
    ep_str view = ep_str_from(text);
    ep_contracts *contracts = NULL;
    ep_lints lints = {0};
    ep_error err = {0};
    if (ep_contracts_load_text(&name, &view, 1, false, &contracts, &lints, &err) != EP_OK)
        fail_msg("%s\n%s", err.text, text);
    ep_lints_done(&lints);
    return contracts;
}

/* Reads one cell as JSON would hand it over. Adds the reason to `codes`; true when it was read or is null. */
static bool read_cell(const ep_contract *contract, size_t field, const ep_yaml_node *node, ep_str raw,
                      ep_batch *batch, ep_buf *codes) {
    const char *detail = "";
    ep_raw_kind kind = EP_RAW_TEXT;
    ep_str text = node->text;
    switch (node->kind) {
    case EP_Y_NULL: ep_batch_set_null(batch, batch->n_rows - 1, field); return true;
    case EP_Y_BOOL: kind = EP_RAW_BOOL; break;
    case EP_Y_INT:
    case EP_Y_FLOAT: kind = EP_RAW_NUMBER; break;
    case EP_Y_LIST:
    case EP_Y_MAP:
        kind = EP_RAW_JSON;
        text = raw;
        break;
    default: break;
    }
    ep_reason_code code =
        ep_contract_read(contract, field, kind, text, NULL, batch, batch->n_rows - 1, &detail);
    if (code == EP_R_NONE)
        return true;
    assert_true(detail[0] != '\0');
    ep_buf_printf(codes, "%s ", ep_reason_name(code));
    return false;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Words, sorted, one blank between: "a b b". */
static void sort_words(char *text, char *out, size_t room) {
    const char *words[40];
    size_t n = 0;
    for (char *word = strtok(text, " ,"); word && n < 40; word = strtok(NULL, " ,"))
        words[n++] = word;
    qsort(words, n, sizeof words[0], by_name);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        snprintf(out + strlen(out), room - strlen(out), "%s%s", i ? " " : "", words[i]);
}

static void read_row(const ep_contract *contract, const char *value, bool is_rule, ep_batch *batch,
                     uint64_t *failed, ep_buf *codes) {
    char text[2000];
    ep_yaml *yaml = NULL;
    ep_lints lints = {0};
    if (!strcmp(value, "-"))
        return;
    snprintf(text, sizeof text, "v: %s\n", value);
    if (ep_yaml_parse("value", ep_str_from(text), &yaml, &lints, NULL) != EP_OK)
        fail_msg("not YAML: %s", value);
    const ep_yaml_node *node = ep_yaml_get(ep_yaml_root(yaml), "v");
    for (const ep_yaml_node *cell = is_rule ? node->first : node; cell; cell = is_rule ? cell->next : NULL) {
        int field = is_rule ? ep_contract_field_index(contract, ep_str_from(cell->key)) : 0;
        assert_true(field >= 0);
        if (!read_cell(contract, (size_t)field, cell, ep_str_from(value), batch, codes))
            failed[0] |= UINT64_C(1) << field;
        else if (cell->kind != EP_Y_NULL && batch->columns[field].text) /* the tree goes before the batch */
            assert_int_equal(ep_batch_copy_text(batch, 0, (size_t)field, batch->columns[field].text[0], NULL),
                             EP_OK);
    }
    ep_yaml_free(&yaml);
    ep_lints_done(&lints);
}

static bool run_line(int number, const char *property, const char *value, const char *verdict) {
    char text[3000], want[400], got[400];
    bool is_rule = !strncmp(property, "rule: ", 6);
    uint64_t failed[1] = {0};
    uint32_t zero[1] = {0};
    ep_buf codes = {0};
    ep_batch *batch = NULL;
    ep_reasons reasons = {0};
    if (is_rule)
        snprintf(text, sizeof text,
                 HEAD "schema:\n  - name: t\n" FIELDS
                      "    quality: [{name: r, type: custom, engine: entrepot, implementation: %s}]\n",
                 property + 6);
    else
        snprintf(text, sizeof text, HEAD "schema:\n  - name: t\n    properties:\n      - {name: f, %s}\n",
                 property);
    ep_contracts *contracts = load(text);
    const ep_contract *contract = contracts->items[0];
    assert_int_equal(ep_batch_new(&contract->schema, 1, &batch, NULL), EP_OK);
    assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
    read_row(contract, value, is_rule, batch, failed, &codes);
    assert_int_equal(ep_contract_check(contract, batch, 0, zero, zero, failed, &reasons, NULL), EP_OK);
    for (size_t i = 0; i < reasons.n; i++) {
        assert_true(reasons.items[i].detail[0] != '\0');
        ep_buf_printf(&codes, "%s ", ep_reason_name(reasons.items[i].code));
    }
    snprintf(text, sizeof text, "%s", codes.len > 0 ? codes.data : "ok");
    sort_words(text, got, sizeof got);
    snprintf(text, sizeof text, "%s", verdict);
    sort_words(text, want, sizeof want);
    bool good = !strcmp(want, got);
    if (!good)
        print_error("tests/data/checks.txt:%d: %s | %s is %s, expected %s\n", number, property, value, got,
                    want);
    ep_reasons_done(&reasons);
    ep_batch_free(&batch);
    ep_contracts_free(&contracts);
    ep_buf_done(&codes);
    return good;
}

static void test_table(void **state) {
    char path[1024];
    const char *root = getenv("EP_ROOT");
    ep_buf file = {0};
    int number = 0, n = 0, wrong = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/tests/data/checks.txt", root ? root : ".");
    assert_int_equal(ep_read_file(path, 1 << 20, &file, NULL), EP_OK);
    for (char *line = file.data, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        number++;
        if (line[0] == '#' || line[0] == '\0')
            continue;
        char *value = strstr(line, " | "), *verdict = value ? strstr(value + 3, " | ") : NULL;
        if (!verdict)
            fail_msg("tests/data/checks.txt:%d: PROPERTY | VALUE | VERDICT expected", number);
        *value = *verdict = '\0';
        wrong += !run_line(number, line, value + 3, verdict + 3);
        n++;
    }
    assert_true(n > 200);
    assert_int_equal(wrong, 0);
    ep_buf_done(&file);
}

#define MANY                                                                                                                \
    HEAD                                                                                                                    \
        "schema:\n  - name: t\n    properties:\n"                                                                           \
        "      - {name: a, logicalType: string, required: true, logicalTypeOptions: {pattern: \"[a-z]+\", maxLength: 3}}\n" \
        "      - {name: b, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 100}}\n"                         \
        "      - {name: c, logicalType: number, physicalType: double, logicalTypeOptions: {minimum: 0}}\n"                  \
        "    quality: [{name: both, type: custom, engine: entrepot, severity: warning, implementation: {allOrNone: [a, b]}}]\n"

static ep_batch *many_rows(const ep_contract *contract, size_t n) {
    ep_batch *batch = NULL;
    assert_int_equal(ep_batch_new(&contract->schema, 16, &batch, NULL), EP_OK);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
        ep_batch_set_text(batch, i, 0, EP_STR("abc"));
        ep_batch_set_i64(batch, i, 1, (int64_t)(i % 101));
        ep_batch_set_i128(batch, i, 2, (ep_int128)i);
    }
    return batch;
}

/* All reasons of all rows, each with its record, group and row; nothing of the rows before `from`. */
static void test_many_rows(void **state) {
    enum { N = 5000 };
    static uint32_t record_of[N], group_of[N];
    ep_contracts *contracts = load(MANY);
    const ep_contract *contract = contracts->items[0];
    ep_reasons reasons = {0};
    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        record_of[i] = i / 2;
        group_of[i] = i / 2 + 7;
    }
    ep_batch *batch = many_rows(contract, N);
    assert_int_equal(ep_contract_check(contract, batch, 0, record_of, group_of, NULL, &reasons, NULL), EP_OK);
    assert_int_equal(reasons.n, 0);
    ep_batch_set_text(batch, 3, 0, EP_STR("ABCD")); /* before `from` */
    ep_batch_set_text(batch, 4711, 0, EP_STR("ABCD"));
    ep_batch_set_i64(batch, 4711, 1, 101);
    ep_batch_set_i128(batch, 4999, 2, -1);
    ep_batch_set_null(batch, 4998, 0);
    assert_int_equal(ep_contract_check(contract, batch, 10, record_of, group_of, NULL, &reasons, NULL),
                     EP_OK);
    static const struct {
        ep_reason_code code;
        uint32_t row;
        const char *field;
        ep_severity severity;
    } want[] = {
        {EP_R_REQUIRED, 4998, "a", EP_S_ERROR}, {EP_R_MAX_LENGTH, 4711, "a", EP_S_ERROR},
        {EP_R_PATTERN, 4711, "a", EP_S_ERROR},  {EP_R_MAXIMUM, 4711, "b", EP_S_ERROR},
        {EP_R_MINIMUM, 4999, "c", EP_S_ERROR},  {EP_R_RULE, 4998, "", EP_S_WARNING},
    };
    assert_int_equal(reasons.n, 6);
    for (size_t i = 0; i < 6; i++) {
        const ep_reason *reason = &reasons.items[i];
        assert_int_equal(reason->code, want[i].code);
        assert_int_equal(reason->row, want[i].row);
        assert_int_equal(reason->record, want[i].row / 2);
        assert_int_equal(reason->group, want[i].row / 2 + 7);
        assert_int_equal(reason->severity, want[i].severity);
        assert_string_equal(reason->field, want[i].field);
        assert_string_equal(reason->contract, "t");
        assert_null(strstr(reason->detail, "ABCD")); /* never a value of the row */
    }
    ep_reasons_done(&reasons);
    ep_reasons_done(&reasons);
    ep_batch_free(&batch);
    ep_contracts_free(&contracts);
}

/* A cell that could not be read is not missing as well. */
static void test_failed_cells(void **state) {
    static const uint32_t zero[2] = {0};
    static const uint64_t failed[2] = {0, 1}; /* field 0 of row 1; a word a row */
    ep_contracts *contracts = load(MANY);
    ep_batch *batch = NULL;
    ep_reasons reasons = {0};
    (void)state;
    assert_int_equal(ep_batch_new(&contracts->items[0]->schema, 2, &batch, NULL), EP_OK);
    assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
    assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
    assert_int_equal(ep_contract_check(contracts->items[0], batch, 0, zero, zero, failed, &reasons, NULL),
                     EP_OK);
    assert_int_equal(reasons.n, 1);
    assert_int_equal(reasons.items[0].row, 0);
    assert_int_equal(reasons.items[0].code, EP_R_REQUIRED);
    ep_reasons_done(&reasons);
    ep_batch_free(&batch);
    ep_contracts_free(&contracts);
}

/* One record cannot fill the memory with its reasons; the others still get theirs. */
static void test_cap(void **state) {
    enum { N = 1000 };
    static uint32_t record_of[N];
    ep_contracts *contracts = load(MANY);
    ep_reasons reasons = {0};
    (void)state;
    ep_batch *batch = many_rows(contracts->items[0], N);
    for (uint32_t i = 0; i < N; i++) {
        record_of[i] = i < 900 ? 0 : i;
        ep_batch_set_i64(batch, i, 1, -1);
    }
    assert_int_equal(
        ep_contract_check(contracts->items[0], batch, 0, record_of, record_of, NULL, &reasons, NULL), EP_OK);
    assert_int_equal(reasons.n, EP_MAX_REASONS_PER_RECORD + 100);
    assert_int_equal(reasons.n_dropped, 900 - EP_MAX_REASONS_PER_RECORD);
    ep_reasons_reset(&reasons);
    assert_int_equal(
        ep_contract_check(contracts->items[0], batch, 899, record_of, record_of, NULL, &reasons, NULL),
        EP_OK);
    assert_int_equal(reasons.n, 101);
    assert_int_equal(reasons.n_dropped, 0);
    ep_reasons_done(&reasons);
    ep_batch_free(&batch);
    ep_contracts_free(&contracts);
}

static void test_details(void **state) {
    static const char *const cases[][3] = {
        {"logicalType: integer", "secret words", "is text of 12 characters, must be a whole number"},
        {"logicalType: date, logicalTypeOptions: {format: dd/MM/yyyy}", "x",
         "is text of 1 characters, must be a date as dd/MM/yyyy"},
        {"logicalType: number", "12345678901234567890", "has more digits than the type holds"},
        {"logicalType: boolean", "oui", "is text of 3 characters, must be true or false"},
        {"logicalType: string", "\xff", "must be UTF-8 without NUL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[500];
        const char *detail = "";
        ep_batch *batch = NULL;
        snprintf(text, sizeof text, HEAD "schema: [{name: t, properties: [{name: f, %s}]}]\n", cases[i][0]);
        ep_contracts *contracts = load(text);
        assert_int_equal(ep_batch_new(&contracts->items[0]->schema, 1, &batch, NULL), EP_OK);
        assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
        ep_str value = ep_str_from(cases[i][1]);
        assert_true(ep_contract_read(contracts->items[0], 0, EP_RAW_TEXT, value, NULL, batch, 0, &detail) !=
                    EP_R_NONE);
        assert_string_equal(detail, cases[i][2]);
        assert_int_equal(batch->columns[0].state[0], EP_ABSENT);
        ep_batch_free(&batch);
        ep_contracts_free(&contracts);
    }
}

/* A feed says how its texts are written. */
static void test_read_options(void **state) {
    static const ep_time_format rfc[] = {EP_TF_EPOCH_S, EP_TF_RFC3339}, day[] = {EP_TF_DATE};
    static const struct {
        const char *property, *value;
        ep_read_options options;
        bool good;
        int64_t want;
    } cases[] = {
        {"logicalType: number", "1.234,56", {.decimal_mark = ',', .group_mark = '.'}, true, 12345600},
        {"logicalType: number", "1 234 567,8", {.decimal_mark = ',', .group_mark = ' '}, true, 12345678000},
        {"logicalType: number", "1,234.5", {.group_mark = ','}, true, 12345000},
        {"logicalType: number", "12,34.5", {.group_mark = ','}, false, 0},
        {"logicalType: number", "1234,567.5", {.group_mark = ','}, false, 0},
        {"logicalType: number", "1,23", {.group_mark = ','}, false, 0},
        {"logicalType: number", ",123", {.group_mark = ','}, false, 0},
        {"logicalType: number", "1.5", {.decimal_mark = ','}, false, 0},
        {"logicalType: number", "1,5", {.decimal_mark = ','}, true, 15000},
        {"logicalType: number", "1,5,0", {.decimal_mark = ','}, false, 0},
        {"logicalType: integer", "-1.234", {.decimal_mark = ',', .group_mark = '.'}, true, -1234},
        {"logicalType: timestamp", "1764000000.5", {.formats = rfc, .n_formats = 2}, true, 1764000000500000},
        {"logicalType: timestamp",
         "2025-11-24T16:00:00Z",
         {.formats = rfc, .n_formats = 2},
         true,
         1764000000000000},
        {"logicalType: timestamp", "2025-11-24", {.formats = rfc, .n_formats = 2}, false, 0},
        {"logicalType: date",
         "2025-11-24T23:30:00Z",
         {.formats = rfc, .n_formats = 2},
         true,
         20417}, /* the 25th in Paris */
        {"logicalType: date", "2025-11-24", {.formats = day, .n_formats = 1}, true, 20416},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[500];
        const char *detail = "";
        ep_batch *batch = NULL;
        snprintf(text, sizeof text, HEAD "schema: [{name: t, properties: [{name: f, %s}]}]\n",
                 cases[i].property);
        ep_contracts *contracts = load(text);
        assert_int_equal(ep_batch_new(&contracts->items[0]->schema, 1, &batch, NULL), EP_OK);
        assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
        ep_reason_code code =
            ep_contract_read(contracts->items[0], 0, EP_RAW_TEXT, ep_str_from(cases[i].value),
                             &cases[i].options, batch, 0, &detail);
        if ((code == EP_R_NONE) != cases[i].good)
            fail_msg("%s: %s", cases[i].value, detail);
        if (cases[i].good)
            assert_int_equal(batch->columns[0].i64[0], cases[i].want);
        ep_batch_free(&batch);
        ep_contracts_free(&contracts);
    }
}

static void test_lack_of_memory(void **state) {
    static const uint32_t zero[4] = {0};
    static const char *const text = HEAD
        "schema:\n  - name: t\n    properties:\n"
        "      - {name: a, logicalType: string, required: true, logicalTypeOptions: {pattern: \"[a-z]+\"}}\n"
        "      - {name: l, logicalType: array, logicalTypeOptions: {uniqueItems: true, minItems: 9}}\n";
    ep_contracts *contracts = load(text);
    ep_batch *batch = NULL;
    int64_t n = 0;
    (void)state;
    assert_int_equal(ep_batch_new(&contracts->items[0]->schema, 4, &batch, NULL), EP_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
        ep_batch_set_text(batch, i, 0, EP_STR("A"));
        ep_batch_set_text(batch, i, 1, EP_STR("[{\"a\": [1, 2], \"b\": 1.50}, {\"b\": 1.5, \"a\": [1, 2]}]"));
    }
    for (ep_code code = EP_E_NOMEM; code != EP_OK;) {
        ep_reasons reasons = {0};
        ep_mem_fail_after(++n);
        code = ep_contract_check(contracts->items[0], batch, 0, zero, zero, NULL, &reasons, NULL);
        ep_mem_fail_after(0);
        assert_true(code == EP_OK || code == EP_E_NOMEM);
        if (code == EP_OK)
            assert_int_equal(reasons.n, 12);
        ep_reasons_done(&reasons);
    }
    assert_true(n > 20);
    ep_batch_free(&batch);
    ep_contracts_free(&contracts);
}

static void test_reason_names(void **state) {
    (void)state;
    for (int i = 1; i < EP_N_REASONS; i++) {
        assert_int_equal(ep_reason_find(ep_str_from(ep_reason_name((ep_reason_code)i))), i);
        assert_true(ep_reason_text((ep_reason_code)i)[0] != '\0');
    }
    assert_int_equal(ep_reason_find(EP_STR("nothing")), EP_R_NONE);
    assert_string_equal(ep_reason_name((ep_reason_code)999), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),          cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_failed_cells),   cmocka_unit_test(test_cap),
        cmocka_unit_test(test_details),        cmocka_unit_test(test_read_options),
        cmocka_unit_test(test_lack_of_memory), cmocka_unit_test(test_reason_names),
    };
    return cmocka_run_group_tests_name("contract_check", tests, NULL, NULL);
}
