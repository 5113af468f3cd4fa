#include "postgres_fixture.h"

#include <pthread.h>

/* Rows into the store and out of it: parameters, results, batches, streams. What both engines promise is tested on both. */

#define ROW_GROUP 122880 /* of DuckDB */

static const ep_column_def all_columns[] = {
    {"c_text", EP_T_TEXT, 0, 0},      {"c_bool", EP_T_BOOL, 0, 0},    {"c_int", EP_T_INT, 0, 0},
    {"c_dec4", EP_T_DECIMAL, 4, 1},   {"c_dec9", EP_T_DECIMAL, 9, 0}, {"c_dec18", EP_T_DECIMAL, 18, 4},
    {"c_dec38", EP_T_DECIMAL, 38, 8}, {"c_date", EP_T_DATE, 0, 0},    {"c_time", EP_T_TIME, 0, 0},
    {"c_ts", EP_T_TIMESTAMP, 0, 0},   {"c_blob", EP_T_BLOB, 0, 0},
};
static const ep_schema all = {all_columns, N_OF(all_columns)};

static void put_table(ep_store *store, const char *head, const ep_schema *schema) {
    ep_buf sql = {0};
    ep_buf_printf(&sql, "%s(", head);
    for (size_t i = 0; i < schema->n_columns; i++) {
        ep_buf_printf(&sql, "%s%s ", i > 0 ? ", " : "", schema->columns[i].name);
        ep_store_put_type(store, &schema->columns[i], &sql);
    }
    ep_buf_puts(&sql, ")");
    exec(store, sql.data);
    ep_buf_done(&sql);
}

static ep_batch *new_batch(const ep_schema *schema, size_t n_rows) {
    ep_batch *batch = NULL;
    must(ep_batch_new(schema, n_rows > 0 ? n_rows : 1, &batch, err));
    for (size_t i = 0; i < n_rows; i++)
        must(ep_batch_add_row(batch, err));
    return batch;
}

/* The extremes of every type. */
static ep_value low[N_OF(all_columns)], high[N_OF(all_columns)];

static void make_extremes(void) {
    static const char blob[] = {0, 1, (char)255, '\'', 0};
    const ep_value lows[] = {
        ep_v_text(EP_STR("")),
        ep_v_bool(false),
        ep_v_int(INT64_MIN),
        ep_v_decimal(-9999, 4, 1),
        ep_v_decimal(-999999999, 9, 0),
        ep_v_decimal(-(ep_pow10(18) - 1), 18, 4),
        ep_v_decimal(-(ep_pow10(38) - 1), 38, 8),
        ep_v_date(ep_days_from_civil(1, 1, 1)),
        {.type = EP_T_TIME, .state = EP_VALUE, .i64 = 0},
        ep_v_ts(EP_TS_MIN),
        ep_v_blob(EP_STR("")),
    };
    const ep_value highs[] = {
        ep_v_text(EP_STR("d\xc3\xa9j\xc3\xa0 vu \xf0\x9f\x98\x80 longer than twelve bytes")),
        ep_v_bool(true),
        ep_v_int(INT64_MAX),
        ep_v_decimal(9999, 4, 1),
        ep_v_decimal(999999999, 9, 0),
        ep_v_decimal(ep_pow10(18) - 1, 18, 4),
        ep_v_decimal(ep_pow10(38) - 1, 38, 8),
        ep_v_date(ep_days_from_civil(9999, 12, 31)),
        {.type = EP_T_TIME, .state = EP_VALUE, .i64 = EP_DAY_US - 1},
        ep_v_ts(EP_TS_MAX),
        ep_v_blob((ep_str){blob, sizeof blob}),
    };
    memcpy(low, lows, sizeof low);
    memcpy(high, highs, sizeof high);
}

static void put_value(ep_batch *batch, size_t row, size_t column, const ep_value *value) {
    if (value->state == EP_NULL)
        ep_batch_set_null(batch, row, column);
    else if (value->type == EP_T_TEXT || value->type == EP_T_BLOB)
        ep_batch_set_text(batch, row, column, value->text);
    else if (value->type == EP_T_DECIMAL)
        ep_batch_set_i128(batch, row, column, value->i128);
    else
        ep_batch_set_i64(batch, row, column, value->i64);
}

static void assert_value(ep_value got, ep_value expected, const char *what) {
    if (got.type != expected.type || got.state != expected.state || got.precision != expected.precision ||
        got.scale != expected.scale)
        fail_msg("%s: %s/%d(%d,%d), not %s/%d(%d,%d)", what, ep_type_name(got.type), got.state, got.precision,
                 got.scale, ep_type_name(expected.type), expected.state, expected.precision, expected.scale);
    if (got.state != EP_VALUE)
        return;
    if (got.type == EP_T_TEXT || got.type == EP_T_BLOB ? !ep_str_eq(got.text, expected.text)
        : got.type == EP_T_DECIMAL                     ? got.i128 != expected.i128
                                                       : got.i64 != expected.i64)
        fail_msg("%s: another value", what);
}

/* A NULL of a column, as a cursor gives it. */
static ep_value null_of(const ep_column_def *column) {
    ep_value value = ep_v_null(column->type);
    value.precision = column->precision;
    value.scale = column->scale;
    return value;
}

static void assert_row(ep_cursor *cursor, const ep_value *expected) {
    bool row = false;
    must(ep_cursor_next(cursor, &row, err));
    assert_true(row);
    for (size_t c = 0; c < all.n_columns; c++)
        assert_value(ep_cursor_get(cursor, c), expected ? expected[c] : null_of(&all_columns[c]),
                     all_columns[c].name);
}

static void assert_end(ep_cursor *cursor) {
    bool row = true;
    for (int i = 0; i < 2; i++) {
        must(ep_cursor_next(cursor, &row, err));
        assert_false(row);
    }
}

