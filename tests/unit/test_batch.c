#include "record/batch.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <string.h>

enum { C_NAME, C_SOLD, C_PRICE, C_TOTAL, C_DAY, C_AT, C_WHEN, C_RAW, C_N, N_COLUMNS };

static const ep_column_def columns[N_COLUMNS] = {
    [C_NAME] = {"name", EP_T_TEXT, 0, 0},
    [C_SOLD] = {"sold", EP_T_BOOL, 0, 0},
    [C_PRICE] = {"price", EP_T_DECIMAL, 18, 4},
    [C_TOTAL] = {"total", EP_T_DECIMAL, 19, 4},
    [C_DAY] = {"day", EP_T_DATE, 0, 0},
    [C_AT] = {"at", EP_T_TIME, 0, 0},
    [C_WHEN] = {"when", EP_T_TIMESTAMP, 0, 0},
    [C_RAW] = {"raw", EP_T_BLOB, 0, 0},
    [C_N] = {"n", EP_T_INT, 0, 0},
};
static const ep_schema schema = {columns, N_COLUMNS};

static ep_batch *new_batch(size_t capacity) {
    ep_batch *batch = NULL;
    assert_int_equal(ep_batch_new(&schema, capacity, &batch, NULL), EP_OK);
    return batch;
}

static size_t add_row(ep_batch *batch) {
    assert_int_equal(ep_batch_add_row(batch, NULL), EP_OK);
    return batch->n_rows - 1;
}

static void assert_cell(const ep_batch *batch, size_t row, size_t column, const char *expected) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_value value = ep_batch_get(batch, row, column);
    assert_int_equal(value.state, EP_VALUE);
    assert_int_equal(value.type, columns[column].type);
    ep_buf_puts(&buf, "");
    ep_value_put(&buf, &value);
    assert_string_equal(buf.data, expected);
    assert_int_equal(buf.len, strlen(expected));
}

static void a_new_row_is_absent_everywhere(void **state) {
    (void)state;
    ep_batch *batch = new_batch(2);
    assert_int_equal(batch->n_rows, 0);
    for (size_t row = 0; row < 100; row++) {
        add_row(batch);
        for (size_t column = 0; column < N_COLUMNS; column++)
            assert_int_equal(ep_batch_get(batch, row, column).state, EP_ABSENT);
    }
    ep_batch_free(&batch);
    assert_null(batch);
    ep_batch_free(&batch);
    ep_batch_free(NULL);
}

static void cells_of_every_type(void **state) {
    (void)state;
    ep_batch *batch = new_batch(0);
    size_t row = add_row(batch);
    ep_batch_set_text(batch, row, C_NAME, EP_STR("caf\xc3\xa9"));
    ep_batch_set_i64(batch, row, C_SOLD, 1);
    ep_batch_set_i128(batch, row, C_PRICE, -123400);
    ep_batch_set_i128(batch, row, C_TOTAL, ep_pow10(19) - 1);
    ep_batch_set_i64(batch, row, C_DAY, -1);
    ep_batch_set_i64(batch, row, C_AT, INT64_C(45296123456));
    ep_batch_set_i64(batch, row, C_WHEN, INT64_C(1772361296123456));
    ep_batch_set_text(batch, row, C_RAW, (ep_str){"\x00\xff", 2});
    ep_batch_set_i64(batch, row, C_N, INT64_MIN);
    assert_cell(batch, row, C_NAME, "caf\xc3\xa9");
    assert_cell(batch, row, C_SOLD, "true");
    assert_cell(batch, row, C_PRICE, "-12.3400");
    assert_cell(batch, row, C_TOTAL, "999999999999999.9999");
    assert_cell(batch, row, C_DAY, "1969-12-31");
    assert_cell(batch, row, C_AT, "12:34:56.123456");
    assert_cell(batch, row, C_WHEN, "2026-03-01 10:34:56.123456");
    assert_cell(batch, row, C_RAW, "00ff");
    assert_cell(batch, row, C_N, "-9223372036854775808");
    ep_value price = ep_batch_get(batch, row, C_PRICE);
    assert_true(price.i128 == -123400 && price.precision == 18 && price.scale == 4);
    ep_batch_free(&batch);
}

