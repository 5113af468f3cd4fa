/* The gate before PostgreSQL: the cases are lines of tests/data/gate.txt. */
#include "access/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* \0, \n and \xff are the only escapes a case needs; {long} and the like stand for texts too long for a line. */
static void put_sql(ep_buf *sql, const char *text) {
    if (strcmp(text, "{long}") == 0) {
        ep_buf_puts(sql, "select '");
        for (int i = 0; i < EP_GATE_MAX_BYTES; i++)
            ep_buf_putc(sql, 'x');
        ep_buf_puts(sql, "'");
    } else if (strcmp(text, "{deep}") == 0) {
        for (int i = 0; i < EP_GATE_MAX_DEPTH; i++)
            ep_buf_puts(sql, "select (");
        ep_buf_puts(sql, "1");
        for (int i = 0; i < EP_GATE_MAX_DEPTH; i++)
            ep_buf_puts(sql, ")");
    } else if (strcmp(text, "{chain}") == 0) {
        ep_buf_puts(sql, "select 1");
        for (int i = 0; i < EP_GATE_MAX_BYTES / 2 - 10; i++)
            ep_buf_puts(sql, "+1");
    } else {
        for (const char *at = text; *at; at++)
            if (strncmp(at, "\\xff", 4) == 0) {
                ep_buf_putc(sql, '\xff');
                at += 3;
            } else if (*at == '\\' && (at[1] == '0' || at[1] == 'n')) {
                ep_buf_putc(sql, *++at == 'n' ? '\n' : '\0');
            } else {
                ep_buf_putc(sql, *at);
            }
    }
}

static const char *verdict(const char *text) {
    static char word[64];
    ep_buf sql = {0};
    ep_error err = {0};
    put_sql(&sql, text);
    ep_code code = ep_gate_check((ep_str){sql.data, sql.len}, &err);
    ep_buf_done(&sql);
    snprintf(word, sizeof word, "%s",
             code == EP_OK        ? "ok"
             : code == EP_E_ARG   ? "text"
             : code == EP_E_LIMIT ? "limit"
                                  : err.field);
    assert_true(code == EP_OK || err.text[0]);
    return word;
}

static void every_line_of_the_table(void **state) {
    (void)state;
    char path[512], *line = NULL;
    size_t capacity = 0, n = 0, n_wrong = 0;
    const char *root = getenv("EP_ROOT");
    snprintf(path, sizeof path, "%s/tests/data/gate.txt", root ? root : ".");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || !line[0])
            continue;
        char *sql = line + strcspn(line, " \t");
        *sql++ = '\0';
        sql += strspn(sql, " \t");
        const char *got = verdict(sql);
        n++;
        if (strcmp(got, line) != 0) {
            n_wrong++;
            printf("# %s: got %s, the table says %s\n", sql, got, line);
        }
    }
    free(line);
    fclose(file);
    assert_int_equal(n_wrong, 0);
    assert_true(n >= 150);
}

static void the_lists_are_sorted_and_found(void **state) {
    (void)state;
    static const char *const all[] = {"function", "relation", "type", "construct"};
    for (size_t i = 0; i < 4; i++) {
        const char *const *list = ep_gate_list(all[i]);
        for (size_t k = 0; list[k]; k++) {
            assert_true(ep_gate_lists(all[i], list[k]));
            assert_true(k == 0 || strcmp(list[k - 1], list[k]) < 0);
        }
        assert_false(ep_gate_lists(all[i], ""));
        assert_false(ep_gate_lists(all[i], "zzz"));
    }
    assert_null(ep_gate_list("nothing"));
}

/* An error names what is refused and nothing of the query's values. */
static void an_error_names_the_thing_and_no_value(void **state) {
    (void)state;
    ep_error err = {0};
    assert_int_equal(ep_gate_check(EP_STR("select pg_sleep(1) where 'secret-value' = ''"), &err),
                     EP_E_PERMISSION);
    assert_string_equal(err.text, "the function pg_sleep is not on the list of allowed functions");
    assert_int_equal(ep_gate_check(EP_STR("select 'secret-value' from books.load"), &err), EP_E_PERMISSION);
    assert_string_equal(
        err.text, "books.load is not for sellers: what they can read is in the schemas seller and mart");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_the_table),
        cmocka_unit_test(the_lists_are_sorted_and_found),
        cmocka_unit_test(an_error_names_the_thing_and_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
