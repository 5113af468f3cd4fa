#include "postgres_fixture.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

/* What is PostgreSQL's own: opening, versions, passwords, SQLSTATEs, lost connections, collation. What both engines promise is in
 * test_store.c and test_store_rows.c. */

static void must_not_open(const char *location, ep_code code, const char *text) {
    ep_store *store = NULL;
    ep_store_options options = {.location = location};
    must_fail(code, ep_store_open(&options, &store, err));
    assert_null(store);
    if (!strstr(last_error.text, text) || strchr(last_error.text, '\n'))
        fail_msg("%s: %s", location, last_error.text);
    assert_null(strstr(last_error.text, "hunter2"));
}

static void what_cannot_be_opened_says_why(void **state) {
    (void)state;
    must_not_open("postgres://u@/x?host=/nonexistent", EP_E_UNAVAILABLE, "No such file");
    assert_int_equal(last_error.action, EP_RETRY);
    must_not_open(in_server("test", "no_such_database"), EP_E_NOT_FOUND, "no_such_database");
    must_not_open(in_server("nobody", "postgres"), EP_E_NOT_FOUND, "nobody");
    must_not_open("postgres://%zz@/x", EP_E_ARG, "no PostgreSQL URI");
    must_not_open("postgresql://u@/x?passwort=hunter2", EP_E_ARG, "no PostgreSQL URI");
}

static void a_password_in_the_address_is_refused(void **state) {
    (void)state;
    must_not_open("postgres://u:hunter2@localhost/x", EP_E_ARG, "PGPASSWORD");
    must_not_open("postgres://u@localhost/x?password=hunter2", EP_E_ARG, "PGPASSWORD");
    must_not_open("postgres://u@localhost/x?sslpassword=hunter2", EP_E_ARG, "PGPASSWORD");
    must(ep_store_check_location("data/warehouse.duckdb", err));
    must(ep_store_check_location("postgres://u@localhost:5432/x?sslmode=verify-full", err));
}

/* Speaks just enough of the protocol: no question asked, a version, ready. */
static void *old_server(void *context) {
    static const char answer[] = "R\0\0\0\10\0\0\0\0"
                                 "S\0\0\0\31server_version\0"
                                 "15.17\0"
                                 "Z\0\0\0\5I";
    char ignored[1000];
    int client = accept(*(int *)context, NULL, NULL);
    if (read(client, ignored, sizeof ignored) > 0 && write(client, answer, sizeof answer - 1) > 0)
        while (read(client, ignored, sizeof ignored) > 0)
            ;
    close(client);
    return NULL;
}

static void an_old_server_is_refused(void **state) {
    (void)state;
    char location[200];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, old_server, &fd), 0);
    snprintf(location, sizeof location, "postgres://u@/x?host=%s", folder);
    must_not_open(location, EP_E_STORE, "15.17 is too old: at least 15.18");
    pthread_join(thread, NULL);
    close(fd);
    unlink(address.sun_path);
}

static void a_session_has_its_settings(void **state) {
    (void)state;
    static const char *const settings[][2] = {
        {"TimeZone", "UTC"},      {"client_encoding", "UTF8"}, {"standard_conforming_strings", "on"},
        {"lock_timeout", "5min"}, {"search_path", "main"},     {"application_name", "entrepot"},
    };
    ep_store *store = open_store("");
    assert_int_equal(ep_store_engine(store), EP_ENGINE_POSTGRES);
    assert_int_equal(strncmp(ep_store_version(store), "PostgreSQL 15.", 14), 0);
    for (size_t i = 0; i < N_OF(settings); i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT current_setting('%s')", settings[i][0]);
        assert_text(store, sql, settings[i][1]);
    }
    must(ep_store_begin(store, err));
    assert_text(store, "SELECT current_setting('citus.multi_shard_modify_mode')", "sequential");
    ep_store_rollback(store);
    ep_store_close(&store);
}

