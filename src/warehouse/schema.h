#ifndef EP_WAREHOUSE_SCHEMA_H
#define EP_WAREHOUSE_SCHEMA_H

#include "warehouse/warehouse.h"

/**
 * Brings the store up to the contracts, in one transaction: makes the books and missing tables, adds columns, rebuilds history whose type changed
 * from the change log, replaces the views. The legacy views and marts are digested before and after; when only columns were added, a difference rolls
 * everything back. Sets w->plan. What was done goes to the journal.
 * @param trial  leaves the transaction open, so that the journal can be read; closing the store takes everything back.
 * @return EP_OK; EP_E_CONFLICT for a breaking change (type, key, kind), with the way to do it; what the store says.
 */
EP_CHECK ep_code ep_schema_apply(ep_warehouse *w, bool trial, ep_error *err);

/** Read-only: sets w->plan from what is installed. */
EP_CHECK ep_code ep_schema_plan(ep_warehouse *w, ep_error *err);

/** Physical columns of a table in order; `log` gives those of its change log. Names are views into the plan. */
typedef struct ep_physical {
    ep_column_def *items;
    size_t n, capacity;
} ep_physical;
EP_CHECK ep_code ep_schema_columns(const ep_table *table, bool log, ep_arena *arena, ep_physical *ret,
                                   ep_error *err);
/** The statements that make a table's indexes and keep room in its pages, which PostgreSQL needs and DuckDB does not; "" for a table that
 * needs neither. */
EP_CHECK ep_code ep_schema_indexes(const ep_table *table, ep_buf *ret, ep_error *err);
/** Those whose content the order-independent hash covers: no keys of ours, no load or recorded times. */
EP_CHECK ep_code ep_schema_content(const ep_table *table, ep_arena *arena, ep_physical *ret, ep_error *err);

#endif
