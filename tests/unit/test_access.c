/* Who may read which column, names of sellers, and what the server keeps of a password. */
#include "access/access.h"
#include "access/seller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const char contracts_yaml[] =
    "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n"
    "  - name: dim_shop\n"
    "    customProperties: [{property: entrepot.kind, value: dimension}, {property: entrepot.key, value: [shop]},\n"
    "      {property: entrepot.owner, value: shop}, {property: entrepot.validTime, value: at}, {property: entrepot.purpose, value: contract}]\n"
    "    properties:\n"
    "      - {name: shop, logicalType: string, required: true}\n"
    "      - {name: at, logicalType: timestamp, required: true}\n"
    "      - {name: mail, logicalType: string, customProperties: [{property: entrepot.personal, value: true}, {property: entrepot.history, value: 3}]}\n"
    "  - name: dim_person\n"
    "    customProperties: [{property: entrepot.kind, value: dimension}, {property: entrepot.key, value: [person]},\n"
    "      {property: entrepot.validTime, value: at}, {property: entrepot.purpose, value: sale}]\n"
    "    properties:\n"
    "      - {name: person, logicalType: string, required: true, customProperties: [{property: entrepot.personal, value: true}]}\n"
    "      - {name: at, logicalType: timestamp, required: true}\n"
    "      - {name: country, logicalType: string}\n"
    "  - name: fact_line\n"
    "    customProperties: [{property: entrepot.kind, value: accumulating}, {property: entrepot.key, value: [shop, line]},\n"
    "      {property: entrepot.owner, value: shop}, {property: entrepot.validTime, value: at}, {property: entrepot.purpose, value: sale}]\n"
    "    properties:\n"
    "      - {name: shop, logicalType: string, required: true}\n"
    "      - {name: line, logicalType: string, required: true}\n"
    "      - {name: at, logicalType: timestamp, required: true}\n"
    "      - {name: person, logicalType: string, required: true, relationships: [{to: dim_person.person}],\n"
    "         customProperties: [{property: entrepot.personal, value: true}], classification: restricted}\n"
    "      - {name: visit, logicalType: string, customProperties: [{property: entrepot.personal, value: true}], classification: confidential}\n"
    "      - {name: units, logicalType: integer}\n";

typedef struct fixture {
    ep_contracts *contracts;
    ep_plan *plan;
} fixture;

static int set_up(void **state) {
    static fixture f;
    ep_lints lints = {0};
    ep_error err = {0};
    const char *name = "c.yaml";
    const ep_str text = {contracts_yaml, sizeof contracts_yaml - 1};
    ep_code code = ep_contracts_load_text(&name, &text, 1, true, &f.contracts, &lints, &err);
    for (size_t i = 0; i < lints.n && code != EP_OK; i++)
        printf("# %d: %s\n", lints.items[i].line, lints.items[i].text);
    ep_lints_done(&lints);
    if (code == EP_OK)
        code = ep_plan_new(f.contracts, NULL, 0, false, &f.plan, &err);
    *state = &f;
    return code == EP_OK ? 0 : -1;
}

static int tear_down(void **state) {
    fixture *f = *state;
    ep_plan_free(&f->plan);
    ep_contracts_free(&f->contracts);
    return 0;
}