static void a_read_only_store_writes_nothing(void **state) {
    (void)state;
    ep_store *store = open_store("readonly"), *reader = NULL;
    exec(store, "CREATE TABLE t(a BIGINT)");
    reader = open_with((ep_store_options){.location = locate("readonly"), .read_only = true});
    must_fail(EP_E_STORE, ep_store_exec(reader, "INSERT INTO t VALUES (1)", err));
    must_fail(EP_E_STORE, ep_store_exec(reader, "CREATE TEMP TABLE x(a BIGINT)", err));
    must_fail(EP_E_STORE,
              ep_store_exec(reader, "SELECT set_config('transaction_read_only', 'off', true)", err));
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 0);
    /* A snapshot of ours may make temporary tables, and sees nothing of what comes later. */
    must(ep_store_begin_snapshot(reader, err));
    exec(reader, "CREATE TEMP TABLE x AS SELECT count(*) n FROM t");
    exec(store, "INSERT INTO t VALUES (1)");
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 0);
    ep_store_rollback(reader);
    assert_int_equal(get_int(reader, "SELECT count(*) FROM t"), 1);
    ep_store_close(&reader);
    ep_store_close(&store);
}

/* The server's own order of letters is another one: see tests/lib/pg.py. */
static void text_is_compared_bytewise(void **state) {
    (void)state;
    const ep_column_def column = {"a", EP_T_TEXT, 0, 0};
    ep_buf sql = {0};
    ep_store *store = open_store("");
    assert_int_equal(get_int(store, "SELECT CASE WHEN 'a' < 'B' THEN 1 ELSE 0 END"), 1);
    ep_buf_puts(&sql, "CREATE TABLE t(a ");
    ep_store_put_type(store, &column, &sql);
    ep_buf_puts(&sql, "); INSERT INTO t VALUES ('a'), ('B'), ('\xc3\xa9'), ('f'), ('Z')");
    exec(store, sql.data);
    assert_text(store, "SELECT string_agg(a, '' ORDER BY a) FROM t", "BZaf\xc3\xa9");
    exec(store, "CREATE TEMP TABLE u AS SELECT a, a || 'x' AS b FROM t");
    assert_text(store, "SELECT string_agg(b, '' ORDER BY b) FROM u", "BxZxaxfx\xc3\xa9x");
    assert_text(store, "SELECT max(a) FROM u", "\xc3\xa9");
    ep_buf_done(&sql);
    ep_store_close(&store);
}

/* Every class of errors, as the server raises it. */
static void an_sqlstate_says_what_to_do(void **state) {
    (void)state;
    static const struct {
        const char *sqlstate;
        ep_code code;
        ep_action action;
    } rows[] = {
        {"08006", EP_E_UNAVAILABLE, EP_RETRY}, {"08P01", EP_E_ARG, EP_FATAL},
        {"22001", EP_E_RECORD, EP_REJECT},     {"22P02", EP_E_RECORD, EP_REJECT},
        {"23505", EP_E_RECORD, EP_REJECT},     {"23514", EP_E_RECORD, EP_REJECT},
        {"25006", EP_E_STORE, EP_FATAL},       {"28000", EP_E_PERMISSION, EP_FATAL},
        {"40001", EP_E_BUSY, EP_RETRY},        {"40P01", EP_E_BUSY, EP_RETRY},
        {"42501", EP_E_PERMISSION, EP_FATAL},  {"42601", EP_E_STORE, EP_FATAL},
        {"42P01", EP_E_STORE, EP_FATAL},       {"53100", EP_E_FULL, EP_RETRY},
        {"53200", EP_E_NOMEM, EP_RETRY},       {"53300", EP_E_UNAVAILABLE, EP_RETRY},
        {"53400", EP_E_FULL, EP_RETRY},        {"55P03", EP_E_BUSY, EP_RETRY},
        {"57014", EP_E_CANCELLED, EP_RETRY},   {"57P01", EP_E_UNAVAILABLE, EP_RETRY},
        {"57P03", EP_E_UNAVAILABLE, EP_RETRY}, {"58030", EP_E_IO, EP_FATAL},
        {"XX001", EP_E_CORRUPT, EP_FATAL},     {"XX000", EP_E_STORE, EP_FATAL},
        {"P0001", EP_E_STORE, EP_FATAL},       {"0A000", EP_E_STORE, EP_FATAL},
    };
    ep_store *store = open_store("");
    for (size_t i = 0; i < N_OF(rows); i++) {
        char sql[200], mark[10];
        snprintf(sql, sizeof sql,
                 "DO $$ BEGIN RAISE EXCEPTION USING errcode = '%s', message = 'because'; END $$",
                 rows[i].sqlstate);
        must_fail(rows[i].code, ep_store_run(store, sql, NULL, 0, NULL, err));
        assert_int_equal(last_error.action, rows[i].action);
        snprintf(mark, sizeof mark, "[%s]", rows[i].sqlstate);
        if (!strstr(last_error.text, mark) || !strstr(last_error.text, "because"))
            fail_msg("%s: %s", rows[i].sqlstate, last_error.text);
    }
    ep_store_close(&store);
}

