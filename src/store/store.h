#ifndef EP_STORE_STORE_H
#define EP_STORE_STORE_H

#include "record/batch.h"

/* The engine behind the warehouse. Callers use these functions, never the table behind them. One store has one writing connection; it
 * belongs to one thread at a time (the store thread). */
typedef struct ep_store ep_store;
typedef struct ep_cursor ep_cursor;

typedef enum ep_engine { EP_ENGINE_DUCKDB, EP_ENGINE_POSTGRES } ep_engine;

typedef struct ep_store_options {
    const char *location; /* a file for DuckDB ("" is in memory), or postgres://user@host:port/database */
    bool read_only;
    const char *allowed_folder; /* the warehouse: the only folder the engine may touch; NULL: none */
    const char *temp_folder;    /* for spilling; NULL: engine default off */
    int64_t memory_limit_bytes; /* 0: 512 MB */
    int n_threads;              /* 0: cores */
    int64_t checkpoint_bytes;   /* log size at which a commit also writes the log into the file; 0: 256 MB */
} ep_store_options;

/**
 * Opens or creates. DuckDB: asserts the library version, switches off external access, extensions and configuration changes
 * after opening (SET allowed_directories, temp_directory, allowed_configs, enable_external_access=false, lock_configuration=true by SQL, in that
 * order).
 * PostgreSQL: connects, refuses servers below 15.18, and fixes the session's settings; of the options only location, read_only and
 * memory_limit_bytes count. The password comes from PGPASSWORD, PGPASSFILE or a service file, never from the location.
 * @return EP_OK; EP_E_BUSY another process writes; EP_E_UNAVAILABLE no server answers; EP_E_PERMISSION; EP_E_NOT_FOUND (read only; no such
 *         database); EP_E_CORRUPT; EP_E_FULL; EP_E_ARG a location with a password; EP_E_STORE.
 */
EP_CHECK ep_code ep_store_open(const ep_store_options *options, ep_store **ret, ep_error *err);
void ep_store_close(ep_store **store);
/** EP_E_ARG for a location that cannot be one, or holds a password; the server is not asked. */
EP_CHECK ep_code ep_store_check_location(const char *location, ep_error *err);
/**
 * After EP_E_UNAVAILABLE: connects again. An open transaction is gone, and so are temporary tables. EP_OK at once where there is no
 * connection to lose.
 */
EP_CHECK ep_code ep_store_recover(ep_store *store, ep_error *err);
/**
 * One more connection to an open store, for another thread (a second ep_store_open of the same file is EP_E_BUSY). It has its own
 * transaction and result; the file stays open until the last one is closed.
 */
EP_CHECK ep_code ep_store_share(ep_store *store, ep_store **ret, ep_error *err);
ep_engine ep_store_engine(const ep_store *store);
const char *ep_store_version(const ep_store *store);
/** Stops the statement that runs now, which then fails with EP_E_CANCELLED; nothing happens when none runs. Thread: any, while the store
 * is open; not from a signal handler. */
void ep_store_interrupt(ep_store *store);

/** Runs one or several statements separated by ';' without results. The error's text names the statement's first words and the engine's message
 * cut to one line without row values. Transactions are opened and closed by the functions below, never by SQL.
 * Codes of all statements: EP_E_RECORD a value breaks a constraint or does not fit a type; EP_E_BUSY a conflict with another
 * transaction (deadlock, lock timeout); EP_E_UNAVAILABLE the connection was lost or the server goes down; EP_E_CANCELLED; EP_E_NOMEM; EP_E_FULL (disk or spill space); EP_E_PERMISSION (the lock-down); EP_E_IO; EP_E_CORRUPT;
 * EP_E_STORE for everything else, such as wrong SQL. */
EP_CHECK ep_code ep_store_exec(ep_store *store, const char *sql, ep_error *err);
/** One statement with parameters ($1, $2 ...); `*ret_changed` rows inserted, updated or deleted (may be NULL). */
EP_CHECK ep_code ep_store_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                              int64_t *ret_changed, ep_error *err);

EP_CHECK ep_code ep_store_begin(ep_store *store, ep_error *err);
/** A transaction whose statements all see the store as it is at the first one, for reads that must agree with each other. Temporary tables
 * may be made in it, also in a read-only store; end it with ep_store_rollback(). */
EP_CHECK ep_code ep_store_begin_snapshot(ep_store *store, ep_error *err);
/** A commit that follows a failed statement is an error here, never a silent rollback. */
EP_CHECK ep_code ep_store_commit(ep_store *store, ep_error *err);
/** Always leaves no transaction open; errors are ignored. */
void ep_store_rollback(ep_store *store);
/** Writes the log into the file. */
EP_CHECK ep_code ep_store_checkpoint(ep_store *store, ep_error *err);