static void every_type_comes_back_by_batch(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &all);
    ep_batch *batch = new_batch(&all, 4);
    for (size_t c = 0; c < all.n_columns; c++) {
        put_value(batch, 0, c, &low[c]);
        put_value(batch, 1, c, &high[c]);
        ep_batch_set_null(batch, 2, c);
        /* row 3 stays absent */
    }
    must_fail(EP_E_BUG, ep_store_append(store, "t", batch, NULL, 0, err));
    ep_batch_seal(batch);
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    must(ep_store_query(store, "SELECT * FROM t ORDER BY c_int NULLS LAST", NULL, 0, &cursor, err));
    assert_int_equal(ep_cursor_n_columns(cursor), all.n_columns);
    for (size_t c = 0; c < all.n_columns; c++) {
        ep_column_def def = ep_cursor_column(cursor, c);
        assert_string_equal(ep_cursor_column_name(cursor, c), all_columns[c].name);
        assert_int_equal(def.type, all_columns[c].type);
        assert_int_equal(def.precision, all_columns[c].precision);
        assert_int_equal(def.scale, all_columns[c].scale);
    }
    assert_row(cursor, low);
    assert_row(cursor, high);
    assert_row(cursor, NULL);
    assert_row(cursor, NULL);
    assert_end(cursor);
    ep_cursor_close(&cursor);
    /* What the engine itself makes of them. */
    assert_text(store, "SELECT max(c_dec38)::VARCHAR FROM t", "999999999999999999999999999999.99999999");
    assert_text(store, "SELECT min(c_dec4)::VARCHAR FROM t", "-999.9");
    assert_text(store, "SELECT min(c_dec18)::VARCHAR FROM t", "-99999999999999.9999");
    assert_text(store, "SELECT max(c_ts)::VARCHAR FROM t", "9999-12-31 23:59:59.999999");
    assert_text(store, "SELECT min(c_date)::VARCHAR FROM t", "0001-01-01");
    assert_text(store, "SELECT max(c_time)::VARCHAR FROM t", "23:59:59.999999");
    assert_text(store, "SELECT hex(c_blob) FROM t WHERE c_bool", "0001FF2700");
    ep_batch_free(&batch);
    ep_store_close(&store);
}

static void every_type_comes_back_by_parameter(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    ep_value nulls[N_OF(all_columns)];
    const char *insert = "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &all);
    for (size_t c = 0; c < all.n_columns; c++)
        nulls[c] = ep_v_null(all_columns[c].type);
    must(ep_store_run(store, insert, low, N_OF(low), NULL, err));
    must(ep_store_run(store, insert, high, N_OF(high), NULL, err));
    must(ep_store_run(store, insert, nulls, N_OF(nulls), NULL, err));
    must(ep_store_query(store, "SELECT * FROM t ORDER BY c_int NULLS LAST", NULL, 0, &cursor, err));
    assert_row(cursor, low);
    assert_row(cursor, high);
    assert_row(cursor, NULL);
    assert_end(cursor);
    ep_cursor_close(&cursor);
    /* Straight back, without a table. */
    must(ep_store_query(
        store,
        "SELECT $1, $2, $3, $4::DECIMAL(4,1), $5::DECIMAL(9,0), $6::DECIMAL(18,4), $7::DECIMAL(38,8), $8, $9, $10, $11",
        high, N_OF(high), &cursor, err));
    assert_row(cursor, high);
    ep_cursor_close(&cursor);
    ep_store_close(&store);
}

static void wrong_parameters_are_refused(void **state) {
    (void)state;
    const ep_value values[] = {
        ep_v_text(EP_STR("\xff secret")),
        ep_v_text((ep_str){"a\0b", 3}),
        ep_v_decimal(10000, 4, 1),
        ep_v_decimal(1, 0, 0),
        ep_v_decimal(1, 39, 0),
        ep_v_decimal(1, 4, 5),
        {.type = EP_T_DATE, .state = EP_VALUE, .i64 = INT64_MAX},
    };
    ep_store *store = open_store("");
    for (size_t i = 0; i < N_OF(values); i++)
        must_fail(EP_E_ARG, ep_store_run(store, "SELECT $1", &values[i], 1, NULL, err));
    assert_non_null(strstr(last_error.text, "SELECT: parameter 1 is no valid date"));
    ep_store_close(&store);
}

/* Results of types that are none of ours */

