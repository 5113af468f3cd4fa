#include "warehouse/content_hash.h"
#include "base/hash.h"
#include "warehouse/catalog.h"
#include "warehouse/schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Cell: state byte, 4 bytes length little-endian, canonical text. */
static void put_cell(ep_buf *row, const ep_value *value) {
    size_t start = row->len;
    ep_buf_add(row, value->state == EP_VALUE ? "v\0\0\0\0" : "n\0\0\0\0", 5);
    if (value->state != EP_VALUE)
        return;
    ep_value_put(row, value);
    if (row->failed)
        return;
    uint32_t len = (uint32_t)(row->len - start - 5);
    for (int i = 0; i < 4; i++)
        row->data[start + 1 + (size_t)i] = (char)(len >> (8 * i));
}

ep_code ep_query_hash(ep_store *store, const char *sql, int64_t *ret_rows, char ret_hex[65], ep_error *err) {
    EP_CLEANUP(ep_sha256_free) ep_sha256 *sha = NULL;
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf row = {0};
    EP_TRY(ep_sha256_new(&sha, err));
    EP_TRY(ep_store_query(store, sql, NULL, 0, &cursor, err));
    ep_sum256 sum = {0};
    size_t n_columns = ep_cursor_n_columns(cursor);
    *ret_rows = 0;
    for (bool more = true;; (*ret_rows)++) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            break;
        ep_buf_reset(&row);
        for (size_t c = 0; c < n_columns; c++) {
            ep_value value = ep_cursor_get(cursor, c);
            put_cell(&row, &value);
        }
        EP_TRY(ep_buf_check(&row, err));
        uint8_t digest[32];
        ep_sha256_init(sha);
        ep_sha256_add(sha, row.data, row.len);
        ep_sha256_end(sha, digest);
        ep_sum256_add(&sum, digest);
    }
    ep_sum256_hex(&sum, ret_hex);
    return EP_OK;
}

static ep_code content_query(const ep_table *t, ep_buf *sql, ep_error *err) {
    ep_arena arena = {0};
    ep_physical columns = {0};
    ep_code code = ep_schema_content(t, &arena, &columns, err);
    ep_buf_puts(sql, "select ");
    for (size_t c = 0; code == EP_OK && c < columns.n; c++) {
        if (c > 0)
            ep_buf_puts(sql, ", ");
        ep_buf_put_ident(sql, ep_str_from(columns.items[c].name));
    }
    ep_buf_puts(sql, " from ");
    ep_buf_put_ident(sql, ep_str_from(t->name));
    ep_free(columns.items);
    ep_arena_done(&arena);
    return code == EP_OK ? ep_buf_check(sql, err) : code;
}

static int by_table(const void *a, const void *b) {
    return strcmp(((const ep_table_hash *)a)->table, ((const ep_table_hash *)b)->table);
}

static ep_code hash_tables(ep_warehouse *w, ep_table_hash *ret, ep_error *err) {
    for (size_t i = 0; i < w->plan->n; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
        ret[i].table = w->plan->tables[i].name;
        EP_TRY(content_query(&w->plan->tables[i], &sql, err));
        EP_TRY(ep_query_hash(w->store, sql.data, &ret[i].n_rows, ret[i].hex, err));
    }
    return EP_OK;
}

ep_code ep_warehouse_hash(ep_warehouse *w, ep_table_hash *ret, size_t *ret_n, ep_error *err) {
    /* All tables as they are at one moment: another process may load meanwhile. */
    EP_TRY(ep_store_begin_snapshot(w->store, err));
    ep_code code = ep_catalog_agrees(w, err);
    if (code == EP_OK)
        code = hash_tables(w, ret, err);
    ep_store_rollback(w->store);
    EP_TRY(code);
    *ret_n = w->plan->n;
    qsort(ret, *ret_n, sizeof *ret, by_table);
    return EP_OK;
}
