#include <string.h>

#include "store/postgres_private.h"

/* What an SQLSTATE means: the first prefix that fits. Classes say what the pipeline does next (08, 40, 53, 57: try again; 22, 23: a
 * value is bad; 28, 42 and the rest: stop), the longer ones say it more exactly. Never the name of a constraint: shards have their own. */
static const struct {
    const char *prefix;
    ep_code code;
    bool quotes_values; /* the message may hold values of rows */
} states[] = {
    {"08P01", EP_E_ARG, false}, /* more parameters than the statement has */
    {"08", EP_E_UNAVAILABLE, false},   {"22", EP_E_RECORD, true},        {"23", EP_E_RECORD, true},
    {"25006", EP_E_STORE, false}, /* a read-only transaction */
    {"28", EP_E_PERMISSION, false},    {"3D000", EP_E_NOT_FOUND, false}, {"40", EP_E_BUSY, false},
    {"42P02", EP_E_ARG, false}, /* fewer */
    {"42501", EP_E_PERMISSION, false}, {"42", EP_E_STORE, false},        {"53100", EP_E_FULL, false},
    {"53200", EP_E_NOMEM, false},      {"53400", EP_E_FULL, false}, /* temp_file_limit and its kin */
    {"53", EP_E_UNAVAILABLE, false},   {"55", EP_E_BUSY, false},    /* a lock that did not come in time */
    {"57014", EP_E_CANCELLED, false},  {"57", EP_E_UNAVAILABLE, false},  {"58", EP_E_IO, false},
    {"XX001", EP_E_CORRUPT, false},    {"XX002", EP_E_CORRUPT, false},   {"", EP_E_STORE, true},
};

static size_t find_state(const char *sqlstate) {
    size_t i = 0;
    while (strncmp(sqlstate, states[i].prefix, strlen(states[i].prefix)) != 0)
        i++;
    return i;
}

ep_code ep_pg_code(const char *sqlstate) {
    return sqlstate && sqlstate[0] ? states[find_state(sqlstate)].code : EP_E_UNAVAILABLE;
}

/* libpq's own texts have several lines and name host, port, user and database, never the password. */
static ep_code fail_lost(ep_error *err, const char *message) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_str rest = ep_str_trim(ep_str_from(message));
    while (rest.len > 0 && strchr("\n\t ", rest.ptr[rest.len - 1]))
        rest.len--;
    ep_buf_put_str(&text, rest);
    return ep_fail(err, EP_E_UNAVAILABLE, "no answer from PostgreSQL: %s",
                   text.failed || !text.data || !text.len ? "the connection was lost" : text.data);
}

/* Names of what was violated are no values: "dim_seller, constraint dim_seller_pk". */
static void put_names(ep_buf *text, const PGresult *result) {
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (table)
        ep_buf_printf(text, " (%s%s%s%s%s)", table, column ? ", column " : "", column ? column : "",
                      constraint ? ", constraint " : "", constraint ? constraint : "");
}

ep_code ep_pg_fail(ep_error *err, const char *sql, const PGconn *connection, const PGresult *result) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (sql)
        ep_sql_put_head(&text, sql);
    if (!sqlstate) {
        fail_lost(err, PQerrorMessage(connection));
        return text.failed || text.len < 2 ? err->code
                                           : ep_fail_prefix(err, "%.*s", (int)text.len - 2, text.data);
    }
    size_t state = find_state(sqlstate);
    if (!message)
        ep_buf_puts(&text, "the server gave no reason");
    else if (states[state].quotes_values)
        ep_sql_put_masked(&text, ep_str_from(message));
    else
        ep_buf_puts(&text, message);
    if (states[state].code == EP_E_RECORD)
        put_names(&text, result);
    ep_buf_printf(&text, " [%s]", sqlstate);
    return ep_fail(err, states[state].code, "%s",
                   text.failed || !text.data ? "the server refused a statement" : text.data);
}
