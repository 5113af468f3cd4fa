#include "warehouse/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static ep_code render(const char *text, const ep_sql_var *vars, size_t n, char *out, size_t size) {
    ep_buf sql = {0};
    ep_error err = {0};
    ep_code code = ep_sql_render_text("test.sql", ep_str_from(text), vars, n, &sql, &err);
    snprintf(out, size, "%s", code == EP_OK && sql.data ? sql.data : err.text);
    ep_buf_done(&sql);
    return code;
}

static void user_variables_are_filled_in(void **state) {
    (void)state;
    char out[256];
    const ep_sql_var vars[] = {{"since", "timestamp '2026-01-01'", NULL}, {"day", "date '2026-01-01'", NULL}};
    assert_int_equal(render("where a >= ${since} and b = ${day};", vars, 2, out, sizeof out), EP_OK);
    assert_string_equal(out, "where a >= timestamp '2026-01-01' and b = date '2026-01-01';");
    assert_int_equal(render("a $ b {c} {{d}}", vars, 2, out, sizeof out), EP_OK);
    assert_string_equal(out, "a $ b {c} {{d}}");
}

static void an_unknown_user_variable_is_named(void **state) {
    (void)state;
    char out[256];
    assert_int_equal(render("select ${nobody}", NULL, 0, out, sizeof out), EP_E_CONFIG);
    assert_string_equal(out, "test.sql: unknown variable ${nobody}");
    assert_int_equal(render("select ${nobody", NULL, 0, out, sizeof out), EP_E_CONFIG);
}

/* The embedded history.sql with a list of two columns. */
static void sections_and_lists(void **state) {
    (void)state;
    ep_error err = {0};
    ep_arena arena = {0};
    ep_sql_list columns = {0};
    assert_int_equal(ep_sql_list_add(&columns, &arena, "name", NULL, 1, &err), EP_OK);
    assert_int_equal(ep_sql_list_add(&columns, &arena, "od\"d", NULL, 2, &err), EP_OK);
    const ep_sql_var vars[] = {{"x", "dim_a", NULL}, {"stored", NULL, &columns}};
    ep_buf sql = {0};
    assert_int_equal(ep_sql_render("sql/history.sql", "input", vars, 2, &sql, &err), EP_OK);
    assert_non_null(strstr(sql.data, "from log.dim_a\n"));
    assert_non_null(strstr(sql.data, "_deleted, \"name\", \"od\"\"d\", _record"));
    assert_null(strstr(sql.data, "{{"));
    ep_buf_done(&sql);
    ep_sql_list_done(&columns);
    ep_arena_done(&arena);
}

static void conditions_keep_or_drop(void **state) {
    (void)state;
    ep_error err = {0};
    ep_sql_list none = {0};
    const char *const deleted[] = {"", "yes"};
    for (size_t i = 0; i < 2; i++) {
        const ep_sql_var vars[] = {
            {"x", "t", NULL},       {"key", "t_key", NULL},
            {"keys", NULL, &none},  {"deleted", deleted[i], NULL},
            {"min", "a_min", NULL}, {"parents", "p", NULL},
            {"now", "n", NULL},     {"there", "t", NULL},
        };
        ep_buf sql = {0};
        assert_int_equal(ep_sql_render("sql/single.sql", "inferred", vars, 8, &sql, &err), EP_OK);
        assert_int_equal(strstr(sql.data, "is_deleted") != NULL, i == 1);
        ep_buf_done(&sql);
    }
}

static void what_is_missing_is_a_bug_of_ours(void **state) {
    (void)state;
    ep_error err = {0};
    ep_buf sql = {0};
    assert_int_equal(ep_sql_render("sql/nothing.sql", "a", NULL, 0, &sql, &err), EP_E_BUG);
    assert_int_equal(ep_sql_render("sql/history.sql", "nothing", NULL, 0, &sql, &err), EP_E_BUG);
    assert_int_equal(ep_sql_render("sql/history.sql", "double", NULL, 0, &sql, &err), EP_E_BUG);
    assert_non_null(strstr(err.text, "{{x}}"));
    ep_buf_done(&sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_variables_are_filled_in),
        cmocka_unit_test(an_unknown_user_variable_is_named),
        cmocka_unit_test(sections_and_lists),
        cmocka_unit_test(conditions_keep_or_drop),
        cmocka_unit_test(what_is_missing_is_a_bug_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
