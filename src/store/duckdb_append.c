#include <inttypes.h>
#include <string.h>

#include "store/duckdb_private.h"

/* What one append works with. */
struct append {
    duckdb_appender appender;
    duckdb_logical_type *types;
    duckdb_data_chunk chunk;
};

static ep_code fail_append(const struct append *a, const char *table, ep_error *err) {
    duckdb_error_data data = duckdb_appender_error_data(a->appender);
    ep_duckdb_fail_type(err, NULL, duckdb_error_data_error_type(data), duckdb_error_data_message(data));
    duckdb_destroy_error_data(&data);
    return ep_fail_prefix(err, "append to %s", table);
}

static ep_code append_rows(struct append *a, const char *table, const ep_batch *batch, const uint32_t *rows,
                           size_t n_rows, ep_error *err) {
    size_t max_rows = duckdb_vector_size();
    for (size_t first = 0; first < n_rows; first += max_rows) {
        size_t n = n_rows - first < max_rows ? n_rows - first : max_rows;
        duckdb_data_chunk_reset(a->chunk);
        /* The appender copies what the chunk points to. */
        EP_TRY(ep_duckdb_fill(a->chunk, batch, rows, first, n, false, err));
        if (duckdb_append_data_chunk(a->appender, a->chunk) != DuckDBSuccess)
            return fail_append(a, table, err);
    }
    if (duckdb_appender_flush(a->appender) != DuckDBSuccess)
        return fail_append(a, table, err);
    return EP_OK;
}

static ep_code append_batch(ep_duckdb *duck, struct append *a, const char *table, const ep_batch *batch,
                            const uint32_t *rows, size_t n_rows, ep_error *err) {
    size_t n_columns = batch->schema->n_columns;
    /* The name is looked up as in a statement: temporary tables come first; "books.load" names its schema. */
    const char *dot = strchr(table, '.');
    char schema[64] = "";
    if (dot && (size_t)(dot - table) >= sizeof schema)
        return ep_fail(err, EP_E_ARG, "append to %s: the schema's name is too long", table);
    if (dot)
        memcpy(schema, table, (size_t)(dot - table));
    if (duckdb_appender_create(duck->connection, dot ? schema : NULL, dot ? dot + 1 : table, &a->appender) !=
        DuckDBSuccess)
        return fail_append(a, table, err);
    if (duckdb_appender_column_count(a->appender) != n_columns)
        return ep_fail(err, EP_E_ARG, "append to %s: it has %zu columns, the batch has %zu", table,
                       (size_t)duckdb_appender_column_count(a->appender), n_columns);
    EP_TRY(ep_duckdb_types_new(batch->schema, &a->types, err));
    a->chunk = duckdb_create_data_chunk(a->types, n_columns);
    if (!a->chunk)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    return append_rows(a, table, batch, rows, n_rows, err);
}

ep_code ep_duckdb_append(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows,
                         size_t n_rows, ep_error *err) {
    ep_duckdb *duck = (ep_duckdb *)store;
    struct append a = {0};
    if (!rows)
        n_rows = batch->n_rows;
    /* A failure half-way must not leave the first half. */
    bool own_transaction = !store->in_transaction;
    if (own_transaction)
        EP_TRY(store->ops->begin(store, err));
    ep_code code = append_batch(duck, &a, table, batch, rows, n_rows, err);
    duckdb_appender_destroy(&a.appender);
    duckdb_destroy_data_chunk(&a.chunk);
    ep_duckdb_types_free(a.types, batch->schema->n_columns);
    if (own_transaction && code == EP_OK)
        code = store->ops->commit(store, err);
    if (own_transaction && code != EP_OK)
        store->ops->rollback(store);
    return code;
}