static void errors_show_no_values(void **state) {
    (void)state;
    static const struct telling rows[] = {
        {"SELECT v::BIGINT FROM t", EP_E_RECORD, "bigint"},
        {"SELECT v::DATE FROM t", EP_E_RECORD, "date"},
        {"SELECT v::TIMESTAMP FROM t", EP_E_RECORD, "timestamp"},
        {"SELECT v::UUID FROM t", EP_E_RECORD, "uuid"},
        {"SELECT n::DECIMAL(4,2) FROM t", EP_E_RECORD, "numeric field overflow"},
        {"SELECT (n * n * n * n * n)::BIGINT FROM t", EP_E_RECORD, "bigint"},
        {"INSERT INTO t SELECT * FROM t", EP_E_RECORD, "(t, constraint t_pkey)"},
        {"INSERT INTO t VALUES (NULL, 'top secret', 1)", EP_E_RECORD, "(t, column k)"},
        {"INSERT INTO child VALUES ('top secret')", EP_E_RECORD, "(child, constraint child_a_fkey)"},
        {"INSERT INTO checked SELECT v FROM t", EP_E_RECORD, "checked"},
        {"SELECT * FROM t WHERE v = 'top secret' AND missing = 5", EP_E_STORE, "\"missing\""},
        {"SELECT * FROM missing", EP_E_STORE, "missing"},
    };
    assert_no_values("", rows, N_OF(rows));
}

/* Each is a message of the protocol of its own: two in one are refused where only one is asked for. */
static void one_statement_is_one(void **state) {
    (void)state;
    ep_store *store = open_store("");
    must_fail(EP_E_STORE, ep_store_run(store, "SELECT 1; SELECT 2", NULL, 0, NULL, err));
    ep_store_close(&store);
}

static void copy_in_sql_is_refused_and_ended(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(a BIGINT); INSERT INTO t VALUES (1)");
    must_fail(EP_E_BUG, ep_store_exec(store, "COPY t TO STDOUT", err));
    must_fail(EP_E_BUG, ep_store_exec(store, "COPY t FROM STDIN", err));
    must_fail(EP_E_BUG, ep_store_query(store, "COPY t TO STDOUT", NULL, 0, &cursor, err));
    must_fail(EP_E_BUG, ep_store_query(store, "COPY t FROM STDIN", NULL, 0, &cursor, err));
    assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 1);
    ep_store_close(&store);
}

static void a_lost_connection_is_told_and_made_again(void **state) {
    (void)state;
    ep_cursor *cursor = NULL;
    bool row;
    ep_store *store = open_store("lost"), *other = NULL;
    exec(store, "CREATE TABLE t(a BIGINT)");
    must(ep_store_share(store, &other, err));
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        ep_value pid = ep_v_int(get_int(store, "SELECT pg_backend_pid()"));
        if (in_transaction) {
            must(ep_store_begin(store, err));
            exec(store, "INSERT INTO t VALUES (1)");
        }
        must(ep_store_run(other, "SELECT pg_terminate_backend($1::INTEGER)", &pid, 1, NULL, err));
        must_fail(EP_E_UNAVAILABLE, ep_store_exec(store, "INSERT INTO t VALUES (2)", err));
        must_fail(EP_E_UNAVAILABLE, ep_store_exec(store, "INSERT INTO t VALUES (2)", err));
        must_fail(EP_E_UNAVAILABLE, ep_store_query(store, "SELECT 1", NULL, 0, &cursor, err));
        if (in_transaction)
            must_fail(EP_E_UNAVAILABLE, ep_store_commit(store, err));
        must(ep_store_recover(store, err));
        assert_text(store, "SELECT current_setting('search_path')", "main");
        assert_int_equal(get_int(store, "SELECT count(*) FROM t"), 0);
    }
    /* In the middle of a result, too. */
    ep_value pid = ep_v_int(get_int(store, "SELECT pg_backend_pid()"));
    must(
        ep_store_query(store, "SELECT i, repeat('x', 1000) FROM range(1000000) r(i)", NULL, 0, &cursor, err));
    must(ep_cursor_next(cursor, &row, err));
    must(ep_store_run(other, "SELECT pg_terminate_backend($1::INTEGER)", &pid, 1, NULL, err));
    ep_code code;
    ep_error last = {0};
    while ((code = ep_cursor_next(cursor, &row, &last)) == EP_OK && row)
        ;
    assert_int_equal(code, EP_E_UNAVAILABLE);
    ep_cursor_close(&cursor);
    must(ep_store_recover(store, err));
    assert_int_equal(get_int(store, "SELECT 1"), 1);
    ep_store_close(&other);
    ep_store_close(&store);
}

