#ifndef EP_WAREHOUSE_CONTENT_HASH_H
#define EP_WAREHOUSE_CONTENT_HASH_H

#include "warehouse/warehouse.h"

/*
 * Content hash h1 of a table: SHA-256 a row over length-prefixed canonical text of its content columns, added modulo 2^256 over the rows (exclusive or
 * would hide pairs). Order, load times, recorded times and our surrogate keys do not enter. The columns are those of ep_schema_content(), in
 * contract order; docs/reference/hash.md writes them down.
 */
typedef struct ep_table_hash {
    const char *table; /* view into the plan */
    int64_t n_rows;
    char hex[65];
} ep_table_hash;

/** Hash of a query's rows as they come. */
EP_CHECK ep_code ep_query_hash(ep_store *store, const char *sql, int64_t *ret_rows, char ret_hex[65],
                               ep_error *err);
/** All tables in name order; `ret` holds w->plan->n entries. */
EP_CHECK ep_code ep_warehouse_hash(ep_warehouse *w, ep_table_hash *ret, size_t *ret_n, ep_error *err);

#endif
