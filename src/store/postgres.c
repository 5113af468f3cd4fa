#include <string.h>

#include "store/postgres_private.h"

/* The table behind ep_store_*() for PostgreSQL, and what is too small for a file of its own. */

static const char *version(const ep_store *store) {
    return ((const ep_postgres *)store)->version;
}

/* On Citus, a reference table that is written and then joined needs its statements one shard after the other; elsewhere the setting is
 * a name that nobody reads. */
static ep_code begin(ep_store *store, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    EP_TRY(ep_pg_command(pg, "BEGIN", err));
    return ep_pg_command(pg, "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'", err);
}

/* Temporary tables may be made in it although the store is read-only: the caller's statements are ours. */
static ep_code begin_snapshot(ep_store *store, ep_error *err) {
    return ep_pg_command((ep_postgres *)store, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE", err);
}

static ep_code commit(ep_store *store, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    PGresult *result = PQexec(pg->connection, "COMMIT");
    ep_code code = EP_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        code = ep_pg_fail(err, "COMMIT", pg->connection, result);
    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
        /* The answer to COMMIT after a failed statement is ROLLBACK, and counts as success. */
        code = ep_fail(err, EP_E_STORE, "COMMIT: the server rolled the transaction back");
    PQclear(result);
    if (code == EP_E_UNAVAILABLE)
        ep_fail_prefix(err, "whether this batch was committed is seen when the position is read again");
    return code;
}

static void rollback(ep_store *store) {
    /* Fails only when the connection or a failed COMMIT has already ended the transaction. */
    ep_error ignored;
    (void)!ep_pg_command((ep_postgres *)store, "ROLLBACK", &ignored);
}

/* The server writes its log into its files by itself. */
static ep_code checkpoint(ep_store *store, ep_error *err) {
    (void)store, (void)err;
    return EP_OK;
}

void ep_pg_put_type(const ep_column_def *column, ep_buf *ret) {
    static const char *const names[EP_N_TYPES] = {
        /* Text is compared bytewise whatever the database's own order of letters is. */
        [EP_T_TEXT] = "TEXT COLLATE \"C\"", [EP_T_BOOL] = "BOOLEAN", [EP_T_INT] = "BIGINT",
        [EP_T_DECIMAL] = "DECIMAL",         [EP_T_DATE] = "DATE",    [EP_T_TIME] = "TIME",
        [EP_T_TIMESTAMP] = "TIMESTAMP",     [EP_T_BLOB] = "BYTEA",
    };
    ep_buf_puts(ret, names[column->type]);
    if (column->type == EP_T_DECIMAL)
        ep_buf_printf(ret, "(%d,%d)", column->precision, column->scale);
}

const struct ep_store_ops ep_store_postgres = {
    .engine = EP_ENGINE_POSTGRES,
    .open = ep_pg_open,
    .share = ep_pg_share,
    .recover = ep_pg_recover,
    .close = ep_pg_close,
    .version = version,
    .interrupt = ep_pg_interrupt,
    .exec = ep_pg_exec,
    .run = ep_pg_run,
    .begin = begin,
    .begin_snapshot = begin_snapshot,
    .commit = commit,
    .rollback = rollback,
    .checkpoint = checkpoint,
    .query = ep_pg_query,
    .append = ep_pg_append,
    .insert_stream = ep_pg_insert_stream,
    .put_type = ep_pg_put_type,
    .distinct_text = "",
    .cursor_next = ep_pg_cursor_next,
    .cursor_get = ep_pg_cursor_get,
    .cursor_close = ep_pg_cursor_close,
};
