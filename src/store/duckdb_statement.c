#include <string.h>
#include <time.h>

#include "store/duckdb_guard.h"
#include "store/duckdb_private.h"

/* While another thread has a statement's last task. */
enum { PAUSE_NS = 50000 };

static duckdb_state bind_value(duckdb_prepared_statement statement, idx_t index, const ep_value *value) {
    if (value->state != EP_VALUE)
        return duckdb_bind_null(statement, index);
    switch (value->type) {
    case EP_T_TEXT: return duckdb_bind_varchar_length(statement, index, value->text.ptr, value->text.len);
    case EP_T_BLOB: return duckdb_bind_blob(statement, index, value->text.ptr, value->text.len);
    case EP_T_BOOL: return duckdb_bind_boolean(statement, index, value->i64 != 0);
    case EP_T_INT: return duckdb_bind_int64(statement, index, value->i64);
    case EP_T_DATE: return duckdb_bind_date(statement, index, (duckdb_date){(int32_t)value->i64});
    case EP_T_TIME: return duckdb_bind_time(statement, index, (duckdb_time){value->i64});
    case EP_T_TIMESTAMP: return duckdb_bind_timestamp(statement, index, (duckdb_timestamp){value->i64});
    case EP_T_DECIMAL: {
        duckdb_decimal decimal = {.width = value->precision, .scale = value->scale};
        decimal.value.lower = (uint64_t)value->i128;
        decimal.value.upper = (int64_t)(value->i128 >> 64);
        return duckdb_bind_decimal(statement, index, decimal);
    }
    case EP_N_TYPES: break;
    }
    return DuckDBError;
}

struct binding {
    duckdb_prepared_statement statement;
    const ep_value *params;
    size_t n_params;
    size_t n_bound;
};

static void bind_all(void *argument) {
    struct binding *b = argument;
    while (b->n_bound < b->n_params &&
           bind_value(b->statement, b->n_bound + 1, &b->params[b->n_bound]) == DuckDBSuccess)
        b->n_bound++;
}

static bool is_valid(const ep_value *value) {
    if (value->state != EP_VALUE)
        return true;
    switch (value->type) {
    case EP_T_TEXT: return ep_utf8_valid(value->text.ptr, value->text.len);
    case EP_T_DATE: return value->i64 >= INT32_MIN && value->i64 <= INT32_MAX;
    case EP_T_DECIMAL: {
        if (value->precision < 1 || value->precision > EP_DECIMAL_MAX_PRECISION ||
            value->scale > value->precision)
            return false;
        ep_int128 limit = ep_pow10(value->precision);
        return value->i128 < limit && value->i128 > -limit;
    }
    default: return true;
    }
}

static ep_code bind(duckdb_prepared_statement statement, const ep_value *params, size_t n_params,
                    ep_error *err) {
    struct binding binding = {statement, params, n_params, 0};
    idx_t n_wanted = duckdb_nparams(statement);
    if (n_wanted != n_params)
        return ep_fail(err, EP_E_ARG, "%zu parameters given, the statement has %zu", n_params,
                       (size_t)n_wanted);
    for (size_t i = 0; i < n_params; i++)
        if (!is_valid(&params[i]))
            return ep_fail(err, EP_E_ARG, "parameter %zu is no valid %s", i + 1,
                           ep_type_name(params[i].type));
    EP_TRY(ep_duckdb_guard(bind_all, &binding, err));
    if (binding.n_bound < n_params)
        return ep_fail(err, EP_E_STORE, "parameter %zu cannot be bound", binding.n_bound + 1);
    return EP_OK;
}

/* Transactions go through ep_store_begin() and its kin, or the store would not know of them. */
static ep_code check_kind(duckdb_prepared_statement statement, ep_error *err) {
    if (duckdb_prepared_statement_type(statement) == DUCKDB_STATEMENT_TYPE_TRANSACTION)
        return ep_fail(err, EP_E_BUG, "transactions are not opened or closed by SQL");
    return EP_OK;
}

