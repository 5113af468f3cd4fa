#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/postgres_private.h"

/* Signature, flags and length of the header's extension; and the row count that ends the data. */
static const char copy_head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
#define COPY_HEAD_BYTES 19
#define SEND_BYTES      ((size_t)1 << 18)

static ep_code fail_value(const ep_column_def *def, size_t row, ep_error *err) {
    ep_fail_field(err, EP_E_ARG, def->name, "row %zu holds no valid %s", row, ep_type_name(def->type));
    err->row = (int64_t)row;
    return EP_E_ARG;
}

static ep_code send_buffer(ep_postgres *pg, ep_buf *buf, ep_error *err) {
    EP_TRY(ep_buf_check(buf, err));
    if (buf->len > 0 && PQputCopyData(pg->connection, buf->data, (int)buf->len) != 1)
        return ep_pg_fail(err, NULL, pg->connection, NULL);
    ep_buf_reset(buf);
    return EP_OK;
}

static ep_code send_rows(ep_postgres *pg, const ep_batch *batch, const uint32_t *rows, size_t n_rows,
                         ep_buf *buf, ep_error *err) {
    const ep_schema *schema = batch->schema;
    uint16_t n_columns = htobe16((uint16_t)schema->n_columns);
    for (size_t i = 0; i < n_rows; i++) {
        size_t row = rows ? rows[i] : i;
        ep_buf_add(buf, &n_columns, sizeof n_columns);
        for (size_t c = 0; c < schema->n_columns; c++)
            if (!ep_pg_put_batch_cell(buf, &schema->columns[c], &batch->columns[c], row))
                return fail_value(&schema->columns[c], row, err);
        if (buf->len >= SEND_BYTES)
            EP_TRY(send_buffer(pg, buf, err));
    }
    return EP_OK;
}

/* "copy schema.table (a, b) from stdin (format binary)" */
static ep_code put_copy(const char *table, const ep_schema *schema, ep_buf *sql, ep_error *err) {
    const char *dot = strchr(table, '.');
    ep_buf_puts(sql, "COPY ");
    if (dot) {
        ep_buf_put_ident(sql, (ep_str){table, (size_t)(dot - table)});
        ep_buf_putc(sql, '.');
    }
    ep_buf_put_ident(sql, ep_str_from(dot ? dot + 1 : table));
    for (size_t i = 0; i < schema->n_columns; i++) {
        ep_buf_puts(sql, i ? ", " : " (");
        ep_buf_put_ident(sql, ep_str_from(schema->columns[i].name));
    }
    ep_buf_puts(sql, ") FROM STDIN (FORMAT BINARY)");
    return ep_buf_check(sql, err);
}

static ep_code start_copy(ep_postgres *pg, const char *table, const ep_schema *schema, ep_buf *buf,
                          ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_code code = EP_OK;
    EP_TRY(put_copy(table, schema, &sql, err));
    PGresult *result = PQexec(pg->connection, sql.data);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        code = ep_pg_fail(err, NULL, pg->connection, result);
    PQclear(result);
    ep_buf_add(buf, copy_head, COPY_HEAD_BYTES);
    return code == EP_OK ? EP_OK : ep_fail_prefix(err, "append to %s", table);
}

/* After a failure the server is told, so that it forgets the rows; its own error says more than a broken pipe does. */
static ep_code end_copy(ep_postgres *pg, const char *table, ep_buf *buf, ep_code code, ep_error *err) {
    if (code == EP_OK) {
        ep_buf_add(buf, "\xff\xff", 2);
        code = send_buffer(pg, buf, err);
    }
    bool ours = code != EP_OK && PQstatus(pg->connection) == CONNECTION_OK;
    if (PQputCopyEnd(pg->connection, code == EP_OK ? NULL : "the rows are taken back") != 1 && code == EP_OK)
        code = ep_pg_fail(err, NULL, pg->connection, NULL);
    for (PGresult *result; (result = PQgetResult(pg->connection)); PQclear(result))
        if (PQresultStatus(result) != PGRES_COMMAND_OK && !ours)
            code = ep_pg_fail(err, NULL, pg->connection, result);
    return code == EP_OK || ours ? code : ep_fail_prefix(err, "append to %s", table);
}

