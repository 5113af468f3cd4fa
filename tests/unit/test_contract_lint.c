/* Every tests/data/lint/NAME.yaml is a contract whose comments say what lint must find, and nothing else:
 *     # expect: LINE:COLUMN code
 *     # strict                       (as a warehouse wants it; without: as the standard has it)
 * To add a case, add a file. */
#include "contract/contract.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_FINDINGS 20

typedef struct finding {
    int line, column;
    char code[40];
    bool met;
} finding;

static const char *root(void) {
    const char *given = getenv("EP_ROOT");
    return given ? given : ".";
}

static bool parse_expected(const char *text, finding *found, size_t *ret_n) {
    bool strict = false;
    *ret_n = 0;
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        finding *f = &found[*ret_n];
        strict |= !strncmp(line, "# strict\n", 9);
        if (sscanf(line, "# expect: %d:%d %39[a-z_0-9]", &f->line, &f->column, f->code) == 3) {
            f->met = false;
            assert_true(++*ret_n < MAX_FINDINGS);
        }
    }
    return strict;
}

static bool take(finding *expected, size_t n, const ep_lint *lint) {
    for (size_t i = 0; i < n; i++) {
        finding *f = &expected[i];
        if (!f->met && f->line == lint->line && f->column == lint->column && !strcmp(f->code, lint->code))
            return f->met = true;
    }
    return false;
}

/* Number of differences, each printed. */
static int run_case(const char *path) {
    finding expected[MAX_FINDINGS];
    size_t n;
    int wrong = 0;
    ep_buf text = {0};
    ep_error err = {0};
    ep_lints lints = {0};
    ep_contracts *contracts = NULL;
    assert_int_equal(ep_read_file(path, 1 << 20, &text, &err), EP_OK);
    bool strict = parse_expected(text.data, expected, &n);
    ep_str view = {text.data, text.len};
    ep_code code = ep_contracts_load_text(&path, &view, 1, strict, &contracts, &lints, &err);
    assert_int_equal(code, lints.n_errors > 0 ? EP_E_CONFIG : EP_OK);
    for (size_t i = 0; i < lints.n; i++) {
        const ep_lint *lint = &lints.items[i];
        assert_string_equal(lint->file, path);
        assert_true(lint->text[0] != '\0');
        if (take(expected, n, lint))
            continue;
        print_error("%s:%d:%d: found, not expected: %s: %s\n", path, lint->line, lint->column, lint->code,
                    lint->text);
        wrong++;
    }
    for (size_t i = 0; i < n; i++)
        if (!expected[i].met) {
            print_error("%s:%d:%d: expected, not found: %s\n", path, expected[i].line, expected[i].column,
                        expected[i].code);
            wrong++;
        }
    /* The other way of reading must not break anything. */
    ep_contracts_free(&contracts);
    code = ep_contracts_load_text(&path, &view, 1, !strict, &contracts, &lints, NULL);
    assert_true(code == EP_OK || code == EP_E_CONFIG);
    ep_contracts_free(&contracts);
    ep_lints_done(&lints);
    ep_buf_done(&text);
    return wrong;
}

static void test_files(void **state) {
    char folder[1024], path[1400];
    int n = 0, wrong = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/data/lint", root());
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        wrong += run_case(path);
        n++;
    }
    closedir(dir);
    assert_true(n >= 60);
    assert_int_equal(wrong, 0);
}

static const ep_lint *lint_one(const char *body, bool strict, ep_lints *lints) {
    char text[2000];
    const char *name = "c.yaml";
    ep_contracts *contracts = NULL;
    snprintf(text, sizeof text,
             "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n%s", body);
    ep_str view = ep_str_from(text);
    ep_code code = ep_contracts_load_text(&name, &view, 1, strict, &contracts, lints, NULL);
    assert_true(code == EP_OK || code == EP_E_CONFIG);
    ep_contracts_free(&contracts);
    return lints->n > 0 ? &lints->items[0] : NULL;
}

/* What is only a doubt about a published contract keeps a warehouse from loading it. */
static void test_strict_is_stricter(void **state) {
    const char *body =
        "schema: [{name: t, properties: [{name: a, logicalType: string, primaryKey: true}]}]\n";
    ep_lints lints = {0};
    (void)state;
    assert_int_equal(lint_one(body, false, &lints)->severity, EP_S_WARNING);
    ep_lints_done(&lints);
    assert_int_equal(lint_one(body, true, &lints)->severity, EP_S_ERROR);
    ep_lints_done(&lints);
}

