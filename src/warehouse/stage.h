#ifndef EP_WAREHOUSE_STAGE_H
#define EP_WAREHOUSE_STAGE_H

#include "warehouse/warehouse.h"

/* Stamping: the system columns of a unit's batches, in C and in the worker threads: durable keys, content hash, order of changes. */

typedef struct ep_stamper ep_stamper;

/** One per thread; remembers recent keys. */
EP_CHECK ep_code ep_stamper_new(const ep_warehouse *w, const ep_feed *feed, ep_stamper **ret, ep_error *err);
void ep_stamper_free(ep_stamper **stamper);

/**
 * Fills the system columns of all rows of the unit.
 * @param unit_no  makes _row unique in a transaction: row = unit_no * 2^32 + ordinal of the table's row.
 */
EP_CHECK ep_code ep_stamper_run(ep_stamper *stamper, ep_unit *unit, int64_t unit_no, ep_error *err);

/** Schemas of the feed's units: the contracts' columns and the system columns behind them. Free with ep_stage_schemas_done. */
EP_CHECK ep_code ep_stage_schemas(const ep_warehouse *w, const ep_feed *feed, ep_feed_schemas *ret,
                                  ep_error *err);
void ep_stage_schemas_done(ep_feed_schemas *schemas);

/**
 * Durable key of a natural key: the first 63 bits of SHA-256 over length-prefixed (table, key values in canonical text); keyed with HMAC under the
 * warehouse's secret when the key is personal. Values: n_key cells in the order of the contract's key.
 */
EP_CHECK ep_code ep_durable_key(const ep_warehouse *w, const ep_table *table, const ep_value *values,
                                int64_t *ret, ep_error *err);

#endif
