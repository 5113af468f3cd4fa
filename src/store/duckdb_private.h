#ifndef EP_STORE_DUCKDB_PRIVATE_H
#define EP_STORE_DUCKDB_PRIVATE_H

#include <duckdb.h>
#include <pthread.h>

#include "store/sql_text.h"
#include "store/store_private.h"

/* In the library since 1.5, not in the header of 1.4 that we build with. */
void duckdb_unsafe_vector_assign_string_element_len(duckdb_vector vector, idx_t index, const char *str,
                                                    idx_t str_len);

struct ep_duckdb_stream;

/* One open database file; shared by its connections. */
typedef struct ep_duckdb_file {
    duckdb_database database;
    int n_connections; /* under the lock of duckdb_open.c */
    int n_threads;
    struct ep_duckdb_file *next_open;
    char *path; /* canonical; NULL in memory */
    uint64_t device, inode;
    pthread_mutex_t stream_lock;
    struct ep_duckdb_stream *stream; /* what ep_stream() reads now */
} ep_duckdb_file;

typedef struct ep_duckdb {
    struct ep_store base;
    ep_duckdb_file *file;
    duckdb_connection connection;
} ep_duckdb;

/* duckdb_open.c: the file, the lock-down, one instance a file in this process. */
EP_CHECK ep_code ep_duckdb_open(const ep_store_options *options, ep_store **ret, ep_error *err);
EP_CHECK ep_code ep_duckdb_share(ep_store *store, ep_store **ret, ep_error *err);
void ep_duckdb_close(ep_store *store);

/* duckdb_error.c: what the library says, as a code and a text without values. */

/** `message` begins with its kind ("Catalog Error: ..."); `sql` may be NULL. */
ep_code ep_duckdb_fail(ep_error *err, const char *sql, const char *message);
/** For messages without their kind in front. */
ep_code ep_duckdb_fail_type(ep_error *err, const char *sql, duckdb_error_type type, const char *message);

/* duckdb_statement.c */

/** A prepared statement with its parameters bound, ready to run; the caller destroys it, also after an error. */
EP_CHECK ep_code ep_duckdb_prepare(duckdb_connection connection, const char *sql, const ep_value *params,
                                   size_t n_params, duckdb_prepared_statement *ret, ep_error *err);
/**
 * Runs a prepared statement: to its end, or `streams`, until its first rows are there. duckdb_execute_prepared() does the same, but while
 * another of the engine's threads has the last task it asks for more without pause, and takes a core from the threads that decode.
 * @param sql  for the error's text.
 * @param ret  zeroed; the caller destroys it, also after an error.
 */
EP_CHECK ep_code ep_duckdb_execute(duckdb_prepared_statement statement, bool streams, const char *sql,
                                   duckdb_result *ret, ep_error *err);
/** Runs statements of this program's own, which may open and close transactions; no result. */
EP_CHECK ep_code ep_duckdb_command(duckdb_connection connection, const char *sql, ep_error *err);
EP_CHECK ep_code ep_duckdb_exec(ep_store *store, const char *sql, ep_error *err);
EP_CHECK ep_code ep_duckdb_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                               int64_t *ret_changed, ep_error *err);

/* duckdb_cursor.c */
EP_CHECK ep_code ep_duckdb_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                                 ep_cursor **ret, ep_error *err);
EP_CHECK ep_code ep_duckdb_cursor_next(ep_cursor *cursor, bool *ret_row, ep_error *err);
ep_value ep_duckdb_cursor_get(const ep_cursor *cursor, size_t column);
void ep_duckdb_cursor_close(ep_cursor *cursor);

/* duckdb_vector.c: our columns into the engine's. */

/** Logical types of a schema's columns, n_columns of them; freed by ep_duckdb_types_free. */
EP_CHECK ep_code ep_duckdb_types_new(const ep_schema *schema, duckdb_logical_type **ret, ep_error *err);
void ep_duckdb_types_free(duckdb_logical_type *types, size_t n);
/**
 * Fills a reset chunk with `n` rows (at most a vector) of a batch: rows[0..n), or first_row and those after it when rows is NULL.
 * @param copy_text  false: the chunk points into the batch, which must outlive it.
 */
EP_CHECK ep_code ep_duckdb_fill(duckdb_data_chunk chunk, const ep_batch *batch, const uint32_t *rows,
                                size_t first_row, size_t n, bool copy_text, ep_error *err);

/* duckdb_append.c, duckdb_stream.c */
EP_CHECK ep_code ep_duckdb_append(ep_store *store, const char *table, const ep_batch *batch,
                                  const uint32_t *rows, size_t n_rows, ep_error *err);
EP_CHECK ep_code ep_duckdb_register_stream(ep_duckdb *duck, ep_error *err);
EP_CHECK ep_code ep_duckdb_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source,
                                         int n_threads, int64_t *ret_changed, ep_error *err);

#endif