static void results_are_in_our_terms(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        ep_type type;
        int precision, scale;
        const char *text; /* as ep_value_put() writes it */
    } rows[] = {
        {"SELECT (-128)::TINYINT", EP_T_INT, 0, 0, "-128"},
        {"SELECT (-32768)::SMALLINT", EP_T_INT, 0, 0, "-32768"},
        {"SELECT (-2147483648)::INTEGER", EP_T_INT, 0, 0, "-2147483648"},
        {"SELECT 255::UTINYINT", EP_T_INT, 0, 0, "255"},
        {"SELECT 65535::USMALLINT", EP_T_INT, 0, 0, "65535"},
        {"SELECT 4294967295::UINTEGER", EP_T_INT, 0, 0, "4294967295"},
        {"SELECT 18446744073709551615::UBIGINT", EP_T_DECIMAL, 20, 0, "18446744073709551615"},
        {"SELECT sum(a) FROM (VALUES (9223372036854775807), (1)) t(a)", EP_T_DECIMAL, 38, 0,
         "9223372036854775808"},
        {"SELECT -99999999999999999999999999999999999999::HUGEINT", EP_T_DECIMAL, 38, 0,
         "-99999999999999999999999999999999999999"},
        {"SELECT 340282366920938463463374607431768211455::UHUGEINT", EP_T_TEXT, 0, 0,
         "340282366920938463463374607431768211455"},
        {"SELECT count(*)", EP_T_INT, 0, 0, "1"},
        {"SELECT NULL", EP_T_INT, 0, 0, NULL},
        {"SELECT 0.1::DOUBLE", EP_T_TEXT, 0, 0, "0.1"},
        {"SELECT 0.1::DOUBLE + 0.2::DOUBLE", EP_T_TEXT, 0, 0, "0.30000000000000004"},
        {"SELECT 0.1::FLOAT", EP_T_TEXT, 0, 0, "0.1"},
        {"SELECT 16777216::FLOAT", EP_T_TEXT, 0, 0, "16777216"},
        {"SELECT 1e300::DOUBLE", EP_T_TEXT, 0, 0, "1e+300"},
        {"SELECT 'nan'::DOUBLE", EP_T_TEXT, 0, 0, "nan"},
        {"SELECT '-inf'::DOUBLE", EP_T_TEXT, 0, 0, "-inf"},
        {"SELECT 'b'::ENUM ('a', 'b')", EP_T_TEXT, 0, 0, "b"},
        {"SELECT NULL::ENUM ('a', 'b')", EP_T_TEXT, 0, 0, NULL},
        {"SELECT TIMESTAMP_S '2026-03-01 12:34:56'", EP_T_TIMESTAMP, 0, 0, "2026-03-01 12:34:56.000000"},
        {"SELECT TIMESTAMP_MS '2026-03-01 12:34:56.123'", EP_T_TIMESTAMP, 0, 0, "2026-03-01 12:34:56.123000"},
        {"SELECT TIMESTAMP_NS '1926-03-01 12:34:56.123456789'", EP_T_TIMESTAMP, 0, 0,
         "1926-03-01 12:34:56.123456"},
        {"SELECT TIMESTAMPTZ '2026-03-01 12:34:56.123456+02'", EP_T_TIMESTAMP, 0, 0,
         "2026-03-01 10:34:56.123456"},
        {"SELECT TIMESTAMP 'infinity'", EP_T_TIMESTAMP, 0, 0, "9999-12-31 23:59:59.999999"},
        {"SELECT TIMESTAMP '-infinity'", EP_T_TIMESTAMP, 0, 0, "0001-01-01 00:00:00.000000"},
        {"SELECT 'infinity'::TIMESTAMP_S", EP_T_TIMESTAMP, 0, 0, "9999-12-31 23:59:59.999999"},
        {"SELECT '-infinity'::TIMESTAMP_MS", EP_T_TIMESTAMP, 0, 0, "0001-01-01 00:00:00.000000"},
        {"SELECT '-infinity'::TIMESTAMP_NS", EP_T_TIMESTAMP, 0, 0, "0001-01-01 00:00:00.000000"},
        {"SELECT 'infinity'::TIMESTAMP_NS", EP_T_TIMESTAMP, 0, 0, "9999-12-31 23:59:59.999999"},
        {"SELECT DATE 'infinity'", EP_T_DATE, 0, 0, "9999-12-31"},
        {"SELECT DATE '-infinity'", EP_T_DATE, 0, 0, "0001-01-01"},
        {"SELECT [1, NULL, 3]", EP_T_TEXT, 0, 0, "[1, NULL, 3]"},
        {"SELECT {'a': 1, 'b': 'x'} -- a comment", EP_T_TEXT, 0, 0, "{'a': 1, 'b': x}"},
        {"SELECT MAP {'k': 1};", EP_T_TEXT, 0, 0, "{k=1}"},
        {"SELECT '0f8fad5b-d9cb-469f-a165-70867728950e'::UUID ; ", EP_T_TEXT, 0, 0,
         "0f8fad5b-d9cb-469f-a165-70867728950e"},
        {"SELECT INTERVAL 3 DAY", EP_T_TEXT, 0, 0, "3 days"},
        {"SELECT '101'::BIT", EP_T_TEXT, 0, 0, "101"},
        {"WITH a AS (SELECT [$$x$$] l) SELECT l FROM a", EP_T_TEXT, 0, 0, "[x]"},
        {"SELECT '{\"a\": 1}'::JSON", EP_T_TEXT, 0, 0, "{\"a\": 1}"},
        {"PRAGMA version", EP_T_TEXT, 0, 0, "v1.5"},
    };
    ep_store *store = open_store("");
    for (size_t i = 0; i < N_OF(rows); i++) {
        ep_cursor *cursor = NULL;
        ep_buf text = {0};
        bool row = false;
        must(ep_store_query(store, rows[i].sql, NULL, 0, &cursor, err));
        must(ep_cursor_next(cursor, &row, err));
        assert_true(row);
        ep_value value = ep_cursor_get(cursor, 0);
        ep_value_put(&text, &value);
        if (value.type != rows[i].type || value.precision != rows[i].precision ||
            value.scale != rows[i].scale)
            fail_msg("%s: %s(%d,%d)", rows[i].sql, ep_type_name(value.type), value.precision, value.scale);
        if ((value.state == EP_VALUE) != (rows[i].text != NULL) ||
            (rows[i].text && strncmp(text.data, rows[i].text, i + 1 < N_OF(rows) ? text.len : 4) != 0))
            fail_msg("%s: %s", rows[i].sql, text.data);
        ep_buf_done(&text);
        ep_cursor_close(&cursor);
    }
    ep_store_close(&store);
}

static void a_result_of_text_columns_keeps_order_and_names(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    bool row = false;
    ep_value limit = ep_v_int(50000);
    ep_store *store = open_store("");
    must(ep_store_query(store, "SELECT [i] l, -i AS \"a \"\"b\", i AS l FROM range($1) r(i) ORDER BY i DESC",
                        &limit, 1, &cursor, err));
    assert_int_equal(ep_cursor_n_columns(cursor), 3);
    assert_string_equal(ep_cursor_column_name(cursor, 0), "l");
    assert_string_equal(ep_cursor_column_name(cursor, 1), "a \"b");
    assert_string_equal(ep_cursor_column_name(cursor, 2), "l");
    for (int64_t i = 50000; i-- > 0;) {
        must(ep_cursor_next(cursor, &row, err));
        assert_true(row);
        assert_int_equal(ep_cursor_get(cursor, 1).i64, -i);
    }
    assert_end(cursor);
    ep_cursor_close(&cursor);
    exec(store, "CREATE TABLE t(a INTEGER[])");
    must_fail(EP_E_ARG,
              ep_store_query(store, "INSERT INTO t VALUES ([1]) RETURNING a", NULL, 0, &cursor, err));
    assert_null(cursor);
    /* More digits than our decimals have. */
    must(ep_store_query(store, "SELECT 170141183460469231731687303715884105727::HUGEINT", NULL, 0, &cursor,
                        err));
    must_fail(EP_E_STORE, ep_cursor_next(cursor, &row, err));
    ep_cursor_close(&cursor);
    ep_store_close(&store);
}

static void one_cell_is_read_directly(void **state) {
    (void)state;
    int64_t n = 0;
    ep_buf text = {0};
    ep_store *store = open_store("");
    assert_int_equal(get_int(store, "SELECT true"), 1);
    assert_int_equal(get_int(store, "SELECT sum(range) FROM range(5)"), 10);
    assert_int_equal(get_int(store, "SELECT range FROM range(1000000)"), 0);
    must_fail(EP_E_NOT_FOUND, ep_store_get_int(store, "SELECT 1 WHERE false", NULL, 0, &n, err));
    must_fail(EP_E_NOT_FOUND, ep_store_get_int(store, "SELECT NULL::BIGINT", NULL, 0, &n, err));
    must_fail(EP_E_NOT_FOUND, ep_store_get_text(store, "SELECT NULL", NULL, 0, &text, err));
    must_fail(EP_E_BUG, ep_store_get_int(store, "SELECT 'x'", NULL, 0, &n, err));
    must_fail(EP_E_BUG, ep_store_get_int(store, "SELECT 1.5", NULL, 0, &n, err));
    must_fail(EP_E_STORE, ep_store_get_int(store, "SELECT none", NULL, 0, &n, err));
    assert_text(store, "SELECT 'a' || chr(10) || 'b'", "a\nb");
    assert_text(store, "SELECT 12.50::DECIMAL(6,2)", "12.50");
    ep_buf_done(&text);
    ep_store_close(&store);
}