static void test_proposals(void **state) {
    static const char *const cases[][2] = {
        {"tenat: x\n", "did you mean \"tenant\"?"},
        {"schema: [{name: t, properties: [{name: a, logicalType: strnig}]}]\n", "did you mean \"string\"?"},
        {"schema: [{name: t, customProperties: [{property: entrepot.validtime, value: a}]}]\n",
         "did you mean \"entrepot.validTime\"?"},
        {"schema: [{name: t, properties: [{name: a, logicalType: string, logicalTypeOptions: {maxLenght: 1}}]}]\n",
         "did you mean \"maxLength\"?"},
        {"schema: [{name: t, customProperties: [{property: entrepot.knid, value: dimension}]}]\n",
         "did you mean \"entrepot.kind\"?"},
        {"version: 1.0\n", "already given"},
        {"tenant: 5\n", "put it into quotes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ep_lints lints = {0};
        const ep_lint *lint = lint_one(cases[i][0], false, &lints);
        assert_non_null(lint);
        if (!strstr(lint->text, cases[i][1]))
            fail_msg("\"%s\" lacks \"%s\"", lint->text, cases[i][1]);
        ep_lints_done(&lints);
    }
}

/* Relationships and tables of several files are looked at together; places name the right file. */
static void test_several_files(void **state) {
    const char *names[] = {"a.yaml", "b.yaml"};
    static const char head[] =
        "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n";
    char a[1000], b[1000];
    ep_lints lints = {0};
    ep_contracts *contracts = NULL;
    (void)state;
    snprintf(
        a, sizeof a,
        "%s  - {name: p, id: p, properties: [{name: k, id: k, logicalType: string, required: true, primaryKey: true}]}\n",
        head);
    snprintf(
        b, sizeof b,
        "%s  - name: c\n    properties:\n      - {name: f, logicalType: string, relationships: [{to: p.k}]}\n"
        "      - {name: g, logicalType: string, relationships: [{to: \"a.yaml#/schema/p/properties/k\"}]}\n"
        "      - {name: h, logicalType: string, relationships: [{to: schema/p/properties/k}]}\n",
        head);
    ep_str texts[] = {ep_str_from(a), ep_str_from(b)};
    assert_int_equal(ep_contracts_load_text(names, texts, 2, false, &contracts, &lints, NULL), EP_OK);
    const ep_contract *c = ep_contracts_find(contracts, EP_STR("c"));
    assert_int_equal(c->n_parents, 2); /* the third names an id of another file without the file */
    assert_int_equal(lints.n, 1);
    assert_string_equal(lints.items[0].file, "b.yaml");
    assert_string_equal(lints.items[0].code, "unknown_dataset");
    ep_contracts_free(&contracts);
    ep_lints_done(&lints);
}

static void test_limits(void **state) {
    ep_lints lints = {0};
    ep_buf text = {0};
    const char *name = "big.yaml";
    ep_contracts *contracts = NULL;
    (void)state;
    for (int i = 0; i < 300000; i++)
        ep_buf_puts(&text, "- a\n");
    ep_str view = {text.data, text.len};
    assert_int_equal(ep_contracts_load_text(&name, &view, 1, false, &contracts, &lints, NULL), EP_E_CONFIG);
    assert_string_equal(lints.items[0].code, "yaml_limit");
    for (int i = 0; i < 1000000; i++)
        ep_buf_puts(&text, "#####");
    view = (ep_str){text.data, text.len};
    ep_lints_done(&lints);
    assert_int_equal(ep_contracts_load_text(&name, &view, 1, false, &contracts, &lints, NULL), EP_E_CONFIG);
    assert_string_equal(lints.items[0].code, "yaml_limit");
    ep_buf_reset(&text);
    for (int i = 0; i < 5000; i++)
        ep_buf_puts(&text, "[");
    view = (ep_str){text.data, text.len};
    ep_lints_done(&lints);
    assert_int_equal(ep_contracts_load_text(&name, &view, 1, false, &contracts, &lints, NULL), EP_E_CONFIG);
    ep_lints_done(&lints);
    view = EP_STR("name: \xff\n");
    assert_int_equal(ep_contracts_load_text(&name, &view, 1, false, &contracts, &lints, NULL), EP_E_CONFIG);
    assert_string_equal(lints.items[0].code, "yaml_encoding");
    assert_int_equal(lints.items[0].column, 7);
    ep_lints_done(&lints);
    ep_buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),     cmocka_unit_test(test_strict_is_stricter),
        cmocka_unit_test(test_proposals), cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("contract_lint", tests, NULL, NULL);
}
