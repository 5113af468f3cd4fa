#ifndef EP_STORE_POSTGRES_PRIVATE_H
#define EP_STORE_POSTGRES_PRIVATE_H

#include <libpq-fe.h>
#include <pthread.h>

#include "store/sql_text.h"
#include "store/store_private.h"

/* PostgreSQL counts days and microseconds from 2000-01-01. */
#define EP_PG_EPOCH_DAYS 10957
#define EP_PG_EPOCH_US   (EP_PG_EPOCH_DAYS * EP_DAY_US)

/* A connection. Sharing a store opens another one to the same address. */
typedef struct ep_postgres {
    struct ep_store base;
    PGconn *connection;
    pthread_mutex_t cancel_lock; /* an interrupt comes from another thread than the one that connects again */
    PGcancel *cancel;
    char *location;
    bool read_only;
    int64_t memory_limit_bytes;
    char version[64];
    int64_t n_streams; /* names of ep_stream()'s tables */
} ep_postgres;

/* postgres_open.c */
EP_CHECK ep_code ep_pg_open(const ep_store_options *options, ep_store **ret, ep_error *err);
EP_CHECK ep_code ep_pg_share(ep_store *store, ep_store **ret, ep_error *err);
EP_CHECK ep_code ep_pg_recover(ep_store *store, ep_error *err);
void ep_pg_close(ep_store *store);
void ep_pg_interrupt(ep_store *store);

/* postgres_error.c: what the server or libpq says, as a code and a text without values. */

/** From a result's SQLSTATE; `result` may be NULL or a broken connection's. `sql` may be NULL. */
ep_code ep_pg_fail(ep_error *err, const char *sql, const PGconn *connection, const PGresult *result);
/** The code that an SQLSTATE means ("40001"); NULL or "" is a lost connection. */
ep_code ep_pg_code(const char *sqlstate);

/* postgres_value.c: cells in PostgreSQL's binary format, network byte order. */

/** OID of the type that holds our type. */
Oid ep_pg_oid(ep_type type);
/**
 * Appends length and bytes of a cell: that of a row of COPY, and of a parameter from the fifth byte on. False when the value does not
 * fit its column, as ep_store_append promises; nothing is appended then.
 */
bool ep_pg_put_cell(ep_buf *buf, const ep_column_def *column, const ep_value *value);
/** The cell of a batch, without a detour over ep_value for the usual types. */
bool ep_pg_put_batch_cell(ep_buf *buf, const ep_column_def *def, const ep_column *column, size_t row);

/* postgres_statement.c */

/** Parameters as libpq wants them, all binary; freed by ep_pg_params_done. */
typedef struct ep_pg_params {
    Oid *types;
    const char **values;
    int *lengths, *formats;
    ep_buf bytes;
} ep_pg_params;
EP_CHECK ep_code ep_pg_params_init(ep_pg_params *ret, const ep_value *params, size_t n, ep_error *err);
void ep_pg_params_done(ep_pg_params *params);

/** One statement that comes from this program, without result. */
EP_CHECK ep_code ep_pg_command(ep_postgres *pg, const char *sql, ep_error *err);
EP_CHECK ep_code ep_pg_exec(ep_store *store, const char *sql, ep_error *err);
EP_CHECK ep_code ep_pg_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                           int64_t *ret_changed, ep_error *err);

/* postgres_cursor.c */
EP_CHECK ep_code ep_pg_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                             ep_cursor **ret, ep_error *err);
EP_CHECK ep_code ep_pg_cursor_next(ep_cursor *cursor, bool *ret_row, ep_error *err);
ep_value ep_pg_cursor_get(const ep_cursor *cursor, size_t column);
void ep_pg_cursor_close(ep_cursor *cursor);

/* postgres_text.c: a cell of a result, which comes as text. Each gives false for what is none of ours. */
bool ep_pg_read_decimal(ep_str text, ep_int128 *ret, uint8_t *ret_scale);
/** Moments before year 1 and after 9999, infinity among them, become the first and the last of ours. */
bool ep_pg_read_timestamp(ep_str text, int64_t *ret);
bool ep_pg_read_date(ep_str text, int64_t *ret);
bool ep_pg_read_time(ep_str text, int64_t *ret);
/** "\x01ff" into bytes; `out` holds half of the text and may be the text itself. */
bool ep_pg_read_bytea(ep_str text, char *out, size_t *ret_len);

/* postgres_copy.c */
EP_CHECK ep_code ep_pg_append(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows,
                              size_t n_rows, ep_error *err);
EP_CHECK ep_code ep_pg_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source,
                                     int n_threads, int64_t *ret_changed, ep_error *err);

/* postgres.c */
void ep_pg_put_type(const ep_column_def *column, ep_buf *ret);

#endif
