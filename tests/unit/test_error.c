#include "base/error.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

static void every_code_has_its_own_name(void **state) {
    (void)state;
    for (int a = 0; a < EP_N_CODES; a++) {
        assert_true(strlen(ep_code_name((ep_code)a)) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(ep_code_name((ep_code)a), ep_code_name((ep_code)b));
    }
}

static void outages_retry_and_bad_records_do_not(void **state) {
    (void)state;
    assert_int_equal(ep_code_action(EP_OK), EP_NONE);
    assert_int_equal(ep_code_action(EP_E_UNAVAILABLE), EP_RETRY);
    assert_int_equal(ep_code_action(EP_E_NOMEM), EP_RETRY);
    assert_int_equal(ep_code_action(EP_E_RECORD), EP_REJECT);
    assert_int_equal(ep_code_action(EP_E_BUG), EP_FATAL);
}

static void exit_codes_follow_the_table(void **state) {
    (void)state;
    assert_int_equal(ep_code_exit(EP_OK), 0);
    assert_int_equal(ep_code_exit(EP_E_CHECK), 1);
    assert_int_equal(ep_code_exit(EP_E_USAGE), 2);
    assert_int_equal(ep_code_exit(EP_E_IO), 3);
}

static void a_code_out_of_the_table_is_fatal(void **state) {
    (void)state;
    const int strange[] = {EP_N_CODES, 1000, -1};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ep_code_name((ep_code)strange[i]), "unknown");
        assert_int_equal(ep_code_action((ep_code)strange[i]), EP_FATAL);
        assert_int_equal(ep_code_exit((ep_code)strange[i]), 3);
    }
}

static void fail_fills_the_error_and_returns_the_code(void **state) {
    (void)state;
    ep_error err = {.row = 7, .field = "old", .text = "old"};
    assert_int_equal(ep_fail(&err, EP_E_ARG, "n is %d, must be %s", 0, "1 or more"), EP_E_ARG);
    assert_int_equal(err.code, EP_E_ARG);
    assert_int_equal(err.action, EP_FATAL);
    assert_int_equal(err.row, -1);
    assert_string_equal(err.field, "");
    assert_string_equal(err.text, "n is 0, must be 1 or more");
}

static void the_error_is_optional(void **state) {
    (void)state;
    assert_int_equal(ep_fail(NULL, EP_E_IO, "x"), EP_E_IO);
    assert_int_equal(ep_fail_field(NULL, EP_E_IO, "f", "x"), EP_E_IO);
    assert_int_equal(ep_fail_errno(NULL, ENOENT, "read", "p"), EP_E_NOT_FOUND);
    assert_int_equal(ep_fail_prefix(NULL, "x"), EP_E_BUG);
}

static void a_field_is_named_and_cut(void **state) {
    (void)state;
    ep_error err = {0};
    char name[200];
    ep_fail_field(&err, EP_E_CONFIG, "price", "not a number");
    assert_string_equal(err.field, "price");
    assert_string_equal(err.text, "not a number");
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    ep_fail_field(&err, EP_E_CONFIG, name, "x");
    assert_int_equal(strlen(err.field), sizeof err.field - 1);
    ep_fail_field(&err, EP_E_CONFIG, NULL, "x");
    assert_string_equal(err.field, "");
}

static void a_text_is_one_line(void **state) {
    (void)state;
    ep_error err = {0};
    ep_fail(&err, EP_E_IO, "a\nb\tc\r\x01\x7f.");
    assert_string_equal(err.text, "a b c   .");
}

static void malformed_bytes_become_question_marks(void **state) {
    (void)state;
    ep_error err = {0};
    ep_fail(&err, EP_E_IO, "caf%s \xff\xc3", "\xc3\xa9");
    assert_string_equal(err.text, "caf\xc3\xa9 ??");
}

static void a_long_text_is_cut_between_characters(void **state) {
    (void)state;
    ep_error err = {0};
    char text[1200];
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4); /* euro sign */
        ep_fail(&err, EP_E_IO, "%s", text);
        size_t len = strlen(err.text);
        assert_in_range(len, sizeof err.text - 3, sizeof err.text - 1);
        assert_memory_equal(err.text + len - 3, "\xe2\x82\xac", 3);
        assert_null(strchr(err.text, '?'));
    }
}

static void an_error_may_quote_itself(void **state) {
    (void)state;
    ep_error err = {0};
    ep_fail(&err, EP_E_IO, "disk");
    ep_fail(&err, EP_E_STORE, "engine: %s (%s)", err.text, err.text);
    assert_string_equal(err.text, "engine: disk (disk)");
}

static void prefixes_pile_up_in_front(void **state) {
    (void)state;
    ep_error err = {0};
    ep_fail_field(&err, EP_E_RECORD, "price", "no number");
    err.row = 12;
    assert_int_equal(ep_fail_prefix(&err, "line %d", 3), EP_E_RECORD);
    assert_int_equal(ep_fail_prefix(&err, "file\n%s", "a.csv"), EP_E_RECORD);
    assert_string_equal(err.text, "file a.csv: line 3: no number");
    assert_string_equal(err.field, "price");
    assert_int_equal(err.row, 12);
    for (int i = 0; i < 100; i++)
        ep_fail_prefix(&err, "again and again");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void errno_says_what_to_do(void **state) {
    (void)state;
    static const struct {
        int errnum;
        ep_code code;
    } cases[] = {
        {ENOENT, EP_E_NOT_FOUND}, {EACCES, EP_E_PERMISSION},
        {EPERM, EP_E_PERMISSION}, {EROFS, EP_E_PERMISSION},
        {ENOSPC, EP_E_FULL},      {EDQUOT, EP_E_FULL},
        {ENOMEM, EP_E_NOMEM},     {EIO, EP_E_IO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ep_error err = {0};
        assert_int_equal(ep_fail_errno(&err, cases[i].errnum, "cannot read", "a.csv"), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.action, ep_code_action(cases[i].code));
    }
    ep_error err = {0};
    ep_fail_errno(&err, ENOENT, "cannot read", "a.csv");
    assert_string_equal(err.text, "cannot read a.csv: No such file or directory");
    ep_fail_errno(&err, ENOENT, "cannot wait", NULL);
    assert_string_equal(err.text, "cannot wait: No such file or directory");
}

static ep_code passes_on(ep_code code) {
    EP_TRY(code);
    return EP_E_BUG; /* only reached without an error */
}

static void try_returns_failures_only(void **state) {
    (void)state;
    assert_int_equal(passes_on(EP_E_BUSY), EP_E_BUSY);
    assert_int_equal(passes_on(EP_OK), EP_E_BUG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_name),
        cmocka_unit_test(outages_retry_and_bad_records_do_not),
        cmocka_unit_test(exit_codes_follow_the_table),
        cmocka_unit_test(a_code_out_of_the_table_is_fatal),
        cmocka_unit_test(fail_fills_the_error_and_returns_the_code),
        cmocka_unit_test(the_error_is_optional),
        cmocka_unit_test(a_field_is_named_and_cut),
        cmocka_unit_test(a_text_is_one_line),
        cmocka_unit_test(malformed_bytes_become_question_marks),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(an_error_may_quote_itself),
        cmocka_unit_test(prefixes_pile_up_in_front),
        cmocka_unit_test(errno_says_what_to_do),
        cmocka_unit_test(try_returns_failures_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
