#include "warehouse/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "store_fixture.h"

static void write_settings(const char *text) {
    must(ep_write_file(in_folder("entrepot.yaml"), text, strlen(text), 0600, err));
}

static ep_settings load(const char *text) {
    ep_settings settings;
    write_settings(text);
    must(ep_settings_load(folder, &settings, err));
    return settings;
}

static void refuse(const char *text, const char *field, const char *expected) {
    ep_settings settings;
    write_settings(text);
    must_fail(EP_E_CONFIG, ep_settings_load(folder, &settings, err));
    assert_string_equal(last_error.field, field);
    if (!strstr(last_error.text, expected))
        fail_msg("%s: %s, not %s", text, last_error.text, expected);
}

static void an_empty_file_gives_the_documented_defaults(void **state) {
    (void)state;
    const char *const empty[] = {"", "# nothing\n", "---\n", "{}\n"};
    for (size_t i = 0; i < N_OF(empty); i++) {
        ep_settings s = load(empty[i]);
        assert_string_equal(s.name, "warehouse");
        assert_string_equal(s.store, "data/warehouse.duckdb");
        assert_string_equal(s.reporting_currency, "EUR");
        assert_int_equal(s.memory_limit_bytes, INT64_C(200) << 20);
        assert_int_equal(s.query_memory_bytes, INT64_C(1024) << 20);
        assert_int_equal(s.threads, 0);
        assert_int_equal(s.commit_records, 600000);
        assert_int_equal(s.commit_bytes, INT64_C(512) << 20);
    }
}

/* The page of settings and the defaults come from one table: written out, they change nothing. */
static void the_documented_defaults_are_the_defaults(void **state) {
    (void)state;
    size_t n;
    const ep_setting_doc *docs = ep_setting_docs(&n);
    ep_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        ep_buf_printf(&text, "%s: %s\n", docs[i].name, docs[i].default_text);
        assert_true(strlen(docs[i].text) > 10);
    }
    ep_settings given = load(text.data), none = load("");
    assert_memory_equal(&given, &none, sizeof given);
    ep_buf_done(&text);
}

static void what_is_written_counts(void **state) {
    (void)state;
    ep_settings s = load("name: Été\nstore: data/x.duckdb\nreporting_currency: USD\nmemory_limit_mb: 64\n"
                         "query_memory_limit_mb: 65\n"
                         "threads: 256\ncommit_records: 1\ncommit_mb: 65536\n");
    assert_string_equal(s.name, "Été");
    assert_string_equal(s.store, "data/x.duckdb");
    assert_string_equal(s.reporting_currency, "USD");
    assert_int_equal(s.memory_limit_bytes, INT64_C(64) << 20);
    assert_int_equal(s.query_memory_bytes, INT64_C(65) << 20);
    assert_int_equal(s.threads, 256);
    assert_int_equal(s.commit_records, 1);
    assert_int_equal(s.commit_bytes, INT64_C(65536) << 20);
}

static void an_unknown_setting_has_a_place(void **state) {
    (void)state;
    refuse("name: a\n  \ncolour: red\n", "colour", "entrepot.yaml:3:1: unknown setting colour");
}

static void numbers_have_ranges(void **state) {
    (void)state;
    static const struct {
        const char *name, *low, *high, *text;
    } ranges[] = {{"memory_limit_mb", "63", "1048577", "an integer from 64 to 1048576"},
                  {"query_memory_limit_mb", "63", "1048577", "an integer from 64 to 1048576"},
                  {"threads", "-1", "257", "an integer from 0 to 256"},
                  {"commit_records", "0", "100000001", "an integer from 1 to 100000000"},
                  {"commit_mb", "0", "65537", "an integer from 1 to 65536"}};
    for (size_t i = 0; i < N_OF(ranges); i++) {
        const char *const wrong[] = {ranges[i].low, ranges[i].high,       "1.5", "many", "[1]", "",
                                     "1e3",         "9223372036854775808"};
        for (size_t k = 0; k < N_OF(wrong); k++) {
            char text[100];
            snprintf(text, sizeof text, "%s: %s\n", ranges[i].name, wrong[k]);
            refuse(text, ranges[i].name, ranges[i].text);
        }
    }
}

static void texts_have_lengths(void **state) {
    (void)state;
    char text[200];
    snprintf(text, sizeof text, "name: %063d\n", 0);
    refuse(text, "name", "a text of 1 to 63 characters");
    snprintf(text, sizeof text, "name: n%062d\n", 0);
    assert_int_equal(strlen(load(text).name), 63);
    snprintf(text, sizeof text, "name: n%063d\n", 0);
    refuse(text, "name", "entrepot.yaml:1:7: name must be a text of 1 to 63 characters");
    refuse("name: ''\n", "name", "1 to 63");
    refuse("name: [a]\n", "name", "1 to 63");
    refuse("reporting_currency: EURO\n", "reporting_currency", "1 to 3");
}

static void a_file_that_is_no_map_is_refused(void **state) {
    (void)state;
    refuse("- name: a\n", "", "entrepot.yaml:1:1: ");
    refuse("warehouse\n", "", "entrepot.yaml:1:1: ");
    refuse("name: a\nname: b\n", "", "entrepot.yaml:2:1: ");
    refuse("name: [\n", "", "entrepot.yaml:");
}

static void a_folder_without_settings_is_no_warehouse(void **state) {
    (void)state;
    ep_settings settings;
    assert_int_equal(mkdir(in_folder("empty"), 0700), 0);
    must_fail(EP_E_NOT_FOUND, ep_settings_load(in_folder("empty"), &settings, err));
    assert_non_null(strstr(last_error.text, "is not a warehouse: it has no entrepot.yaml"));
    assert_non_null(strstr(last_error.text, "entrepot init"));
    must_fail(EP_E_NOT_FOUND, ep_settings_load(in_folder("nowhere"), &settings, err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_gives_the_documented_defaults),
        cmocka_unit_test(the_documented_defaults_are_the_defaults),
        cmocka_unit_test(what_is_written_counts),
        cmocka_unit_test(an_unknown_setting_has_a_place),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(texts_have_lengths),
        cmocka_unit_test(a_file_that_is_no_map_is_refused),
        cmocka_unit_test(a_folder_without_settings_is_no_warehouse),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
