#include "store/store.h"

#include <string.h>

#include "store/store_private.h"

/* Which engine a location means: the first prefix that fits. */
static const struct {
    const char *prefix;
    const struct ep_store_ops *ops;
} engines[] = {
    {"postgres://", &ep_store_postgres},
    {"postgresql://", &ep_store_postgres},
    {"", &ep_store_duckdb},
};

ep_code ep_store_open(const ep_store_options *options, ep_store **ret, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    *ret = NULL;
    if (!options->location)
        return ep_fail(err, EP_E_ARG, "a store needs a location");
    size_t i = 0;
    while (!ep_str_starts(ep_str_from(options->location), engines[i].prefix))
        i++;
    return engines[i].ops->open(options, ret, err);
}

ep_code ep_store_share(ep_store *store, ep_store **ret, ep_error *err) {
    ep_error unseen;
    *ret = NULL;
    return store->ops->share(store, ret, err ? err : &unseen);
}

/* The result's memory belongs to the caller's cursor and is freed by its ep_cursor_close. */
static void abandon_cursor(ep_store *store) {
    if (store->cursor) {
        store->ops->cursor_close(store->cursor);
        store->cursor->store = NULL;
        store->cursor = NULL;
    }
}

void ep_store_close(ep_store **store) {
    if (!store || !*store)
        return;
    ep_store_rollback(*store);
    abandon_cursor(*store);
    (*store)->ops->close(*store);
    *store = NULL;
}

ep_code ep_store_recover(ep_store *store, ep_error *err) {
    ep_error unseen;
    ep_store_rollback(store);
    abandon_cursor(store);
    return store->ops->recover ? store->ops->recover(store, err ? err : &unseen) : EP_OK;
}

ep_engine ep_store_engine(const ep_store *store) {
    return store->ops->engine;
}

const char *ep_store_version(const ep_store *store) {
    return store->ops->version(store);
}

void ep_store_interrupt(ep_store *store) {
    store->ops->interrupt(store);
}

/* A second statement would end the open result early, which its reader could not tell from the real end. */
static ep_code check_free(const ep_store *store, ep_error *err) {
    if (store->cursor)
        return ep_fail(err, EP_E_BUG, "a result is still open: close it before the next statement");
    return EP_OK;
}

/* Remembers the first failure of a transaction: engines may report success for a COMMIT that follows one. */
static ep_code note(ep_store *store, ep_code code, const ep_error *err) {
    if (code != EP_OK && store->in_transaction && !store->failed) {
        store->failed = true;
        store->failure = *err;
    }
    return code;
}

ep_code ep_store_exec(ep_store *store, const char *sql, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    ep_code code = check_free(store, err);
    if (code == EP_OK)
        code = store->ops->exec(store, sql, err);
    return note(store, code, err);
}

ep_code ep_store_run(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                     int64_t *ret_changed, ep_error *err) {
    ep_error unseen;
    int64_t changed = 0;
    err = err ? err : &unseen;
    ep_code code = check_free(store, err);
    if (code == EP_OK)
        code = store->ops->run(store, sql, params, n_params, &changed, err);
    if (ret_changed)
        *ret_changed = changed;
    return note(store, code, err);
}

static ep_code begin_with(ep_store *store, ep_code (*begin)(ep_store *, ep_error *), ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    EP_TRY(check_free(store, err));
    if (store->in_transaction)
        return ep_fail(err, EP_E_BUG, "a transaction is already open");
    EP_TRY(begin(store, err));
    store->in_transaction = true;
    store->failed = false;
    return EP_OK;
}

ep_code ep_store_begin(ep_store *store, ep_error *err) {
    return begin_with(store, store->ops->begin, err);
}

ep_code ep_store_begin_snapshot(ep_store *store, ep_error *err) {
    return begin_with(store, store->ops->begin_snapshot ? store->ops->begin_snapshot : store->ops->begin,
                      err);
}

ep_code ep_store_commit(ep_store *store, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    if (!store->in_transaction)
        return ep_fail(err, EP_E_BUG, "no transaction is open");
    (void)note(store, check_free(store, err), err);
    if (store->failed) {
        *err = store->failure;
        ep_store_rollback(store);
        return ep_fail_prefix(err, "nothing was committed, a statement failed");
    }
    ep_code code = store->ops->commit(store, err);
    if (code != EP_OK)
        ep_store_rollback(store);
    store->in_transaction = false;
    return code;
}

void ep_store_rollback(ep_store *store) {
    if (!store->in_transaction)
        return;
    abandon_cursor(store);
    store->ops->rollback(store);
    store->in_transaction = false;
    store->failed = false;
}