struct blocked {
    ep_store *store;
    ep_code code;
};

static void *update_first(void *context) {
    struct blocked *b = context;
    b->code = ep_store_exec(b->store, "UPDATE t SET b = 2 WHERE a = 1", NULL);
    return NULL;
}

static void a_deadlock_is_tried_again(void **state) {
    (void)state;
    pthread_t thread;
    struct blocked other = {0};
    ep_store *store = open_store("");
    exec(store, "CREATE TABLE t(a BIGINT, b BIGINT); INSERT INTO t VALUES (1, 1), (2, 1)");
    must(ep_store_share(store, &other.store, err));
    must(ep_store_begin(store, err));
    must(ep_store_begin(other.store, err));
    exec(store, "UPDATE t SET b = 3 WHERE a = 1");
    exec(other.store, "UPDATE t SET b = 3 WHERE a = 2");
    assert_int_equal(pthread_create(&thread, NULL, update_first, &other), 0);
    ep_code code = ep_store_exec(store, "UPDATE t SET b = 4 WHERE a = 2", NULL);
    pthread_join(thread, NULL);
    /* One of the two is the victim. */
    assert_true((code == EP_E_BUSY) != (other.code == EP_E_BUSY));
    ep_store_rollback(store);
    ep_store_rollback(other.store);
    /* A lock that does not come in time. */
    exec(other.store, "SET lock_timeout = '50ms'");
    must(ep_store_begin(store, err));
    exec(store, "UPDATE t SET b = 3 WHERE a = 1");
    must_fail(EP_E_BUSY, ep_store_exec(other.store, "UPDATE t SET b = 3 WHERE a = 1", err));
    ep_store_close(&other.store);
    ep_store_close(&store);
}

static void results_are_in_our_terms(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        ep_type type;
        const char *text; /* as ep_value_put() writes it */
    } rows[] = {
        {"SELECT (-32768)::SMALLINT", EP_T_INT, "-32768"},
        {"SELECT (-2147483648)::INTEGER", EP_T_INT, "-2147483648"},
        {"SELECT sum(a) FROM (VALUES (9223372036854775807), (1)) t(a)", EP_T_DECIMAL, "9223372036854775808"},
        {"SELECT sum(a) FROM (VALUES (1.10::DECIMAL(18,4)), (2)) t(a)", EP_T_DECIMAL, "3.1000"},
        {"SELECT 0.00005::DECIMAL(38,8)", EP_T_DECIMAL, "0.00005000"},
        {"SELECT count(*)", EP_T_INT, "1"},
        {"SELECT NULL", EP_T_TEXT, NULL},
        {"SELECT NULL::BIGINT", EP_T_INT, NULL},
        {"SELECT 0.1::FLOAT8 + 0.2::FLOAT8", EP_T_TEXT, "0.30000000000000004"},
        {"SELECT TIMESTAMPTZ '2026-03-01 12:34:56.123456+02'", EP_T_TIMESTAMP, "2026-03-01 10:34:56.123456"},
        {"SELECT TIMESTAMP '2026-03-01 12:34:56.12'", EP_T_TIMESTAMP, "2026-03-01 12:34:56.120000"},
        {"SELECT TIMESTAMP 'infinity'", EP_T_TIMESTAMP, "9999-12-31 23:59:59.999999"},
        {"SELECT TIMESTAMP '-infinity'", EP_T_TIMESTAMP, "0001-01-01 00:00:00.000000"},
        {"SELECT TIMESTAMP '10000-01-01 00:00:00'", EP_T_TIMESTAMP, "9999-12-31 23:59:59.999999"},
        {"SELECT TIMESTAMP '0044-03-15 12:00:00 BC'", EP_T_TIMESTAMP, "0001-01-01 00:00:00.000000"},
        {"SELECT DATE 'infinity'", EP_T_DATE, "9999-12-31"},
        {"SELECT DATE '0044-03-15 BC'", EP_T_DATE, "0001-01-01"},
        {"SELECT TIME '24:00:00' - INTERVAL '1 second'", EP_T_TIME, "23:59:59.000000"},
        {"SELECT ARRAY[1, NULL, 3]", EP_T_TEXT, "{1,NULL,3}"},
        {"SELECT INTERVAL '3 days'", EP_T_TEXT, "3 days"},
        {"SELECT '{\"a\": 1}'::JSONB", EP_T_TEXT, "{\"a\": 1}"},
        {"SHOW server_version_num", EP_T_TEXT, "1500"},
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
        if (value.type != rows[i].type || (value.state == EP_VALUE) != (rows[i].text != NULL) ||
            (rows[i].text && strncmp(text.data, rows[i].text, i + 1 < N_OF(rows) ? text.len : 4) != 0))
            fail_msg("%s: %s %s", rows[i].sql, ep_type_name(value.type), text.data);
        ep_buf_done(&text);
        ep_cursor_close(&cursor);
    }
    /* More digits than our decimals have. */
    ep_cursor *cursor = NULL;
    bool row;
    must(ep_store_query(store, "SELECT 170141183460469231731687303715884105727::NUMERIC", NULL, 0, &cursor,
                        err));
    must_fail(EP_E_STORE, ep_cursor_next(cursor, &row, err));
    assert_non_null(strstr(last_error.text, "cast it"));
    ep_cursor_close(&cursor);
    ep_store_close(&store);
}