static void a_batch_tells_its_memory_and_leaves_little_of_it_idle(void **state) {
    (void)state;
    /* Two texts of pointer and length, one int128, six int64, and a state for each of the nine. */
    const size_t row_bytes = 2 * 16 + 16 + 6 * 8 + 9;
    ep_batch *batch = new_batch(64);
    assert_int_equal(ep_batch_bytes(batch), 64 * row_bytes);
    for (size_t n = 1; n <= 100000; n++) {
        add_row(batch);
        assert_in_range(batch->capacity, n, n < 64 ? 64 : n + n / 2);
    }
    assert_int_equal(ep_batch_bytes(batch), batch->capacity * row_bytes);
    assert_int_equal(ep_batch_copy_text(batch, 0, C_NAME, EP_STR("sixteen bytes it"), NULL), EP_OK);
    assert_int_equal(ep_batch_bytes(batch), batch->capacity * row_bytes + 16);
    ep_batch_free(&batch);
}

static void null_and_absent_differ_and_print_nothing(void **state) {
    (void)state;
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_batch *batch = new_batch(1);
    size_t row = add_row(batch);
    ep_batch_set_null(batch, row, C_PRICE);
    ep_value null = ep_batch_get(batch, row, C_PRICE), absent = ep_batch_get(batch, row, C_N);
    assert_int_equal(null.state, EP_NULL);
    assert_int_equal(absent.state, EP_ABSENT);
    ep_value_put(&buf, &null);
    ep_value_put(&buf, &absent);
    assert_int_equal(buf.len, 0);
    ep_batch_set_i128(batch, row, C_PRICE, 5);
    assert_cell(batch, row, C_PRICE, "0.0005");
    ep_batch_set_null(batch, row, C_PRICE);
    assert_int_equal(ep_batch_get(batch, row, C_PRICE).state, EP_NULL);
    ep_batch_free(&batch);
}

static void copied_texts_outlive_their_source(void **state) {
    (void)state;
    ep_batch *batch = new_batch(1);
    char source[] = "seller";
    size_t row = add_row(batch);
    assert_int_equal(ep_batch_copy_text(batch, row, C_NAME, (ep_str){source, 6}, NULL), EP_OK);
    assert_int_equal(ep_batch_copy_text(batch, row, C_RAW, (ep_str){0}, NULL), EP_OK);
    memset(source, 'x', 6);
    assert_cell(batch, row, C_NAME, "seller");
    assert_cell(batch, row, C_RAW, ""); /* an empty text is a value */
    ep_batch_free(&batch);
}

static void a_dropped_row_leaves_nothing(void **state) {
    (void)state;
    ep_batch *batch = new_batch(4);
    ep_batch_drop_row(batch);
    assert_int_equal(batch->n_rows, 0);
    size_t row = add_row(batch);
    ep_batch_set_i64(batch, row, C_N, 1);
    row = add_row(batch);
    ep_batch_set_i64(batch, row, C_N, 2);
    ep_batch_set_null(batch, row, C_NAME);
    ep_batch_drop_row(batch);
    assert_int_equal(batch->n_rows, 1);
    row = add_row(batch);
    assert_int_equal(ep_batch_get(batch, row, C_N).state, EP_ABSENT);
    assert_int_equal(ep_batch_get(batch, row, C_NAME).state, EP_ABSENT);
    assert_cell(batch, 0, C_N, "1");
    ep_batch_free(&batch);
}

