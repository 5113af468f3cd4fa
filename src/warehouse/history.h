#ifndef EP_WAREHOUSE_HISTORY_H
#define EP_WAREHOUSE_HISTORY_H

#include "warehouse/warehouse.h"

/** Runs one section of an sql/ file for a table, with extra variables (NULL for none). */
EP_CHECK ep_code ep_table_exec(ep_warehouse *w, const ep_table *table, const char *asset, const char *section,
                               const ep_sql_var *extra, size_t n_extra, ep_error *err);
/** The section's text. */
EP_CHECK ep_code ep_table_sql(const ep_table *table, const char *asset, const char *section,
                              const ep_sql_var *extra, size_t n_extra, ep_buf *ret, ep_error *err);
/** The same for a query; close the cursor. */
EP_CHECK ep_code ep_table_query(ep_warehouse *w, const ep_table *table, const char *asset,
                                const char *section, const ep_sql_var *extra, size_t n_extra, ep_cursor **ret,
                                ep_error *err);
/** First cell as integer. */
EP_CHECK ep_code ep_table_int(ep_warehouse *w, const ep_table *table, const char *asset, const char *section,
                              const ep_sql_var *extra, size_t n_extra, int64_t *ret, ep_error *err);

/** Rebuilds a keyed table from its change log for all keys, and binds the facts anew. Inside a transaction. */
EP_CHECK ep_code ep_history_rebuild(ep_warehouse *w, const ep_table *table, ep_error *err);
/** What the whole log makes of a keyed table: state_x and version_x. */
EP_CHECK ep_code ep_history_project(ep_warehouse *w, const ep_table *table, ep_error *err);

/**
 * From the changes that section `input` of `asset` lists to state_x and touched_x: fills absent attributes when there are any.
 * @param ret_partial  whether some change leaves attributes out.
 */
EP_CHECK ep_code ep_history_state(ep_warehouse *w, const ep_table *table, const char *asset,
                                  bool *ret_partial, ep_error *err);
/** From state_x and touched_x of a dimension to version_x. */
EP_CHECK ep_code ep_history_versions(ep_warehouse *w, const ep_table *table, ep_error *err);
/**
 * Makes the stored versions of the touched keys what version_x says; both temporary tables are dropped.
 * @param compared  a known change alone does not tell that the version it began is stored as it should be: some leave attributes out, or the
 *                  history types are new.
 */
EP_CHECK ep_code ep_history_apply(ep_warehouse *w, const ep_table *table, bool compared, ep_error *err);

/** Whether any table points to versions of the dimension; without, there is no rebind_x. Thread: any. */
bool ep_history_is_bound(const ep_warehouse *w, const ep_table *dimension);
/** Binds facts of the keys in rebind_x to the versions they fall into. */
EP_CHECK ep_code ep_history_rebind(ep_warehouse *w, const ep_table *dimension, ep_error *err);
/** Binds all facts of a dimension anew. */
EP_CHECK ep_code ep_history_bind_all(ep_warehouse *w, const ep_table *dimension, ep_error *err);

#endif