/* Cursors */

static int64_t resident_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A gigabyte passes through. */
static void a_long_result_needs_little_memory(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    bool row = true;
    int64_t n = 0, sum = 0, most = 0, before = resident_kb();
    ep_store *store = open_store("");
    must(
        ep_store_query(store, "SELECT i, repeat('x', 1000) FROM range(1000000) r(i)", NULL, 0, &cursor, err));
    for (;;) {
        must(ep_cursor_next(cursor, &row, err));
        if (!row)
            break;
        n++;
        sum += ep_cursor_get(cursor, 0).i64;
        assert_int_equal(ep_cursor_get(cursor, 1).text.len, 1000);
        if (n % 50000 == 0 && resident_kb() - before > most)
            most = resident_kb() - before;
    }
    ep_cursor_close(&cursor);
    assert_int_equal(n, 1000000);
    assert_int_equal(sum, INT64_C(999999) * 500000);
    /* Most of it is the quarantine of the address sanitizer. */
    assert_true(most < 450 * 1024);
    ep_store_close(&store);
}

static void an_error_within_a_result_is_no_end(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    bool row = true;
    int64_t n = 0;
    ep_error err = {0};
    ep_store *store = open_store("");
    assert_int_equal(ep_store_begin(store, &err), EP_OK);
    assert_int_equal(
        ep_store_query(
            store,
            "SELECT (CASE WHEN i = 900000 THEN 'secret' ELSE '1' END)::BIGINT FROM range(1000000) r(i)", NULL,
            0, &cursor, &err),
        EP_OK);
    ep_code code;
    while ((code = ep_cursor_next(cursor, &row, &err)) == EP_OK && row)
        n++;
    assert_int_equal(code, EP_E_RECORD);
    assert_true(n <= 900000);
    assert_null(strstr(err.text, "secret"));
    assert_non_null(strstr(err.text, "SELECT"));
    ep_cursor_close(&cursor);
    assert_int_equal(ep_store_commit(store, &err), EP_E_RECORD);
    assert_int_equal(get_int(store, "SELECT 1"), 1);
    ep_store_close(&store);
}

static void an_interrupt_within_a_result_is_no_end(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    bool row = true;
    ep_code code = EP_OK;
    int64_t n = 0;
    ep_error err = {0};
    ep_store *store = open_store("");
    assert_int_equal(
        ep_store_query(store, "SELECT i, repeat('x', 100) FROM range(20000000) r(i)", NULL, 0, &cursor, &err),
        EP_OK);
    while (code == EP_OK && row) {
        code = ep_cursor_next(cursor, &row, &err);
        if (++n == 5000)
            ep_store_interrupt(store);
    }
    assert_int_equal(code, EP_E_CANCELLED);
    ep_cursor_close(&cursor);
    assert_int_equal(get_int(store, "SELECT 1"), 1);
    ep_store_close(&store);
}

static void a_result_holds_the_store(void **state) {
    (void)state;
    ep_cursor *cursor = NULL, *second = NULL;
    bool row = false;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(a BIGINT)");
    must(ep_store_begin(store, err));
    must(ep_store_query(store, "SELECT * FROM range(100000)", NULL, 0, &cursor, err));
    must(ep_cursor_next(cursor, &row, err));
    must_fail(EP_E_BUG, ep_store_query(store, "SELECT 1", NULL, 0, &second, err));
    must_fail(EP_E_BUG, ep_store_exec(store, "INSERT INTO t VALUES (1)", err));
    must_fail(EP_E_BUG, ep_store_checkpoint(store, err));
    must(ep_cursor_next(cursor, &row, err));
    assert_int_equal(ep_cursor_get(cursor, 0).i64, 1);
    /* Rolling back takes the result away. */
    ep_store_rollback(store);
    must_fail(EP_E_BUG, ep_cursor_next(cursor, &row, err));
    assert_int_equal(ep_cursor_get(cursor, 0).state, EP_NULL);
    exec(store, "INSERT INTO t VALUES (1)");
    ep_cursor_close(&cursor);
    ep_cursor_close(&cursor);
    ep_cursor_close(NULL);
    /* So does closing the store. */
    must(ep_store_query(store, "SELECT * FROM range(100000)", NULL, 0, &cursor, err));
    must(ep_cursor_next(cursor, &row, err));
    ep_store_close(&store);
    must_fail(EP_E_BUG, ep_cursor_next(cursor, &row, err));
    assert_string_equal(ep_cursor_column_name(cursor, 0), "range");
    ep_cursor_close(&cursor);
}

/* Batches */

static const ep_column_def event_columns[] = {
    {"id", EP_T_INT, 0, 0},
    {"name", EP_T_TEXT, 0, 0},
    {"price", EP_T_DECIMAL, 18, 4},
};
static const ep_schema events = {event_columns, N_OF(event_columns)};

/* Row i: id first + i; name NULL for every 7th id, else short or long; price id / 4. */
static ep_batch *make_events(int64_t first, size_t n) {
    char name[64];
    ep_batch *batch = new_batch(&events, n);
    for (size_t i = 0; i < n; i++) {
        int64_t id = first + (int64_t)i;
        ep_batch_set_i64(batch, i, 0, id);
        snprintf(name, sizeof name, id % 3 ? "n%d" : "a name of many letters %d", (int)id);
        if (id % 7)
            must(ep_batch_copy_text(batch, i, 1, ep_str_from(name), err));
        ep_batch_set_i128(batch, i, 2, (ep_int128)id * 2500);
    }
    ep_batch_seal(batch);
    return batch;
}

/* The rows of t are make_events(0, n), computed again by the engine. */
static void assert_events(ep_store *store, int64_t n) {
    ep_value value = ep_v_int(n);
    int64_t wrong = -1;
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), n);
    must(ep_store_get_int(
        store,
        "SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT i,"
        " CASE WHEN i % 7 = 0 THEN NULL WHEN i % 3 = 0 THEN 'a name of many letters ' || i ELSE 'n' || i END,"
        " (i::DECIMAL(18,4) * 0.25)::DECIMAL(18,4) FROM range($1) r(i)) d",
        &value, 1, &wrong, err));
    assert_int_equal(wrong, 0);
    assert_int_equal(get_int(store, "SELECT count(DISTINCT id) FROM t"), n);
}

