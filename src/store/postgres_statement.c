#include <stdlib.h>
#include <string.h>

#include "store/postgres_private.h"

void ep_pg_params_done(ep_pg_params *params) {
    ep_free(params->types);
    ep_free(params->values);
    ep_free(params->lengths);
    ep_free(params->formats);
    ep_buf_done(&params->bytes);
}

/* All cells into one buffer, then pointers into it: it moves while it grows. */
static ep_code put_params(ep_pg_params *to, const ep_value *params, size_t n, ep_error *err) {
    for (size_t i = 0; i < n; i++) {
        const ep_column_def column = {"", params[i].type, params[i].precision, params[i].scale};
        size_t start = to->bytes.len;
        to->types[i] = ep_pg_oid(params[i].type);
        to->formats[i] = 1;
        if (!ep_pg_put_cell(&to->bytes, &column, &params[i]))
            return ep_fail(err, EP_E_ARG, "parameter %zu is no valid %s", i + 1,
                           ep_type_name(params[i].type));
        to->lengths[i] = (int)(to->bytes.len - start) - 4;
    }
    EP_TRY(ep_buf_check(&to->bytes, err));
    const char *at = to->bytes.data;
    for (size_t i = 0; i < n; i++) {
        to->values[i] = params[i].state == EP_VALUE ? at + 4 : NULL;
        at += 4 + to->lengths[i];
    }
    return EP_OK;
}

ep_code ep_pg_params_init(ep_pg_params *ret, const ep_value *params, size_t n, ep_error *err) {
    *ret = (ep_pg_params){
        .types = ep_calloc(n + 1, sizeof *ret->types),
        .values = ep_calloc(n + 1, sizeof *ret->values),
        .lengths = ep_calloc(n + 1, sizeof *ret->lengths),
        .formats = ep_calloc(n + 1, sizeof *ret->formats),
    };
    if (!ret->types || !ret->values || !ret->lengths || !ret->formats)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    return put_params(ret, params, n, err);
}

/* COPY in a statement's text would leave the connection in another mode: it is ended at once. */
static void leave_copy(PGconn *connection, ExecStatusType status) {
    char *data;
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH)
        PQputCopyEnd(connection, "not asked for");
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
        while (PQgetCopyData(connection, &data, 0) > 0)
            PQfreemem(data);
    for (PGresult *result; (result = PQgetResult(connection)); PQclear(result))
        ;
}

/* The outcome of a statement; frees the result. */
static ep_code check_result(ep_postgres *pg, const char *sql, PGresult *result, int64_t *ret_changed,
                            ep_error *err) {
    ExecStatusType status = PQresultStatus(result);
    ep_code code = EP_OK;
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        if (ret_changed)
            *ret_changed = strtoll(PQcmdTuples(result), NULL, 10);
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        leave_copy(pg->connection, status);
        code = ep_fail(err, EP_E_BUG, "COPY is not run by SQL");
        break;
    default: code = ep_pg_fail(err, sql, pg->connection, result);
    }
    PQclear(result);
    return code;
}

ep_code ep_pg_command(ep_postgres *pg, const char *sql, ep_error *err) {
    return check_result(pg, sql, PQexec(pg->connection, sql), NULL, err);
}

static ep_code refuse_transaction(ep_str statement, ep_error *err) {
    if (ep_sql_is_transaction(statement))
        return ep_fail(err, EP_E_BUG, "transactions are not opened or closed by SQL");
    return EP_OK;
}

ep_code ep_pg_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                  int64_t *ret_changed, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    EP_CLEANUP(ep_pg_params_done) ep_pg_params p = {0};
    if (refuse_transaction(ep_sql_first(sql), err) != EP_OK ||
        ep_pg_params_init(&p, params, n_params, err) != EP_OK)
        return ep_sql_prefix(err, sql);
    /* The extended protocol takes exactly one statement. */
    PGresult *result =
        PQexecParams(pg->connection, sql, (int)n_params, p.types, p.values, p.lengths, p.formats, 0);
    return check_result(pg, sql, result, ret_changed, err);
}

/* Statement by statement, as Citus wants them: several in one message would be one transaction of its own kind. */
ep_code ep_pg_exec(ep_store *store, const char *sql, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    EP_CLEANUP(ep_buf_done) ep_buf one = {0};
    size_t n = 0, number = 0;
    for (const char *at = sql; *at; at = ep_sql_skip(at))
        n += ep_sql_first(at).len > 0;
    for (const char *at = sql; *at; at = ep_sql_skip(at)) {
        ep_str statement = ep_sql_first(at);
        if (statement.len == 0)
            continue;
        number++;
        ep_buf_reset(&one);
        ep_buf_put_str(&one, statement);
        ep_code code = ep_buf_check(&one, err);
        if (code == EP_OK && refuse_transaction(statement, err) != EP_OK)
            code = ep_sql_prefix(err, one.data);
        if (code == EP_OK)
            code = check_result(pg, one.data, PQexec(pg->connection, one.data), NULL, err);
        if (code != EP_OK)
            return n > 1 ? ep_fail_prefix(err, "statement %zu of %zu", number, n) : code;
    }
    return EP_OK;
}