/* Any number of digits, any place of the point: the server reads what we meant. */
static void decimals_of_all_shapes_arrive(void **state) {
    (void)state;
    ep_store *store = open_store("");
    for (int scale = 0; scale <= 38; scale++)
        for (int digits = 1; digits <= 38; digits += scale % 4 == 3 ? 1 : 5) {
            char text[48];
            ep_buf back = {0};
            ep_int128 n = ep_pow10(digits) / 9 * (digits % 2 ? -7 : 7) + (digits % 3) * 30001;
            ep_value value = ep_v_decimal(n, 38, scale);
            size_t len = ep_decimal_format(n, scale, text);
            must(ep_store_get_text(store, "SELECT $1::TEXT", &value, 1, &back, err));
            if (back.len != len || memcmp(back.data, text, len) != 0)
                fail_msg("%.*s came as %s", (int)len, text, back.data);
            ep_buf_done(&back);
        }
    ep_store_close(&store);
}

/* Every allocation of ours fails once; nothing leaks, and nothing is taken for success. */
static void running_out_of_memory_is_an_error(void **state) {
    (void)state;
    static const ep_column_def columns[] = {{"id", EP_T_INT, 0, 0}, {"name", EP_T_TEXT, 0, 0}};
    static const ep_schema schema = {columns, N_OF(columns)};
    ep_batch *batch = NULL;
    must(ep_batch_new(&schema, 1, &batch, err));
    must(ep_batch_add_row(batch, err));
    ep_batch_set_i64(batch, 0, 0, 1);
    ep_batch_seal(batch);
    const char *location = locate("oom");
    ep_value param = ep_v_int(1);
    int64_t n_failed = 0;
    for (int64_t n = 1; n_failed == n - 1; n++) {
        ep_store *store = NULL;
        ep_cursor *cursor = NULL;
        ep_error err = {0};
        bool row = false;
        ep_store_options options = {.location = location};
        ep_mem_fail_after(n);
        ep_code code = ep_store_open(&options, &store, &err);
        if (code == EP_OK)
            code = ep_store_exec(store, "CREATE TEMP TABLE t(id BIGINT, name TEXT)", &err);
        if (code == EP_OK)
            code = ep_store_append(store, "t", batch, NULL, 0, &err);
        if (code == EP_OK)
            code = ep_store_query(store, "SELECT id, name FROM t WHERE id >= $1", &param, 1, &cursor, &err);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_password_in_the_address_is_refused),
        cmocka_unit_test(an_old_server_is_refused),
        cmocka_unit_test(a_session_has_its_settings),
        cmocka_unit_test(a_read_only_store_writes_nothing),
        cmocka_unit_test(text_is_compared_bytewise),
        cmocka_unit_test(an_sqlstate_says_what_to_do),
        cmocka_unit_test(errors_show_no_values),
        cmocka_unit_test(one_statement_is_one),
        cmocka_unit_test(copy_in_sql_is_refused_and_ended),
        cmocka_unit_test(a_lost_connection_is_told_and_made_again),
        cmocka_unit_test(a_deadlock_is_tried_again),
        cmocka_unit_test(results_are_in_our_terms),
        cmocka_unit_test(decimals_of_all_shapes_arrive),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, use_server, stop_server);
}