static void batches_of_any_size_arrive(void **state) {
    (void)state;
    static const size_t sizes[] = {0,     1, 63, 64, 65, 2047, 2048, 2049, 5000, ROW_GROUP, ROW_GROUP + 1,
                                   300000};
    for (size_t i = 0; i < N_OF(sizes); i++) {
        if (locate != in_file && sizes[i] > ROW_GROUP)
            break; /* beyond the other engine's row group nothing is special */
        ep_store *store = open_store("");
        put_table(store, "CREATE TABLE t", &events);
        ep_batch *batch = make_events(0, sizes[i]);
        must(ep_store_append(store, "t", batch, NULL, 0, err));
        assert_events(store, (int64_t)sizes[i]);
        ep_batch_free(&batch);
        ep_store_close(&store);
    }
}

static void chosen_rows_arrive(void **state) {
    (void)state;
    uint32_t rows[10000];
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    ep_batch *batch = make_events(0, 20000);
    must(ep_store_append(store, "t", batch, rows, 0, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    /* All rows in two goes, the odd ones backwards. */
    for (uint32_t i = 0; i < 10000; i++)
        rows[i] = 2 * i;
    must(ep_store_append(store, "t", batch, rows, 10000, err));
    for (uint32_t i = 0; i < 10000; i++)
        rows[i] = 19999 - 2 * i;
    must(ep_store_append(store, "t", batch, rows, 10000, err));
    assert_events(store, 20000);
    ep_batch_free(&batch);
    ep_store_close(&store);
}

static void temporary_tables_come_first(void **state) {
    (void)state;
    ep_store *store = open_store("temp.db");
    put_table(store, "CREATE TABLE t", &events);
    put_table(store, "CREATE TEMP TABLE t", &events);
    put_table(store, "CREATE TABLE \"odd \"\"name\"", &events);
    ep_batch *batch = make_events(0, 3000);
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    assert_events(store, 3000);
    must(ep_store_append(store, "odd \"name", batch, NULL, 0, err));
    exec(store, ep_store_engine(store) == EP_ENGINE_DUCKDB ? "DROP TABLE temp.t" : "DROP TABLE pg_temp.t");
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    assert_events(store, 3000);
    ep_batch_free(&batch);
    ep_store_close(&store);
}

static void a_schema_may_be_named(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "CREATE SCHEMA books");
    put_table(store, "CREATE TABLE books.t", &events);
    put_table(store, "CREATE TABLE t", &events);
    ep_batch *batch = make_events(0, 10);
    must(ep_store_append(store, "books.t", batch, NULL, 0, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM books.t"), 10);
    must(ep_store_append(store, "main.t", batch, NULL, 0, err));
    assert_events(store, 10);
    must_fail(EP_E_STORE, ep_store_append(store, "none.t", batch, NULL, 0, err));
    must_fail(EP_E_STORE, ep_store_append(store, ".", batch, NULL, 0, err));
    ep_batch_free(&batch);
    ep_store_close(&store);
}

static void other_column_types_are_cast(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(id INTEGER, name ENUM ('n1', 'n2'), price VARCHAR)");
    ep_batch *batch = make_events(1, 2);
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    assert_text(store, "SELECT list(name || price ORDER BY id) FROM t", "[n10.2500, n20.5000]");
    ep_batch_free(&batch);
    batch = make_events(1, 3);
    must_fail(EP_E_STORE, ep_store_append(store, "t", batch, NULL, 0, err));
    assert_null(strstr(last_error.text, "many letters"));
    ep_batch_free(&batch);
    ep_store_close(&store);
}

static void values_out_of_range_never_arrive(void **state) {
    (void)state;
    static const ep_column_def columns[] = {
        {"c_text", EP_T_TEXT, 0, 0},    {"c_bool", EP_T_BOOL, 0, 0},      {"c_dec4", EP_T_DECIMAL, 4, 1},
        {"c_dec9", EP_T_DECIMAL, 9, 0}, {"c_dec18", EP_T_DECIMAL, 18, 4}, {"c_dec38", EP_T_DECIMAL, 38, 8},
        {"c_date", EP_T_DATE, 0, 0},    {"c_time", EP_T_TIME, 0, 0},      {"c_ts", EP_T_TIMESTAMP, 0, 0},
    };
    static const ep_schema schema = {columns, N_OF(columns)};
    const struct {
        size_t column;
        const char *text;
        int64_t i64;
        ep_int128 i128;
    } rows[] = {
        {0, "\xc3(", 0, 0},
        {0, "twelve bytes and \xed\xa0\x80", 0, 0},
        {0, "12345678\xff", 0, 0},
        {1, NULL, 2, 0},
        {2, NULL, 10000, 10000},
        {2, NULL, -10000, -10000},
        {3, NULL, 1000000000, 1000000000},
        {4, NULL, 0, ep_pow10(18)},
        {5, NULL, 0, ep_pow10(38)},
        {5, NULL, 0, -ep_pow10(38)},
        {6, NULL, INT64_MAX, 0},
        {6, NULL, EP_TS_MAX / EP_DAY_US + 1, 0},
        {7, NULL, -1, 0},
        {7, NULL, EP_DAY_US, 0},
        {8, NULL, INT64_MAX, 0},
        {8, NULL, EP_TS_MIN - 1, 0},
    };
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &schema);
    for (size_t i = 0; i < N_OF(rows); i++) {
        size_t c = rows[i].column;
        ep_batch *batch = new_batch(&schema, 2300);
        for (size_t row = 0; row < 2300; row++)
            if (row != 2222)
                ep_batch_set_null(batch, row, c);
        if (rows[i].text)
            ep_batch_set_text(batch, 2222, c, ep_str_from(rows[i].text));
        else if (columns[c].type == EP_T_DECIMAL)
            ep_batch_set_i128(batch, 2222, c, rows[i].i128);
        else
            ep_batch_set_i64(batch, 2222, c, rows[i].i64);
        ep_batch_seal(batch);
        must_fail(EP_E_ARG, ep_store_append(store, "t", batch, NULL, 0, err));
        assert_int_equal(last_error.row, 2222);
        assert_string_equal(last_error.field, columns[c].name);
        assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
        ep_batch_free(&batch);
    }
    ep_store_close(&store);
}

/* One row of the text, which lies in memory that ends with it. */
static ep_code append_text(ep_store *store, const char *text, size_t len, ep_error *err) {
    static const ep_column_def columns[] = {{"c_text", EP_T_TEXT, 0, 0}};
    static const ep_schema schema = {columns, 1};
    ep_batch *batch = new_batch(&schema, 1);
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    ep_batch_set_text(batch, 0, 0, (ep_str){exact, len});
    ep_batch_seal(batch);
    ep_code code = ep_store_append(store, "t", batch, NULL, 0, err);
    ep_batch_free(&batch);
    free(exact);
    return code;
}

/* Texts of every length, with a NUL, a byte that is no UTF-8 and a letter of two bytes at every place. */
static void every_byte_of_a_text_counts(void **state) {
    (void)state;
    enum { MOST = 21 };
    const char *letters = "abcdefghijklmnopqrstu";
    char text[MOST + 1];
    int64_t n_good = 0;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(c_text VARCHAR)");
    must(ep_store_begin(store, err));
    for (size_t len = 0; len <= MOST; len++, n_good++) {
        must(append_text(store, letters, len, err));
        for (size_t at = 0; at + 2 <= len; at++, n_good++) {
            memcpy(text, letters, len);
            memcpy(text + at, "\xc3\xa9", 2);
            must(append_text(store, text, len, err));
        }
    }
    must(ep_store_commit(store, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), n_good);
    assert_int_equal(get_int(store, "SELECT count(DISTINCT c_text) FROM t"), n_good);
    assert_int_equal(
        get_int(store,
                "SELECT count(*) FROM t WHERE c_text = substr('abcdefghijklmnopqrstu', 1, length(c_text))"),
        MOST + 1);
    assert_int_equal(
        get_int(
            store,
            "SELECT count(*) FROM t WHERE c_text LIKE '%\xc3\xa9%' AND c_text = "
            "substr('abcdefghijklmnopqrstu', 1, strpos(c_text, '\xc3\xa9') - 1) || '\xc3\xa9' || "
            "substr('abcdefghijklmnopqrstu', strpos(c_text, '\xc3\xa9') + 2, length(c_text) - strpos(c_text, '\xc3\xa9'))"),
        n_good - MOST - 1);
    for (size_t len = 1; len <= MOST; len++)
        for (size_t at = 0; at < len; at++)
            for (int bad = 0; bad < 2; bad++) {
                memcpy(text, letters, len);
                text[at] = bad ? '\xff' : '\0';
                must_fail(EP_E_ARG, append_text(store, text, len, err));
            }
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), n_good);
    ep_store_close(&store);
}

