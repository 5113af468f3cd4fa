#ifndef EP_WAREHOUSE_REPLAY_H
#define EP_WAREHOUSE_REPLAY_H

#include "warehouse/tx.h"

/* Groups that were set aside come back: after a correction of the record, the mapping or the contract, or when their parent came. */

typedef struct ep_replay_options {
    const int64_t *ids; /* which; NULL: all open ones that match below */
    size_t n_ids;
    const char *feed;      /* "" any */
    const char *code;      /* "" any reason code */
    const char *corrected; /* the record's corrected bytes, for exactly one id; NULL: as received */
    size_t corrected_len;
    const char *actor;
} ep_replay_options;

typedef struct ep_replay_result {
    int64_t n_tried, n_accepted, n_refused;
} ep_replay_result;

/** Runs quarantined records through today's feeds and contracts. Accepted ones move in the ledger, refused ones stay with their new reasons. One transaction. */
EP_CHECK ep_code ep_replay(ep_warehouse *w, const ep_replay_options *options, ep_replay_result *ret,
                           ep_error *err);
/** Gives up groups for good: they count as discarded. */
EP_CHECK ep_code ep_quarantine_discard(ep_warehouse *w, const int64_t *ids, size_t n_ids, const char *actor,
                                       const char *why, int64_t *ret_n, ep_error *err);

/** Inside a load's transaction: releases groups whose parent is there now, until none is left. */
EP_CHECK ep_code ep_replay_waiting(ep_warehouse *w, ep_tx *tx, int64_t *ret_released, ep_error *err);

#endif