static ep_code append_batch(ep_postgres *pg, const char *table, const ep_batch *batch, const uint32_t *rows,
                            size_t n_rows, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    EP_TRY(start_copy(pg, table, batch->schema, &buf, err));
    ep_code code = send_rows(pg, batch, rows, n_rows, &buf, err);
    return end_copy(pg, table, &buf, code, err);
}

ep_code ep_pg_append(ep_store *store, const char *table, const ep_batch *batch, const uint32_t *rows,
                     size_t n_rows, ep_error *err) {
    /* COPY is one statement: outside a transaction it is one of its own. */
    return append_batch((ep_postgres *)store, table, batch, rows, rows ? n_rows : batch->n_rows, err);
}

/* What the source has into a table, until it has had enough; each batch is given back once it was sent. */
static ep_code copy_stream(ep_postgres *pg, const char *table, const ep_stream_source *source,
                           ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    EP_TRY(start_copy(pg, table, source->schema, &buf, err));
    ep_code code = EP_OK;
    for (const ep_batch *batch = NULL; code == EP_OK; batch = NULL) {
        const uint32_t *rows = NULL;
        size_t n_rows = 0;
        if (source->enough && source->enough(source->context))
            break;
        code = source->next(source->context, &batch, &rows, &n_rows, err);
        if (code != EP_OK || !batch)
            break;
        code = batch->sealed ? send_rows(pg, batch, rows, rows ? n_rows : batch->n_rows, &buf, err)
                             : ep_fail(err, EP_E_BUG, "ep_stream(): the batch is not sealed");
        if (source->done)
            source->done(source->context, batch);
    }
    return end_copy(pg, table, &buf, code, err);
}

static ep_code create_stream_table(ep_postgres *pg, const char *table, const ep_schema *schema,
                                   ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_printf(&sql, "CREATE TEMP TABLE %s", table);
    for (size_t i = 0; i < schema->n_columns; i++) {
        ep_buf_puts(&sql, i ? ", " : " (");
        ep_buf_put_ident(&sql, ep_str_from(schema->columns[i].name));
        ep_buf_putc(&sql, ' ');
        ep_pg_put_type(&schema->columns[i], &sql);
    }
    ep_buf_putc(&sql, ')');
    EP_TRY(ep_buf_check(&sql, err));
    return ep_pg_command(pg, sql.data, err);
}

static ep_code run_stream(ep_postgres *pg, const char *table, const char *sql, const ep_stream_source *source,
                          int64_t *ret_changed, ep_error *err) {
    static const char name[] = "ep_stream()";
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    const char *at = strstr(sql, name);
    if (!at)
        return ep_fail(err, EP_E_BUG, "the statement does not read ep_stream()");
    ep_buf_add(&text, sql, (size_t)(at - sql));
    ep_buf_puts(&text, table);
    ep_buf_puts(&text, at + sizeof name - 1);
    EP_TRY(ep_buf_check(&text, err));
    EP_TRY(create_stream_table(pg, table, source->schema, err));
    EP_TRY(copy_stream(pg, table, source, err));
    EP_TRY(ep_pg_run(&pg->base, text.data, NULL, 0, ret_changed, err));
    ep_buf_reset(&text);
    ep_buf_printf(&text, "DROP TABLE %s", table);
    EP_TRY(ep_buf_check(&text, err));
    return ep_pg_command(pg, text.data, err);
}

ep_code ep_pg_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source, int n_threads,
                            int64_t *ret_changed, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    char table[40];
    (void)n_threads;
    snprintf(table, sizeof table, "ep_stream_%" PRId64, ++pg->n_streams);
    bool own_transaction = !store->in_transaction;
    if (own_transaction)
        EP_TRY(store->ops->begin(store, err));
    ep_code code = run_stream(pg, table, sql, source, ret_changed, err);
    if (own_transaction && code == EP_OK)
        code = store->ops->commit(store, err);
    if (own_transaction && code != EP_OK)
        store->ops->rollback(store);
    return code;
}