static void a_failed_append_leaves_nothing(void **state) {
    (void)state;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(id BIGINT PRIMARY KEY, name VARCHAR, price DECIMAL(18,4))");
    ep_batch *batch = make_events(0, 300000), *again = make_events(299999, 1);
    must(ep_store_append(store, "t", again, NULL, 0, err));
    /* More than the engine buffers, and the very last row is a duplicate. */
    must_fail(EP_E_RECORD, ep_store_append(store, "t", batch, NULL, 0, err));
    assert_non_null(strstr(last_error.text, "append to t"));
    assert_null(strstr(last_error.text, "299999"));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 1);
    must(ep_store_begin(store, err));
    must_fail(EP_E_RECORD, ep_store_append(store, "t", batch, NULL, 0, err));
    must_fail(EP_E_RECORD, ep_store_commit(store, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 1);
    must_fail(EP_E_STORE, ep_store_append(store, "none", batch, NULL, 0, err));
    exec(store, "CREATE TABLE narrow(id BIGINT)");
    must_fail(ep_store_engine(store) == EP_ENGINE_DUCKDB ? EP_E_ARG : EP_E_STORE,
              ep_store_append(store, "narrow", batch, NULL, 0, err));
    ep_batch_free(&batch);
    ep_batch_free(&again);
    ep_store_close(&store);
}

static void appends_belong_to_the_transaction(void **state) {
    (void)state;
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    ep_batch *batch = make_events(0, 250000), *rest = make_events(250000, 10);
    must(ep_store_begin(store, err));
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    ep_store_rollback(store);
    assert_events(store, 0);
    must(ep_store_begin(store, err));
    must(ep_store_append(store, "t", batch, NULL, 0, err));
    must(ep_store_append(store, "t", rest, NULL, 0, err));
    assert_events(store, 250010);
    must(ep_store_commit(store, err));
    assert_events(store, 250010);
    ep_batch_free(&batch);
    ep_batch_free(&rest);
    ep_store_close(&store);
}

/* Every allocation of ours fails once; nothing leaks, and the store goes on. */
static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    ep_batch *batch = make_events(0, 10);
    ep_value param = ep_v_int(1);
    int64_t n_failed = 0;
    for (int64_t n = 1; n_failed == n - 1; n++) {
        ep_store *store = NULL;
        ep_cursor *cursor = NULL;
        ep_error err = {0};
        bool row = false;
        ep_store_options options = {
            .location = in_folder("oom.db"), .allowed_folder = folder, .temp_folder = folder};
        ep_mem_fail_after(n);
        ep_code code = ep_store_open(&options, &store, &err);
        if (code == EP_OK)
            code = ep_store_exec(
                store, "CREATE OR REPLACE TABLE t(id BIGINT, name VARCHAR, price DECIMAL(18,4))", &err);
        if (code == EP_OK)
            code = ep_store_append(store, "t", batch, NULL, 0, &err);
        if (code == EP_OK)
            code = ep_store_query(store, "SELECT [id], 'a'::ENUM ('a') FROM t WHERE id >= $1", &param, 1,
                                  &cursor, &err);
        if (code == EP_OK)
            code = ep_cursor_next(cursor, &row, &err);
        ep_mem_fail_after(0);
        ep_cursor_close(&cursor);
        ep_store_close(&store);
        if (code == EP_E_NOMEM)
            n_failed++;
        else
            assert_int_equal(code, EP_OK);
    }
    assert_true(n_failed > 10);
    ep_batch_free(&batch);
}

/* Streams */

struct source {
    ep_batch *batches[40];
    size_t n_batches, next;
    int n_out, most_out, n_done;
    int64_t fail_at; /* -1: never */
    ep_code code;
    uint32_t *rows;
    size_t n_rows;
};

