#ifndef EP_WAREHOUSE_NEAR_H
#define EP_WAREHOUSE_NEAR_H

#include "warehouse/warehouse.h"

/*
 * Where tables lie on several nodes (Citus), a merge does not join its temporary tables with them: it first fetches the stored rows of the
 * keys at hand into temporary tables near_..., whose names the plan gives to the same SQL. On one node the plan names the tables
 * themselves, and nothing here does anything. Sections of sql/near.sql; inside the transaction of the merge.
 */

/** near_x: rows of a keyed table whose key is `column` of `rows`, which may carry a condition ("stage_x where ..."). */
EP_CHECK ep_code ep_near_table(ep_warehouse *w, const ep_table *table, const char *rows, const char *column,
                               ep_error *err);

/** near_x and near_log_x: what is known of the keys in `rows`, a table that has _key. */
EP_CHECK ep_code ep_near_keys(ep_warehouse *w, const ep_table *table, const char *rows, ep_error *err);

/** near_x: events between two moments (SQL literals) that have an identity of stage_x. */
EP_CHECK ep_code ep_near_events(ep_warehouse *w, const ep_table *table, const char *from, const char *to,
                                ep_error *err);

/** near_r_from for each parent that keeps versions: those of the keys in the temporary table `step`_x. */
EP_CHECK ep_code ep_near_parents(ep_warehouse *w, const ep_table *table, const char *step, ep_error *err);

#endif