static void a_reset_batch_is_like_new(void **state) {
    (void)state;
    ep_batch *batch = new_batch(4);
    for (int i = 0; i < 20; i++) {
        size_t row = add_row(batch);
        for (size_t column = 0; column < N_COLUMNS; column++)
            ep_batch_set_null(batch, row, column);
        assert_int_equal(ep_batch_copy_text(batch, row, C_NAME, EP_STR("text"), NULL), EP_OK);
    }
    ep_batch_seal(batch);
    assert_true(batch->sealed);
    ep_batch_reset(batch);
    assert_false(batch->sealed);
    assert_int_equal(batch->n_rows, 0);
    assert_int_equal(batch->arena.used_bytes, 0);
    for (int i = 0; i < 50; i++) {
        size_t row = add_row(batch);
        for (size_t column = 0; column < N_COLUMNS; column++)
            assert_int_equal(ep_batch_get(batch, row, column).state, EP_ABSENT);
    }
    ep_batch_free(&batch);
}

static void a_schema_may_be_empty(void **state) {
    (void)state;
    static const ep_schema none = {NULL, 0};
    ep_batch *batch = NULL;
    assert_int_equal(ep_batch_new(&none, 1, &batch, NULL), EP_OK);
    for (int i = 0; i < 10; i++)
        add_row(batch);
    assert_int_equal(batch->n_rows, 10);
    ep_batch_free(&batch);
}

/* One integer, one wide decimal and one text column against plain arrays, under every operation. */
static void a_batch_is_like_plain_arrays(void **state) {
    (void)state;
    enum { MAX_ROWS = 400 };
    static int64_t numbers[MAX_ROWS];
    static uint8_t states[MAX_ROWS];
    test_random random = test_random_new();
    ep_batch *batch = new_batch(1);
    size_t n_rows = 0;
    for (int step = 0; step < 20000; step++) {
        uint64_t what = test_random_below(&random, 100);
        size_t row = n_rows ? test_random_below(&random, n_rows) : 0;
        if (what < 40 && n_rows < MAX_ROWS) {
            states[n_rows++] = EP_ABSENT;
            add_row(batch);
        } else if (what < 55 && n_rows > 0) {
            n_rows--;
            ep_batch_drop_row(batch);
        } else if (what < 90 && n_rows > 0) {
            char text[24];
            numbers[row] = (int64_t)test_random_next(&random);
            states[row] = EP_VALUE;
            int len = snprintf(text, sizeof text, "%" PRId64, numbers[row]);
            ep_batch_set_i64(batch, row, C_N, numbers[row]);
            ep_batch_set_i128(batch, row, C_TOTAL, numbers[row]);
            assert_int_equal(ep_batch_copy_text(batch, row, C_NAME, (ep_str){text, (size_t)len}, NULL),
                             EP_OK);
        } else if (what < 99 && n_rows > 0) {
            states[row] = EP_NULL;
            ep_batch_set_null(batch, row, C_N);
            ep_batch_set_null(batch, row, C_TOTAL);
            ep_batch_set_null(batch, row, C_NAME);
        } else if (test_random_below(&random, 20) == 0) {
            n_rows = 0;
            ep_batch_reset(batch);
        }
        assert_int_equal(batch->n_rows, n_rows);
        if (step % 50 != 0)
            continue;
        for (size_t i = 0; i < n_rows; i++) {
            char text[24];
            ep_value number = ep_batch_get(batch, i, C_N), total = ep_batch_get(batch, i, C_TOTAL),
                     name = ep_batch_get(batch, i, C_NAME);
            assert_int_equal(number.state, states[i]);
            assert_int_equal(total.state, states[i]);
            assert_int_equal(name.state, states[i]);
            if (states[i] != EP_VALUE)
                continue;
            snprintf(text, sizeof text, "%" PRId64, numbers[i]);
            assert_true(number.i64 == numbers[i] && total.i128 == numbers[i] && ep_str_is(name.text, text));
        }
    }
    ep_batch_free(&batch);
}

