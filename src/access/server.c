#include "access/server.h"
#include "store/sql_text.h"

#include <libpq-fe.h>
#include <string.h>

/* Older minor versions have known holes in what keeps rows apart. */
enum { OLDEST = 150018 };

struct ep_server {
    PGconn *connection;
};

struct ep_rows {
    PGresult *result;
};

/* By SQLSTATE only: texts are translated and change. */
static const struct {
    const char *prefix;
    ep_code code;
} states[] = {
    {"42501", EP_E_PERMISSION}, {"28", EP_E_PERMISSION},   {"08", EP_E_UNAVAILABLE},
    {"57P", EP_E_UNAVAILABLE},  {"57014", EP_E_CANCELLED}, {"53", EP_E_FULL},
    {"40", EP_E_BUSY},          {"55P03", EP_E_BUSY},      {"42P01", EP_E_NOT_FOUND},
    {"42704", EP_E_NOT_FOUND},  {"3F000", EP_E_NOT_FOUND}, {"3D000", EP_E_NOT_FOUND},
    {"42710", EP_E_CONFLICT},   {"42P07", EP_E_CONFLICT},
};

static ep_code code_of(const char *state) {
    for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
        if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) == 0)
            return states[i].code;
    return state ? EP_E_STORE : EP_E_UNAVAILABLE;
}

static void trim(char *text) {
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        text[--len] = '\0';
}

static void drop_notice(void *context, const char *text) {
    (void)context;
    (void)text;
}

ep_code ep_server_connect(const char *uri, ep_server **ret, ep_error *err) {
    EP_CLEANUP(ep_server_close) ep_server *server = ep_calloc(1, sizeof *server);
    if (!server)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a connection");
    const char *const names[] = {"dbname", "application_name", "connect_timeout", "client_encoding", NULL};
    const char *const values[] = {uri, "entrepot", "10", "UTF8", NULL};
    server->connection = PQconnectdbParams(names, values, 1);
    if (PQstatus(server->connection) != CONNECTION_OK) {
        bool asked =
            PQconnectionNeedsPassword(server->connection) || PQconnectionUsedPassword(server->connection);
        char *text = ep_strdup(PQerrorMessage(server->connection));
        if (text)
            trim(text);
        ep_code code = ep_fail(err, asked ? EP_E_PERMISSION : EP_E_UNAVAILABLE,
                               "cannot connect to PostgreSQL: %s", text ? text : "");
        ep_free(text);
        return code;
    }
    if (PQserverVersion(server->connection) < OLDEST)
        return ep_fail(err, EP_E_CONFIG, "PostgreSQL %d.%d is too old: 15.18 or later is needed",
                       PQserverVersion(server->connection) / 10000,
                       PQserverVersion(server->connection) % 10000);
    PQsetErrorVerbosity(server->connection, PQERRORS_TERSE);
    /* Notices ("role exists, skipping") are for nobody. */
    PQsetNoticeProcessor(server->connection, drop_notice, NULL);
    *ret = server;
    server = NULL;
    return EP_OK;
}

void ep_server_close(ep_server **server) {
    if (!server || !*server)
        return;
    PQfinish((*server)->connection);
    ep_free(*server);
    *server = NULL;
}

static ep_code judge(ep_server *server, PGresult *result, ep_error *err) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return EP_OK;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE),
               *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (PQstatus(server->connection) != CONNECTION_OK)
        return ep_fail(err, EP_E_UNAVAILABLE, "the connection to PostgreSQL broke");
    return ep_fail(err, code_of(state), "PostgreSQL: %s", text ? text : "no answer");
}

static ep_code exec_one(ep_server *server, const char *sql, ep_error *err) {
    PGresult *result = PQexec(server->connection, sql);
    ep_code code = judge(server, result, err);
    PQclear(result);
    return code;
}

static ep_code exec_each(ep_server *server, const char *sql, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf one = {0};
    for (const char *at = sql; *at; at = ep_sql_skip(at)) {
        ep_str statement = ep_sql_first(at);
        if (statement.len == 0)
            continue;
        ep_buf_reset(&one);
        ep_buf_put_str(&one, statement);
        EP_TRY(ep_buf_check(&one, err));
        EP_TRY(exec_one(server, one.data, err));
    }
    return EP_OK;
}

/* A statement a message: Citus hands a message's text to its nodes, which take no second statement in it. */
ep_code ep_server_exec(ep_server *server, const char *sql, ep_error *err) {
    ep_error ignored;
    if (PQtransactionStatus(server->connection) != PQTRANS_IDLE || ep_sql_is_transaction(ep_sql_first(sql)) ||
        *ep_sql_skip(sql) == '\0')
        return exec_each(server, sql, err);
    EP_TRY(exec_one(server, "begin", err));
    ep_code code = exec_each(server, sql, err);
    if (code == EP_OK)
        return exec_one(server, "commit", err);
    (void)!exec_one(server, "rollback", &ignored);
    return code;
}

ep_code ep_server_query(ep_server *server, const char *sql, const char *const *params, size_t n_params,
                        ep_rows **ret, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = ep_calloc(1, sizeof *rows);
    if (!rows)
        return ep_fail(err, EP_E_NOMEM, "out of memory for rows");
    rows->result =
        PQexecParams(server->connection, sql, (int)n_params, NULL, params, NULL, NULL, 0 /* texts */);
    EP_TRY(judge(server, rows->result, err));
    *ret = rows;
    rows = NULL;
    return EP_OK;
}

ep_code ep_server_get(ep_server *server, const char *sql, const char *const *params, size_t n_params,
                      ep_buf *ret, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    EP_TRY(ep_server_query(server, sql, params, n_params, &rows, err));
    if (PQntuples(rows->result) == 0 || PQgetisnull(rows->result, 0, 0))
        return ep_fail(err, EP_E_NOT_FOUND, "the query gives no row");
    ep_buf_puts(ret, ep_rows_get(rows, 0, 0));
    return ep_buf_check(ret, err);
}

size_t ep_rows_n(const ep_rows *rows) {
    return (size_t)PQntuples(rows->result);
}

const char *ep_rows_get(const ep_rows *rows, size_t row, size_t column) {
    return PQgetvalue(rows->result, (int)row, (int)column);
}

void ep_rows_free(ep_rows **rows) {
    if (!rows || !*rows)
        return;
    PQclear((*rows)->result);
    ep_free(*rows);
    *rows = NULL;
}