static ep_code next_batch(void *context, const ep_batch **ret, const uint32_t **rows, size_t *n_rows,
                          ep_error *err) {
    struct source *source = context;
    *ret = NULL;
    if (source->fail_at == (int64_t)source->next)
        return ep_fail(err, source->code, "the source says no");
    if (source->next == source->n_batches)
        return EP_OK;
    *ret = source->batches[source->next++];
    *rows = source->rows;
    *n_rows = source->n_rows;
    if (++source->n_out > source->most_out)
        source->most_out = source->n_out;
    return EP_OK;
}

static void batch_done(void *context, const ep_batch *batch) {
    struct source *source = context;
    source->n_out--;
    source->n_done++;
    /* From here on the batch may be used again: what is left in it must not matter. */
    for (size_t i = 0; i < batch->n_rows; i++)
        if (batch->columns[1].state[i] == EP_VALUE)
            memset((char *)(uintptr_t)batch->columns[1].text[i].ptr, '#', batch->columns[1].text[i].len);
}

static void free_batches(struct source *source) {
    for (size_t i = 0; i < source->n_batches; i++)
        ep_batch_free(&source->batches[i]);
}

static const ep_stream_source *stream_of(struct source *source) {
    static ep_stream_source stream;
    stream = (ep_stream_source){.schema = &events, .context = source, .next = next_batch, .done = batch_done};
    return &stream;
}

static struct source many_events(void) {
    struct source source = {.n_batches = 40, .fail_at = -1, .code = EP_E_UNAVAILABLE};
    for (size_t i = 0; i < source.n_batches; i++)
        source.batches[i] = make_events((int64_t)i * 10001, 10001);
    return source;
}

static void a_stream_inserts_each_row_once(void **state) {
    (void)state;
    for (int n_threads = 0; n_threads <= (locate == in_file ? 4 : 0); n_threads++) {
        int64_t n = 0;
        struct source source = many_events();
        ep_store *store = open_with((ep_store_options){.location = locate(""), .n_threads = 4});
        put_table(store, "CREATE TABLE t", &events);
        must(ep_store_begin(store, err));
        must(ep_store_insert_stream(store, "INSERT INTO t SELECT id, name, price FROM ep_stream()",
                                    stream_of(&source), n_threads, &n, err));
        assert_int_equal(n, 400040);
        assert_int_equal(source.n_done, 40);
        assert_int_equal(source.n_out, 0);
        if (n_threads == 1)
            assert_int_equal(source.most_out, 1);
        must(ep_store_commit(store, err));
        assert_events(store, 400040);
        free_batches(&source);
        ep_store_close(&store);
    }
}

/* Sorting and grouping keep rows back until after their batch is done. */
static void a_stream_can_be_sorted_and_filtered(void **state) {
    (void)state;
    int64_t n = 0;
    struct source source = many_events();
    ep_store *store = open_store("");
    put_table(store, "CREATE TEMP TABLE t", &events);
    must(ep_store_insert_stream(
        store,
        "INSERT INTO t SELECT min(id), name, max(price) FROM ep_stream() WHERE id >= 0 "
        "GROUP BY name, id ORDER BY name",
        stream_of(&source), 2, &n, err));
    assert_int_equal(n, 400040);
    assert_events(store, 400040);
    free_batches(&source);
    ep_store_close(&store);
}