ep_code ep_store_checkpoint(ep_store *store, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    EP_TRY(check_free(store, err));
    if (store->in_transaction)
        return ep_fail(err, EP_E_BUG, "a checkpoint cannot run inside a transaction");
    return store->ops->checkpoint(store, err);
}

ep_code ep_store_append(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows,
                        size_t n_rows, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    ep_code code = check_free(store, err);
    if (code == EP_OK && !batch->sealed)
        code = ep_fail(err, EP_E_BUG, "append to %s: the batch is not sealed", table);
    if (code == EP_OK)
        code = store->ops->append(store, table, batch, rows, n_rows, err);
    return note(store, code, err);
}

ep_code ep_store_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source,
                               int n_threads, int64_t *ret_changed, ep_error *err) {
    ep_error unseen;
    int64_t changed = 0;
    err = err ? err : &unseen;
    ep_code code = check_free(store, err);
    if (code == EP_OK)
        code = store->ops->insert_stream(store, sql, source, n_threads, &changed, err);
    if (ret_changed)
        *ret_changed = changed;
    return note(store, code, err);
}

void ep_store_put_type(const ep_store *store, const ep_column_def *column, ep_buf *ret) {
    store->ops->put_type(column, ret);
}

void ep_store_put_distinct_text(const ep_store *store, ep_buf *ret) {
    ep_buf_puts(ret, store->ops->distinct_text);
}

ep_code ep_store_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                       ep_cursor **ret, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    *ret = NULL;
    ep_code code = check_free(store, err);
    if (code == EP_OK)
        code = store->ops->query(store, sql, params, n_params, ret, err);
    if (code == EP_OK)
        store->cursor = *ret;
    return note(store, code, err);
}

size_t ep_cursor_n_columns(const ep_cursor *cursor) {
    return cursor->n_columns;
}

const char *ep_cursor_column_name(const ep_cursor *cursor, size_t column) {
    return cursor->columns[column].name;
}

ep_column_def ep_cursor_column(const ep_cursor *cursor, size_t column) {
    return cursor->columns[column];
}

ep_code ep_cursor_next(ep_cursor *cursor, bool *ret_row, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    *ret_row = false;
    if (!cursor->store)
        return ep_fail(err, EP_E_BUG, "the transaction or the store of this result has ended");
    return note(cursor->store, cursor->ops->cursor_next(cursor, ret_row, err), err);
}

ep_value ep_cursor_get(const ep_cursor *cursor, size_t column) {
    return cursor->store ? cursor->ops->cursor_get(cursor, column) : ep_v_null(cursor->columns[column].type);
}

void ep_cursor_close(ep_cursor **cursor) {
    if (!cursor || !*cursor)
        return;
    if ((*cursor)->store) {
        (*cursor)->ops->cursor_close(*cursor);
        (*cursor)->store->cursor = NULL;
    }
    for (size_t i = 0; i < (*cursor)->n_columns; i++)
        ep_free((void *)(*cursor)->columns[i].name);
    ep_free((*cursor)->columns);
    ep_free(*cursor);
    *cursor = NULL;
}

/* The first cell of the first row. */
static ep_code get_cell(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                        ep_cursor **cursor, ep_value *ret, ep_error *err) {
    bool row = false;
    EP_TRY(ep_store_query(store, sql, params, n_params, cursor, err));
    EP_TRY(ep_cursor_next(*cursor, &row, err));
    if (!row)
        return ep_fail(err, EP_E_NOT_FOUND, "no row");
    *ret = ep_cursor_get(*cursor, 0);
    return ret->state == EP_VALUE ? EP_OK : ep_fail(err, EP_E_NOT_FOUND, "the result is NULL");
}

ep_code ep_store_get_int(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                         int64_t *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    ep_value value;
    *ret = 0;
    EP_TRY(get_cell(store, sql, params, n_params, &cursor, &value, err));
    switch (value.type) {
    case EP_T_TEXT:
    case EP_T_BLOB:
    case EP_N_TYPES:
        return ep_fail(err, EP_E_BUG, "the result is %s, not a number", ep_type_name(value.type));
    case EP_T_DECIMAL:
        if (value.scale != 0 || value.i128 > INT64_MAX || value.i128 < INT64_MIN)
            return ep_fail(err, EP_E_BUG, "the result is no integer of 64 bits");
        *ret = (int64_t)value.i128;
        return EP_OK;
    case EP_T_BOOL:
    case EP_T_INT:
    case EP_T_DATE:
    case EP_T_TIME:
    case EP_T_TIMESTAMP: *ret = value.i64; return EP_OK;
    }
    return EP_OK;
}

ep_code ep_store_get_text(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                          ep_buf *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    ep_value value;
    EP_TRY(get_cell(store, sql, params, n_params, &cursor, &value, err));
    ep_value_put(ret, &value);
    return ep_buf_check(ret, err);
}
