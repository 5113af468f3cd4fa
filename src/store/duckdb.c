#include "store/duckdb_private.h"

/* The table behind ep_store_*() for DuckDB, and what is too small for a file of its own. */

static const char *version(const ep_store *store) {
    (void)store;
    return duckdb_library_version();
}

static void interrupt(ep_store *store) {
    duckdb_interrupt(((ep_duckdb *)store)->connection);
}

static ep_code begin(ep_store *store, ep_error *err) {
    return ep_duckdb_command(((ep_duckdb *)store)->connection, "BEGIN TRANSACTION", err);
}

static ep_code commit(ep_store *store, ep_error *err) {
    return ep_duckdb_command(((ep_duckdb *)store)->connection, "COMMIT", err);
}

static void rollback(ep_store *store) {
    /* Fails only when a failed COMMIT has already ended the transaction. */
    ep_error ignored;
    (void)!ep_duckdb_command(((ep_duckdb *)store)->connection, "ROLLBACK", &ignored);
}

static ep_code checkpoint(ep_store *store, ep_error *err) {
    return ep_duckdb_command(((ep_duckdb *)store)->connection, "CHECKPOINT", err);
}

static void put_type(const ep_column_def *column, ep_buf *ret) {
    static const char *const names[EP_N_TYPES] = {
        [EP_T_TEXT] = "VARCHAR",        [EP_T_BOOL] = "BOOLEAN", [EP_T_INT] = "BIGINT",
        [EP_T_DECIMAL] = "DECIMAL",     [EP_T_DATE] = "DATE",    [EP_T_TIME] = "TIME",
        [EP_T_TIMESTAMP] = "TIMESTAMP", [EP_T_BLOB] = "BLOB",
    };
    ep_buf_puts(ret, names[column->type]);
    if (column->type == EP_T_DECIMAL)
        ep_buf_printf(ret, "(%d,%d)", column->precision, column->scale);
}

const struct ep_store_ops ep_store_duckdb = {
    .engine = EP_ENGINE_DUCKDB,
    .open = ep_duckdb_open,
    .share = ep_duckdb_share,
    .close = ep_duckdb_close,
    .version = version,
    .interrupt = interrupt,
    .exec = ep_duckdb_exec,
    .run = ep_duckdb_run,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .checkpoint = checkpoint,
    .query = ep_duckdb_query,
    .append = ep_duckdb_append,
    .insert_stream = ep_duckdb_insert_stream,
    .put_type = put_type,
    /* No dictionary holds them, and finding that out costs more than all else that an insert does to the column. */
    .distinct_text = " USING COMPRESSION UNCOMPRESSED",
    .cursor_next = ep_duckdb_cursor_next,
    .cursor_get = ep_duckdb_cursor_get,
    .cursor_close = ep_duckdb_cursor_close,
};