static ep_code build(ep_batch **ret, ep_error *err) {
    EP_TRY(ep_batch_new(&schema, 2, ret, err));
    for (int i = 0; i < 9; i++) {
        EP_TRY(ep_batch_add_row(*ret, err));
        size_t row = (*ret)->n_rows - 1;
        ep_batch_set_i64(*ret, row, C_N, i);
        ep_batch_set_i128(*ret, row, C_TOTAL, i);
        EP_TRY(ep_batch_copy_text(*ret, row, C_NAME, EP_STR("a text to copy"), err));
    }
    return EP_OK;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    bool passed = false;
    int n = 0;
    while (!passed) {
        ep_batch *batch = NULL;
        ep_error err = {0};
        ep_mem_fail_after(++n);
        ep_code code = build(&batch, &err);
        ep_mem_fail_after(0);
        passed = code == EP_OK;
        assert_true(passed || (code == EP_E_NOMEM && err.action == EP_RETRY && err.text[0]));
        /* What was there before the failure is still there, and the batch goes on. */
        for (size_t row = 0; batch && row < batch->n_rows; row++)
            assert_true(ep_batch_get(batch, row, C_TOTAL).i128 == (ep_int128)row);
        for (int i = 0; batch && i < 20; i++)
            assert_int_equal(ep_batch_get(batch, add_row(batch), C_SOLD).state, EP_ABSENT);
        ep_batch_free(&batch);
    }
    assert_in_range(n, 2 + 4 * 2 * N_COLUMNS, 2 + 4 * 2 * N_COLUMNS + 10);
}

static void a_batch_no_memory_holds_is_refused(void **state) {
    (void)state;
    ep_batch *batch = NULL;
    assert_int_equal(ep_batch_new(&schema, SIZE_MAX / 4, &batch, NULL), EP_E_NOMEM);
    assert_null(batch);
}

static void types_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"text", "boolean", "integer",   "decimal",
                                        "date", "time",    "timestamp", "blob"};
    for (int type = 0; type < EP_N_TYPES; type++)
        assert_string_equal(ep_type_name((ep_type)type), names[type]);
    assert_string_equal(ep_type_name(EP_N_TYPES), "unknown");
}

static void assert_text(ep_value value, const char *expected) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    ep_buf_puts(&buf, "");
    ep_value_put(&buf, &value);
    assert_string_equal(buf.data, expected);
    assert_int_equal(buf.len, strlen(expected));
}

static void values_have_one_canonical_text(void **state) {
    (void)state;
    char bytes[100], hex[201];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7);
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)(i * 7));
    }
    assert_text(ep_v_blob((ep_str){bytes, sizeof bytes}), hex);
    assert_text(ep_v_text(EP_STR("x")), "x");
    assert_text(ep_v_cstr("x"), "x");
    assert_text(ep_v_int(-5), "-5");
    assert_text(ep_v_bool(true), "true");
    assert_text(ep_v_bool(false), "false");
    assert_text(ep_v_ts(EP_TS_MIN), "0001-01-01 00:00:00.000000");
    assert_text(ep_v_ts(EP_TS_MAX), "9999-12-31 23:59:59.999999");
    assert_text(ep_v_ts(-1), "1969-12-31 23:59:59.999999");
    assert_text(ep_v_date(20513), "2026-03-01");
    assert_text(ep_v_decimal(-5, 38, 8), "-0.00000005");
    assert_text(ep_v_decimal(5, 4, 0), "5");
    assert_text(ep_v_null(EP_T_INT), "");
    assert_int_equal(ep_v_cstr(NULL).state, EP_NULL);
    assert_int_equal(ep_v_cstr(NULL).type, EP_T_TEXT);
    assert_int_equal(ep_v_null(EP_T_DATE).type, EP_T_DATE);
    assert_int_equal(ep_v_text((ep_str){0}).state, EP_VALUE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_row_is_absent_everywhere),
        cmocka_unit_test(cells_of_every_type),
        cmocka_unit_test(a_batch_tells_its_memory_and_leaves_little_of_it_idle),
        cmocka_unit_test(null_and_absent_differ_and_print_nothing),
        cmocka_unit_test(copied_texts_outlive_their_source),
        cmocka_unit_test(a_dropped_row_leaves_nothing),
        cmocka_unit_test(a_reset_batch_is_like_new),
        cmocka_unit_test(a_schema_may_be_empty),
        cmocka_unit_test(a_batch_is_like_plain_arrays),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_batch_no_memory_holds_is_refused),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(values_have_one_canonical_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
