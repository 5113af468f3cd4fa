#ifndef EP_WAREHOUSE_SNAPSHOT_H
#define EP_WAREHOUSE_SNAPSHOT_H

#include "warehouse/tx.h"

/*
 * Feeds whose sources are complete (delivery: snapshot): a source states everything that there is of each seller in it (of a table without
 * sellers, everything), at its own event time, the greatest of its rows. Keys that the feed's earlier snapshots held and this one lacks are
 * retired by a deletion at that time; keys that come back return. All of it is a function of the set of snapshots, so order and repetition
 * do not show. Two sources with the same event time are one snapshot: the first decides.
 */

/** EP_E_CONFIG when a snapshot feed fills a keyed table that cannot mark a deletion; EP_OK for other deliveries. */
EP_CHECK ep_code ep_snapshot_check(const ep_warehouse *w, const ep_feed *feed, ep_error *err);

/* The source at hand. */
typedef struct ep_snapshot_source {
    const char *source, *generation;
    int64_t load_id; /* of the rows staged now */
} ep_snapshot_source;

/** After the merge of a batch: keeps the keys that the source holds. Inside the transaction. */
EP_CHECK ep_code ep_snapshot_collect(ep_tx *tx, const ep_snapshot_source *source, ep_error *err);

/**
 * The source was read to its end: retires and returns keys, as a load of its own that received nothing. When a record of it was set aside
 * nothing is retired, and the journal says so. Starts the transaction's next batch, so everything before must be booked.
 */
EP_CHECK ep_code ep_snapshot_settle(ep_tx *tx, const ep_snapshot_source *source, ep_error *err);

#endif
