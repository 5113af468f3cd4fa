#ifndef EP_WAREHOUSE_CATALOG_H
#define EP_WAREHOUSE_CATALOG_H

#include "warehouse/warehouse.h"

/* The columns of contracts as they were installed: what books.schema_column knows, and how contracts of today compare with it. */

typedef struct ep_installed {
    char *table, *column, *type;
    int64_t bit, history; /* ep_catalog_history */
} ep_installed;

typedef struct ep_catalog {
    ep_installed *items;
    size_t n, capacity;
    ep_known_bit *bits; /* the same, for the plan */
    ep_arena arena;
} ep_catalog;

EP_CHECK ep_code ep_catalog_load(ep_warehouse *w, ep_catalog *ret, ep_error *err);
void ep_catalog_done(ep_catalog *catalog);
/** @param column  NULL: any of the table. @return NULL when it is not installed. */
const ep_installed *ep_catalog_find(const ep_catalog *catalog, const char *table, const char *column);

/** Part of the key by which rows of a table are one. */
bool ep_catalog_in_key(const ep_table *table, size_t field);
/** How a field's history is recorded; -1 marks a key column, so that a changed key or kind is seen. */
int64_t ep_catalog_history(const ep_table *table, size_t field);
/** A column's type in the store's words. */
EP_CHECK ep_code ep_catalog_type(ep_warehouse *w, const ep_column_def *column, ep_buf *ret, ep_error *err);

/**
 * Are the tables those of today's contracts? For commands that read whole tables and change none.
 * @return EP_OK; EP_E_CONFLICT names the first that is not, and says to migrate.
 */
EP_CHECK ep_code ep_catalog_agrees(ep_warehouse *w, ep_error *err);

#endif