ep_code ep_duckdb_prepare(duckdb_connection connection, const char *sql, const ep_value *params,
                          size_t n_params, duckdb_prepared_statement *ret, ep_error *err) {
    *ret = NULL;
    /* No question about a statement that failed to prepare: duckdb_prepared_statement_type() aborts on one. */
    if (duckdb_prepare(connection, sql, ret) != DuckDBSuccess)
        return ep_duckdb_fail(err, sql, *ret ? duckdb_prepare_error(*ret) : NULL);
    ep_code code = check_kind(*ret, err);
    if (code == EP_OK)
        code = bind(*ret, params, n_params, err);
    return code == EP_OK ? EP_OK : ep_sql_prefix(err, sql);
}

ep_code ep_duckdb_execute(duckdb_prepared_statement statement, bool streams, const char *sql,
                          duckdb_result *ret, ep_error *err) {
    duckdb_pending_result pending = NULL;
    duckdb_pending_state state = DUCKDB_PENDING_ERROR;
    ep_code code = EP_OK;
    if ((streams ? duckdb_pending_prepared_streaming(statement, &pending)
                 : duckdb_pending_prepared(statement, &pending)) == DuckDBSuccess)
        do {
            state = duckdb_pending_execute_task(pending);
            if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
                nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        } while (state == DUCKDB_PENDING_RESULT_NOT_READY || state == DUCKDB_PENDING_NO_TASKS_AVAILABLE);
    if (state == DUCKDB_PENDING_ERROR)
        code = ep_duckdb_fail(err, sql, pending ? duckdb_pending_error(pending) : NULL);
    else if (duckdb_execute_pending(pending, ret) != DuckDBSuccess)
        code = ep_duckdb_fail(err, sql, duckdb_result_error(ret));
    duckdb_destroy_pending(&pending);
    return code;
}

/* `sql` is only for the error's text; `any`: also what opens and closes transactions. */
static ep_code exec_one(duckdb_connection connection, duckdb_extracted_statements statements, idx_t index,
                        bool any, const char *sql, ep_error *err) {
    duckdb_prepared_statement statement = NULL;
    duckdb_result result = {0};
    ep_code code = EP_OK;
    if (duckdb_prepare_extracted_statement(connection, statements, index, &statement) != DuckDBSuccess) {
        code = ep_duckdb_fail(err, sql, statement ? duckdb_prepare_error(statement) : NULL);
    } else {
        if (!any && (code = check_kind(statement, err)) != EP_OK)
            code = ep_sql_prefix(err, sql);
        else
            code = ep_duckdb_execute(statement, false, sql, &result, err);
    }
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
    return code;
}

static ep_code exec_all(duckdb_connection connection, bool any, const char *sql, ep_error *err) {
    duckdb_extracted_statements statements = NULL;
    ep_code code = EP_OK;
    idx_t n = duckdb_extract_statements(connection, sql, &statements);
    if (n == 0 && duckdb_extract_statements_error(statements))
        code = ep_duckdb_fail(err, sql, duckdb_extract_statements_error(statements));
    for (idx_t i = 0; i < n && code == EP_OK; i++) {
        code = exec_one(connection, statements, i, any, sql, err);
        if (code != EP_OK && n > 1)
            ep_fail_prefix(err, "statement %zu of %zu", (size_t)(i + 1), (size_t)n);
        sql = ep_sql_skip(sql);
    }
    duckdb_destroy_extracted(&statements);
    return code;
}

ep_code ep_duckdb_exec(ep_store *store, const char *sql, ep_error *err) {
    return exec_all(((ep_duckdb *)store)->connection, false, sql, err);
}

ep_code ep_duckdb_command(duckdb_connection connection, const char *sql, ep_error *err) {
    return exec_all(connection, true, sql, err);
}

ep_code ep_duckdb_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                      int64_t *ret_changed, ep_error *err) {
    duckdb_prepared_statement statement = NULL;
    duckdb_result result = {0};
    ep_code code =
        ep_duckdb_prepare(((ep_duckdb *)store)->connection, sql, params, n_params, &statement, err);
    if (code == EP_OK)
        code = ep_duckdb_execute(statement, false, sql, &result, err);
    if (code == EP_OK)
        *ret_changed = (int64_t)duckdb_rows_changed(&result);
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
    return code;
}
