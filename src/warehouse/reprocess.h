#ifndef EP_WAREHOUSE_REPROCESS_H
#define EP_WAREHOUSE_REPROCESS_H

#include "warehouse/tx.h"

/* What reprocessing changed in one table, by content. */
typedef struct ep_reprocess_table {
    const char *table; /* view into the plan */
    int64_t n_before, n_after, n_gone, n_new;
} ep_reprocess_table;

typedef struct ep_reprocess_result {
    int64_t n_loads, n_records;
    ep_ledger before, after; /* classes of the loads concerned */
    ep_reprocess_table *tables;
    size_t n_tables;
} ep_reprocess_result;

/**
 * Runs the archived and the quarantined raw records of a feed, received from `since_us` on, through today's definitions. What they made before is taken
 * out in the same transaction, their loads are counted anew. Records that came back from quarantine keep what they made; records given up
 * stay given up.
 * @param dry_run  everything is computed, then rolled back.
 * @param ret      free with ep_reprocess_done, also after an error.
 * @return EP_OK; EP_E_CONFIG when the feed keeps no archive; EP_E_NOT_FOUND when it loaded nothing since then, or an archive file is missing.
 */
EP_CHECK ep_code ep_reprocess(ep_warehouse *w, const ep_feed *feed, int64_t since_us, bool dry_run,
                              ep_reprocess_result *ret, ep_error *err);
void ep_reprocess_done(ep_reprocess_result *result);

#endif
