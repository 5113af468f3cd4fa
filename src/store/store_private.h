#ifndef EP_STORE_STORE_PRIVATE_H
#define EP_STORE_STORE_PRIVATE_H

#include "store/store.h"

/* What an engine provides. store.c keeps the rules that hold for every engine (one result at a time, no commit after a
 * failure), so that an engine only talks to its library. Every call below comes with a non-NULL `err`. */
struct ep_store_ops {
    ep_engine engine;
    ep_code (*open)(const ep_store_options *options, ep_store **ret, ep_error *err);
    ep_code (*share)(ep_store *store, ep_store **ret, ep_error *err);
    ep_code (*recover)(ep_store *store, ep_error *err); /* NULL: there is no connection to lose */
    void (*close)(ep_store *store);
    const char *(*version)(const ep_store *store);
    void (*interrupt)(ep_store *store);
    ep_code (*exec)(ep_store *store, const char *sql, ep_error *err);
    ep_code (*run)(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                   int64_t *ret_changed, ep_error *err);
    ep_code (*begin)(ep_store *store, ep_error *err);
    ep_code (*begin_snapshot)(ep_store *store, ep_error *err); /* NULL: every transaction sees one state */
    ep_code (*commit)(ep_store *store, ep_error *err);
    void (*rollback)(ep_store *store);
    ep_code (*checkpoint)(ep_store *store, ep_error *err);
    ep_code (*query)(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                     ep_cursor **ret, ep_error *err);
    ep_code (*append)(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows,
                      size_t n_rows, ep_error *err);
    ep_code (*insert_stream)(ep_store *store, const char *sql, const ep_stream_source *source, int n_threads,
                             int64_t *ret_changed, ep_error *err);
    void (*put_type)(const ep_column_def *column, ep_buf *ret);
    const char *distinct_text; /* after the type of a text column whose values all differ; may be "" */
    ep_code (*cursor_next)(ep_cursor *cursor, bool *ret_row, ep_error *err);
    ep_value (*cursor_get)(const ep_cursor *cursor, size_t column);
    void (*cursor_close)(ep_cursor *cursor);
};

/* First member of an engine's store. */
struct ep_store {
    const struct ep_store_ops *ops;
    ep_cursor *cursor; /* the open result, or NULL */
    bool in_transaction, failed;
    ep_error failure; /* what failed first in the transaction */
};

/* First member of an engine's cursor. */
struct ep_cursor {
    ep_store *store; /* NULL once the store is closed or rolled back: the result is gone */
    const struct ep_store_ops *ops;
    ep_column_def *columns;
    size_t n_columns;
};

extern const struct ep_store_ops ep_store_duckdb, ep_store_postgres;

#endif
