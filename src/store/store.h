#ifndef EP_STORE_STORE_H
#define EP_STORE_STORE_H

#include "record/batch.h"

/* The engine behind the warehouse. Callers use these functions, never the table behind them. One store has one writing connection; it
 * belongs to one thread at a time (the store thread). */
typedef struct ep_store ep_store;
typedef struct ep_cursor ep_cursor;

typedef enum ep_engine { EP_ENGINE_DUCKDB, EP_ENGINE_POSTGRES } ep_engine;

typedef struct ep_store_options {
    const char *location;       /* a file for DuckDB ("" is in memory), a postgres:// URI later */
    bool read_only;
    const char *allowed_folder; /* the warehouse: the only folder the engine may touch; NULL: none */
    const char *temp_folder;    /* for spilling; NULL: engine default off */
    int64_t memory_limit_bytes; /* 0: 512 MB */
    int n_threads;              /* 0: cores */
} ep_store_options;

/**
 * Opens or creates. DuckDB: asserts the library version, switches off external access, extensions and configuration changes
 * after opening (SET allowed_directories, temp_directory, enable_external_access=false, lock_configuration=true by SQL, in that order).
 * @return EP_OK; EP_E_BUSY another process writes; EP_E_PERMISSION; EP_E_NOT_FOUND (read only); EP_E_CORRUPT; EP_E_FULL; EP_E_STORE.
 */
EP_CHECK ep_code ep_store_open(const ep_store_options *options, ep_store **ret, ep_error *err);
void ep_store_close(ep_store **store);
ep_engine ep_store_engine(const ep_store *store);
const char *ep_store_version(const ep_store *store);

/** Runs one or several statements separated by ';' without results. The error's text names the statement's first words and the engine's message
 * cut to one line without row values. */
EP_CHECK ep_code ep_store_exec(ep_store *store, const char *sql, ep_error *err);
/** One statement with parameters ($1, $2 ...); `*ret_changed` rows inserted, updated or deleted (may be NULL). */
EP_CHECK ep_code ep_store_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params, int64_t *ret_changed, ep_error *err);

EP_CHECK ep_code ep_store_begin(ep_store *store, ep_error *err);
/** A commit that follows a failed statement is an error here, never a silent rollback. */
EP_CHECK ep_code ep_store_commit(ep_store *store, ep_error *err);
/** Always leaves no transaction open; errors are ignored. */
void ep_store_rollback(ep_store *store);
/** Writes the log into the file. */
EP_CHECK ep_code ep_store_checkpoint(ep_store *store, ep_error *err);

/** Opens a result stream; constant memory. Close it before the next statement on this store. */
EP_CHECK ep_code ep_store_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params, ep_cursor **ret, ep_error *err);
size_t ep_cursor_n_columns(const ep_cursor *cursor);
const char *ep_cursor_column_name(const ep_cursor *cursor, size_t column);
/** Type of a result column in our terms; engine types without a twin (double, hugeint, list ...) come as TEXT in the engine's own writing. */
ep_column_def ep_cursor_column(const ep_cursor *cursor, size_t column);
/** Moves to the next row; *ret_row false at the end. */
EP_CHECK ep_code ep_cursor_next(ep_cursor *cursor, bool *ret_row, ep_error *err);
/** Cell of the current row; text is a view valid until the next ep_cursor_next. */
ep_value ep_cursor_get(const ep_cursor *cursor, size_t column);
void ep_cursor_close(ep_cursor **cursor);

/** Convenience: first cell of the first row as integer / text (copied into buf); EP_E_NOT_FOUND when there is no row, NULL gives *ret_null. */
EP_CHECK ep_code ep_store_get_int(ep_store *store, const char *sql, const ep_value *params, size_t n_params, int64_t *ret, ep_error *err);
EP_CHECK ep_code ep_store_get_text(ep_store *store, const char *sql, const ep_value *params, size_t n_params, ep_buf *ret, ep_error *err);

/**
 * Bulk append of a sealed batch to a table (temporary or not) whose columns are the batch schema's, in order; absent is stored as NULL.
 * @param rows  row indexes to append, or NULL for all.
 * Inside the open transaction; on error the transaction is dead and must be rolled back.
 */
EP_CHECK ep_code ep_store_append(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows, size_t n_rows, ep_error *err);
/** SQL type of a column in this engine: TEXT -> "VARCHAR"/"TEXT", DECIMAL(18,4) -> "DECIMAL(18,4)", TIMESTAMP without zone holding UTC ... */
void ep_store_put_type(const ep_store *store, const ep_column_def *column, ep_buf *ret);

#endif
