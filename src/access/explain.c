#include "access/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Relations with their columns, one row a column, read before the role is changed: the catalogue is not what is examined. */
static const char columns_sql[] =
    "select n.nspname, c.relname, case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view' when 'm' then 'materialized view' "
    "else 'foreign table' end, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid "
    "where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' "
    "and n.nspname <> 'information_schema' order by 1, 2, a.attnum";

typedef struct prober {
    ep_server *server;
    const ep_rows *columns;
    const char **readable, **refused;
    ep_buf sql;
} prober;

static void prober_done(prober *p) {
    ep_free(p->readable);
    ep_free(p->refused);
    ep_buf_done(&p->sql);
}

/* Tries a query that gives no row or one; a refusal is an answer. */
static ep_code attempt(prober *p, bool *ret_allowed, int64_t *ret_value, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    ep_error refused = {0};
    EP_TRY(ep_buf_check(&p->sql, err));
    EP_TRY(ep_server_exec(p->server, "savepoint probe", err));
    ep_code code = ep_server_query(p->server, p->sql.data, NULL, 0, &rows, &refused);
    *ret_allowed = code == EP_OK;
    if (code == EP_OK) {
        if (ret_value && ep_rows_n(rows) > 0)
            *ret_value = strtoll(ep_rows_get(rows, 0, 0), NULL, 10);
        return ep_server_exec(p->server, "release savepoint probe", err);
    }
    if (code != EP_E_PERMISSION)
        return ep_fail(err, code, "%s", refused.text);
    return ep_server_exec(p->server, "rollback to savepoint probe", err);
}

static void put_relation(prober *p, size_t row) {
    ep_buf_put_ident(&p->sql, ep_str_from(ep_rows_get(p->columns, row, 0)));
    ep_buf_puts(&p->sql, ".");
    ep_buf_put_ident(&p->sql, ep_str_from(ep_rows_get(p->columns, row, 1)));
}

static ep_code probe_columns(prober *p, size_t from, size_t to, ep_probe *probe, ep_error *err) {
    for (size_t i = from; i < to; i++) {
        bool allowed;
        const char *column = ep_rows_get(p->columns, i, 3);
        ep_buf_reset(&p->sql);
        ep_buf_puts(&p->sql, "select ");
        ep_buf_put_ident(&p->sql, ep_str_from(column));
        ep_buf_puts(&p->sql, " from ");
        put_relation(p, from);
        ep_buf_puts(&p->sql, " limit 0");
        EP_TRY(attempt(p, &allowed, NULL, err));
        if (allowed)
            p->readable[probe->n_readable++] = column;
        else
            p->refused[probe->n_refused++] = column;
    }
    return EP_OK;
}

static ep_code count_rows(prober *p, size_t from, ep_probe *probe, ep_error *err) {
    bool allowed;
    ep_buf_reset(&p->sql);
    ep_buf_puts(&p->sql, "select count(*) from (select ");
    ep_buf_put_ident(&p->sql, ep_str_from(probe->readable[0]));
    ep_buf_puts(&p->sql, " from ");
    put_relation(p, from);
    ep_buf_printf(&p->sql, " limit %d) x", EP_PROBE_MAX_ROWS);
    return attempt(p, &allowed, &probe->n_rows, err);
}

static ep_code probe_all(prober *p, ep_probe_fn fn, void *context, ep_error *err) {
    size_t n = ep_rows_n(p->columns);
    p->readable = ep_calloc(n + 1, sizeof *p->readable);
    p->refused = ep_calloc(n + 1, sizeof *p->refused);
    if (!p->readable || !p->refused)
        return ep_fail(err, EP_E_NOMEM, "out of memory for columns");
    for (size_t from = 0, to; from < n; from = to) {
        ep_probe probe = {.schema = ep_rows_get(p->columns, from, 0),
                          .name = ep_rows_get(p->columns, from, 1),
                          .kind = ep_rows_get(p->columns, from, 2),
                          .readable = p->readable,
                          .refused = p->refused,
                          .n_rows = -1};
        for (to = from; to < n && strcmp(ep_rows_get(p->columns, to, 1), probe.name) == 0 &&
                        strcmp(ep_rows_get(p->columns, to, 0), probe.schema) == 0;)
            to++;
        EP_TRY(probe_columns(p, from, to, &probe, err));
        if (probe.n_readable > 0)
            EP_TRY(count_rows(p, from, &probe, err));
        EP_TRY(fn(context, &probe, err));
    }
    return EP_OK;
}

/* Membership is given for this transaction only, when the connected role is neither a member nor a superuser. */
static ep_code become(ep_server *server, const char *role, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf member = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_server_get(server, "select pg_has_role(current_user, $1, 'member')", &role, 1, &member, err));
    if (strcmp(member.data, "t") != 0) {
        ep_buf_puts(&sql, "grant ");
        ep_buf_put_ident(&sql, ep_str_from(role));
        ep_buf_puts(&sql, " to current_user; ");
    }
    ep_buf_puts(&sql, "set local role ");
    ep_buf_put_ident(&sql, ep_str_from(role));
    ep_buf_puts(&sql, "; set transaction read only; set local statement_timeout = 60000");
    EP_TRY(ep_buf_check(&sql, err));
    return ep_server_exec(server, sql.data, err);
}

ep_code ep_access_explain(ep_server *server, const char *role, ep_probe_fn fn, void *context, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *columns = NULL;
    EP_CLEANUP(prober_done) prober p = {.server = server};
    EP_CLEANUP(ep_buf_done) ep_buf there = {0};
    ep_error ignored = {0};
    EP_TRY(ep_server_get(server, "select count(*) from pg_roles where rolname = $1", &role, 1, &there, err));
    if (strcmp(there.data, "0") == 0)
        return ep_fail(err, EP_E_NOT_FOUND, "there is no role %s", role);
    EP_TRY(ep_server_query(server, columns_sql, NULL, 0, &columns, err));
    p.columns = columns;
    EP_TRY(ep_server_exec(server, "begin", err));
    ep_code code = become(server, role, err);
    if (code == EP_OK)
        code = probe_all(&p, fn, context, err);
    return ep_server_exec(server, "rollback", code == EP_OK ? err : &ignored) == EP_OK || code != EP_OK
               ? code
               : err->code;
}