/** Opens a result stream; constant memory. Close it before the next statement on this store. */
EP_CHECK ep_code ep_store_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                                ep_cursor **ret, ep_error *err);
size_t ep_cursor_n_columns(const ep_cursor *cursor);
const char *ep_cursor_column_name(const ep_cursor *cursor, size_t column);
/** Type of a result column in our terms; engine types without a twin (double, hugeint, list ...) come as TEXT in the engine's own writing. */
ep_column_def ep_cursor_column(const ep_cursor *cursor, size_t column);
/** Moves to the next row; *ret_row false at the end. */
EP_CHECK ep_code ep_cursor_next(ep_cursor *cursor, bool *ret_row, ep_error *err);
/** Cell of the current row; text is a view valid until the next ep_cursor_next. */
ep_value ep_cursor_get(const ep_cursor *cursor, size_t column);
void ep_cursor_close(ep_cursor **cursor);

/** Convenience: first cell of the first row as integer / text (copied into buf); EP_E_NOT_FOUND when there is no row or
 * the cell is NULL. */
EP_CHECK ep_code ep_store_get_int(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                                  int64_t *ret, ep_error *err);
EP_CHECK ep_code ep_store_get_text(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                                   ep_buf *ret, ep_error *err);

/**
 * Bulk append of a sealed batch to a table (temporary or not, "schema.table" or the bare name, neither quoted) whose columns are the
 * batch schema's, in order; absent is stored as NULL.
 * @param rows  row indexes to append, or NULL for all (n_rows is not looked at).
 * @return EP_E_ARG with row and field for a value outside its column (decimal digits, years, text that is not UTF-8): nothing of
 *         the engine's checks such values. Outside a transaction the append is one of its own.
 * Inside the open transaction; on error the transaction is dead and must be rolled back.
 */
EP_CHECK ep_code ep_store_append(ep_store *store, const char *table, const ep_batch *batch,
                                 const uint32_t *rows, size_t n_rows, ep_error *err);

/* Rows that DuckDB compresses together (its DEFAULT_ROW_GROUP_SIZE, with which our files are made). */
enum { EP_ROW_GROUP_ROWS = 122880 };

/* How long a stream's texts are looked at. */
typedef enum ep_stream_text {
    EP_TEXT_COPIED,   /* until `done`: the statement may keep rows for longer, so they are copied */
    EP_TEXT_STRAIGHT, /* until `done`: the statement only picks columns, and each row is in the table before its thread asks for another */
    EP_TEXT_STAYS,    /* batches outlive the statement */
} ep_stream_text;

/* Where ep_store_insert_stream takes its rows from. All is called under a lock, from threads of the engine. `next` may wait; it answers
 *  - a sealed batch of the schema and which of its rows (NULL: all); the batch stays untouched until `done`;
 *  - NULL at the end (it may be asked again and must answer NULL again);
 *  - an error, which cancels the statement and comes back from ep_store_insert_stream as it is.
 * `done` (may be NULL) says that a batch was read; each batch gets it exactly once, before ep_store_insert_stream returns, from any
 * thread. A statement that fails for another reason stops asking; `next` must therefore not wait for ever.
 * `enough` (may be NULL) is asked where stopping is good for the engine. DuckDB: where a thread has filled a row group; after the first true only
 * begun row groups are filled, and a last one takes what is left of the batches that were given. PostgreSQL: before each batch.
 * `side_by_side`: DuckDB's threads insert at once, each into row groups of its own, which may then lie in any order. Worth it for long streams;
 * what a thread has of a row group stays in memory until the transaction ends. */
typedef struct ep_stream_source {
    const ep_schema *schema;
    void *context;
    ep_code (*next)(void *context, const ep_batch **ret, const uint32_t **rows, size_t *n_rows,
                    ep_error *err);
    void (*done)(void *context, const ep_batch *batch);
    bool (*enough)(void *context);
    ep_stream_text text;
    bool side_by_side;
} ep_stream_source;

/**
 * Runs one `INSERT INTO t SELECT ... FROM ep_stream()`, whose ep_stream() gives the rows of `source` in any order with the schema's
 * column names; it may stand in the statement once. Up to n_threads read the source (0: the store's). One at a time on a file: EP_E_BUSY.
 * @param ret_changed  rows inserted; may be NULL.
 */
EP_CHECK ep_code ep_store_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source,
                                        int n_threads, int64_t *ret_changed, ep_error *err);

/** SQL type of a column in this engine: TEXT -> "VARCHAR"/"TEXT", DECIMAL(18,4) -> "DECIMAL(18,4)", TIMESTAMP without zone holding UTC ... */
void ep_store_put_type(const ep_store *store, const ep_column_def *column, ep_buf *ret);
/** Follows the type of a text column in CREATE TABLE whose values all differ: how this engine had better lay them; may be nothing. */
void ep_store_put_distinct_text(const ep_store *store, ep_buf *ret);

#endif