static void each_column_has_its_audience(void **state) {
    static const struct {
        const char *table, *column;
        ep_audience audience;
        bool personal;
    } cases[] = {
        {"fact_line", "units", EP_FOR_SELLERS, false},
        {"fact_line", "shop", EP_FOR_SELLERS, false},
        {"fact_line", "line_key", EP_FOR_SELLERS, false},
        {"fact_line", "person", EP_FOR_INSIDE, true},
        {"fact_line", "visit", EP_FOR_ANALYSTS, true},
        {"fact_line", "person_key", EP_FOR_ANALYSTS, false},
        {"fact_line", "person_from", EP_FOR_ANALYSTS, false},
        {"fact_line", "_load_id", EP_FOR_INSIDE, false},
        /* The shop's own address is the shop's to see. */
        {"dim_shop", "mail", EP_FOR_SELLERS, true},
        {"dim_shop", "previous_mail", EP_FOR_SELLERS, true},
        {"dim_shop", "shop_key", EP_FOR_SELLERS, false},
        /* Neither owned nor public. */
        {"dim_person", "country", EP_FOR_ANALYSTS, false},
        {"dim_person", "person", EP_FOR_INSIDE, true},
        {"dim_person", "person_key", EP_FOR_ANALYSTS, false},
    };
    const fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ep_table *t = ep_plan_find(f->plan, cases[i].table);
        assert_non_null(t);
        if (ep_access_column(t, cases[i].column) != cases[i].audience ||
            ep_access_is_personal(t, cases[i].column) != cases[i].personal)
            fail_msg("%s.%s", cases[i].table, cases[i].column);
    }
}

static void the_script_names_no_personal_column_for_sellers(void **state) {
    const fixture *f = *state;
    ep_buf script = {0};
    ep_error err = {0};
    const ep_access_target target = {
        .script = &script, .star = "main", .database = "shop", .loader = "o\"dd"};
    assert_int_equal(ep_access_apply(f->plan, &target, EP_ACCESS_GRANTS, &err), EP_OK);
    assert_non_null(strstr(script.data, "set local role \"o\"\"dd\""));
    assert_non_null(strstr(
        script.data,
        "grant select (\"line_key\", \"shop\", \"line\", \"at\", \"units\") on \"main\".\"fact_line\" to sellers"));
    assert_non_null(strstr(script.data, "using (\"shop\" = substr(current_user, length('seller_') + 1))"));
    assert_null(strstr(script.data, "view seller.\"dim_person\""));
    ep_buf_done(&script);
}

static void ids_of_sellers(void **state) {
    (void)state;
    static const char *const good[] = {"a", "maison_lune", "0", "a_9", "shopnow"};
    static const char *const bad[] = {
        "",   "A",        "a-b", "a b", "a;b",
        "\"", "platform", "é",   "a'b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ep_seller_id_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ep_seller_id_valid(bad[i]));
}

/* The example exchange of RFC 7677, section 3: password pencil, this salt. */
static void the_verifier_is_that_of_the_standard(void **state) {
    (void)state;
    static const uint8_t salt[16] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                                     0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
    ep_buf text = {0};
    ep_error err = {0};
    assert_int_equal(ep_scram_verifier("pencil", salt, &text, &err), EP_OK);
    assert_string_equal(
        text.data, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                   "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    ep_buf_done(&text);
}

static void made_passwords_are_long_and_differ(void **state) {
    (void)state;
    char one[33], two[33];
    ep_error err = {0};
    assert_int_equal(ep_password_new(one, &err), EP_OK);
    assert_int_equal(ep_password_new(two, &err), EP_OK);
    assert_int_equal(strlen(one), 32);
    assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 32);
    assert_string_not_equal(one, two);
}

static void running_out_of_memory_is_an_error(void **state) {
    const fixture *f = *state;
    for (int64_t n = 1;; n++) {
        ep_buf script = {0};
        ep_error err = {0};
        const ep_access_target target = {
            .script = &script, .star = "main", .database = "shop", .loader = "loader"};
        ep_mem_fail_after(n);
        ep_code code = ep_access_apply(f->plan, &target, EP_ACCESS_GRANTS, &err);
        ep_mem_fail_after(0);
        ep_buf_done(&script);
        if (code == EP_OK)
            break;
        assert_int_equal(code, EP_E_NOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_column_has_its_audience),
        cmocka_unit_test(the_script_names_no_personal_column_for_sellers),
        cmocka_unit_test(ids_of_sellers),
        cmocka_unit_test(the_verifier_is_that_of_the_standard),
        cmocka_unit_test(made_passwords_are_long_and_differ),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