static void a_stream_takes_chosen_rows_and_empty_batches(void **state) {
    (void)state;
    uint32_t rows[] = {6, 1, 3};
    int64_t n = 0;
    struct source source = {.n_batches = 3, .fail_at = -1, .rows = rows, .n_rows = 3};
    for (int i = 0; i < 3; i++)
        source.batches[i] = make_events(i * 10, 10);
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    const char *sql = "INSERT INTO t SELECT * FROM ep_stream()";
    must(ep_store_insert_stream(store, sql, stream_of(&source), 1, &n, err));
    assert_int_equal(n, 9);
    assert_text(store, "SELECT string_agg(id::VARCHAR, ' ' ORDER BY id) FROM t", "1 3 6 11 13 16 21 23 26");
    free_batches(&source);
    for (int i = 0; i < 3; i++)
        source.batches[i] = make_events(i * 10, i == 1 ? 1 : 0);
    source.next = 0;
    source.rows = NULL;
    source.n_done = 0;
    must(ep_store_insert_stream(store, sql, stream_of(&source), 2, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(source.n_done, 3);
    free_batches(&source);
    source = (struct source){.fail_at = -1};
    must(ep_store_insert_stream(store, sql, stream_of(&source), 2, &n, err));
    assert_int_equal(n, 0);
    ep_store_close(&store);
}

static bool half_is_enough(void *context) {
    const struct source *source = context;
    return source->next >= source->n_batches / 2;
}

/* What was taken is inserted, and of DuckDB's row groups at most the last one is not full. */
static void a_stream_ends_when_it_is_enough(void **state) {
    (void)state;
    for (int n_threads = 1; n_threads <= 2; n_threads++) {
        int64_t n = 0;
        struct source source = many_events();
        ep_stream_source stream = *stream_of(&source);
        stream.enough = half_is_enough;
        stream.side_by_side = true;
        ep_store *store = open_store("");
        put_table(store, "CREATE TABLE t", &events);
        must(ep_store_insert_stream(store, "INSERT INTO t SELECT id, name, price FROM ep_stream()", &stream,
                                    n_threads, &n, err));
        assert_int_equal(source.n_done, source.next);
        assert_in_range(source.next, 20, 39);
        assert_int_equal(n, (int64_t)source.next * 10001);
        assert_events(store, n);
        if (locate == in_file)
            assert_in_range(get_int(store,
                                    "SELECT count(*) FROM (SELECT 1 FROM pragma_storage_info('t') WHERE "
                                    "column_name = 'id' AND segment_type <> 'VALIDITY' "
                                    "GROUP BY row_group_id HAVING sum(count) <> 122880)"),
                            0, 1);
        free_batches(&source);
        ep_store_close(&store);
    }
}

static void an_error_of_the_source_comes_back(void **state) {
    (void)state;
    const char *sql = "INSERT INTO t SELECT * FROM ep_stream()";
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    for (int64_t at = 0; at <= 40; at += 13) {
        int64_t n = 0;
        struct source source = many_events();
        source.fail_at = at;
        ep_stream_source stream = *stream_of(&source);
        stream.side_by_side = at % 2 == 0;
        must(ep_store_begin(store, err));
        must_fail(EP_E_UNAVAILABLE, ep_store_insert_stream(store, sql, &stream, 2, &n, err));
        assert_string_equal(last_error.text, "the source says no");
        assert_int_equal(last_error.action, EP_RETRY);
        assert_int_equal(source.n_done, at);
        must_fail(EP_E_UNAVAILABLE, ep_store_commit(store, err));
        assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
        if (ep_store_engine(store) == EP_ENGINE_DUCKDB)
            assert_int_equal(get_int(store, "SELECT current_setting('preserve_insertion_order')::INT"), 1);
        free_batches(&source);
    }
    ep_store_close(&store);
}

static void an_error_of_the_engine_ends_the_stream(void **state) {
    (void)state;
    struct source source = many_events();
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(id BIGINT, name VARCHAR, price DECIMAL(18,4) CHECK (price < 50000))");
    must_fail(EP_E_RECORD, ep_store_insert_stream(store, "INSERT INTO t SELECT * FROM ep_stream()",
                                                  stream_of(&source), 2, NULL, err));
    assert_int_equal(source.n_out, 0);
    free_batches(&source);
    source = many_events();
    must_fail(EP_E_STORE, ep_store_insert_stream(store, "INSERT INTO none SELECT * FROM ep_stream()",
                                                 stream_of(&source), 2, NULL, err));
    must_fail(EP_E_STORE, ep_store_exec(store, "SELECT * FROM ep_stream()", err));
    assert_int_equal(source.n_done, 0);
    free_batches(&source);
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    ep_store_close(&store);
}

struct intruder {
    ep_store *reader;
    struct source source;
    bool tried;
};

static ep_code next_and_intrude(void *context, const ep_batch **ret, const uint32_t **rows, size_t *n_rows,
                                ep_error *err) {
    struct intruder *intruder = context;
    if (!intruder->tried) {
        const char *insert = "INSERT INTO t SELECT * FROM ep_stream()";
        intruder->tried = true;
        assert_int_equal(ep_store_exec(intruder->reader, "SELECT * FROM ep_stream()", NULL), EP_E_STORE);
        assert_int_equal(
            ep_store_insert_stream(intruder->reader, insert, stream_of(&intruder->source), 1, NULL, NULL),
            EP_E_BUSY);
    }
    return next_batch(&intruder->source, ret, rows, n_rows, err);
}

static void a_stream_is_for_its_own_statement(void **state) {
    (void)state;
    int64_t n = 0;
    struct intruder intruder = {.source = {.n_batches = 1, .fail_at = -1}};
    ep_stream_source stream = {.schema = &events, .context = &intruder, .next = next_and_intrude};
    intruder.source.batches[0] = make_events(0, 100);
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    must(ep_store_share(store, &intruder.reader, err));
    must(ep_store_insert_stream(store, "INSERT INTO t SELECT * FROM ep_stream()", &stream, 1, &n, err));
    assert_int_equal(n, 100);
    assert_true(intruder.tried);
    free_batches(&intruder.source);
    ep_store_close(&intruder.reader);
    ep_store_close(&store);
}

static void a_stream_refuses_values_out_of_range(void **state) {
    (void)state;
    struct source source = {.n_batches = 1, .fail_at = -1};
    ep_batch *batch = source.batches[0] = new_batch(&events, 5000);
    ep_store *store = open_store("");
    put_table(store, "CREATE TABLE t", &events);
    const char *sql = "INSERT INTO t SELECT * FROM ep_stream()";
    must_fail(EP_E_BUG, ep_store_insert_stream(store, sql, stream_of(&source), 1, NULL, err));
    source.next = 0;
    source.n_done = 0;
    must(ep_batch_copy_text(batch, 4321, 1, EP_STR("secret \xff"), err));
    ep_batch_seal(batch);
    must_fail(EP_E_ARG, ep_store_insert_stream(store, sql, stream_of(&source), 1, NULL, err));
    assert_int_equal(last_error.row, 4321);
    assert_string_equal(last_error.field, "name");
    assert_int_equal(source.n_done, 1);
    free_batches(&source);
    ep_store_close(&store);
}

int main(void) {
    /* What every engine promises. */
    const struct CMUnitTest shared[] = {
        cmocka_unit_test(every_type_comes_back_by_batch),
        cmocka_unit_test(every_type_comes_back_by_parameter),
        cmocka_unit_test(wrong_parameters_are_refused),
        cmocka_unit_test(one_cell_is_read_directly),
        cmocka_unit_test(a_long_result_needs_little_memory),
        cmocka_unit_test(an_error_within_a_result_is_no_end),
        cmocka_unit_test(an_interrupt_within_a_result_is_no_end),
        cmocka_unit_test(a_result_holds_the_store),
        cmocka_unit_test(batches_of_any_size_arrive),
        cmocka_unit_test(chosen_rows_arrive),
        cmocka_unit_test(temporary_tables_come_first),
        cmocka_unit_test(a_schema_may_be_named),
        cmocka_unit_test(values_out_of_range_never_arrive),
        cmocka_unit_test(every_byte_of_a_text_counts),
        cmocka_unit_test(a_failed_append_leaves_nothing),
        cmocka_unit_test(appends_belong_to_the_transaction),
        cmocka_unit_test(a_stream_inserts_each_row_once),
        cmocka_unit_test(a_stream_can_be_sorted_and_filtered),
        cmocka_unit_test(a_stream_takes_chosen_rows_and_empty_batches),
        cmocka_unit_test(a_stream_ends_when_it_is_enough),
        cmocka_unit_test(an_error_of_the_source_comes_back),
        cmocka_unit_test(a_stream_refuses_values_out_of_range),
    };
    const struct CMUnitTest duckdb[] = {
        cmocka_unit_test(results_are_in_our_terms),
        cmocka_unit_test(a_result_of_text_columns_keeps_order_and_names),
        cmocka_unit_test(other_column_types_are_cast),
        cmocka_unit_test(running_out_of_memory_is_an_error),
        cmocka_unit_test(an_error_of_the_engine_ends_the_stream),
        cmocka_unit_test(a_stream_is_for_its_own_statement),
    };
    make_extremes();
    int failed = cmocka_run_group_tests_name("duckdb", shared, make_folder, remove_folder);
    failed += cmocka_run_group_tests_name("duckdb's own", duckdb, make_folder, remove_folder);
    failed += cmocka_run_group_tests_name("postgres", shared, use_server, stop_server);
    return failed;
}
