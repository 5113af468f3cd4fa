#ifndef EP_WAREHOUSE_TX_H
#define EP_WAREHOUSE_TX_H

#include "warehouse/held.h"
#include "warehouse/warehouse.h"

/*
 * One batch on its way into the warehouse: staged rows become history and facts, everything is counted, all inside the caller's transaction.
 * Used by loading, replaying, releasing and reprocessing alike.
 */

/* What became of a record's accepted rows. */
typedef struct ep_record_tally {
    uint32_t n_rows, n_duplicate, n_unchanged;
    bool seen, quarantined, waiting, ignored;
} ep_record_tally;

typedef struct ep_row_tally {
    int64_t load_id;
    const ep_table *table;
    char owner[64]; /* "" for the platform */
    int64_t emitted, inserted, changed, unchanged, duplicate, quarantined, waiting;
} ep_row_tally;

typedef struct ep_changed_table {
    bool changed;
    int64_t since; /* earliest event time that looks different now */
    bool by_key;   /* only rows of the keys in the temporary table changed_NAME do */
} ep_changed_table;

/* The part of one source in a batch: small files share a transaction. */
typedef struct ep_segment {
    int64_t load_id;
    uint64_t from_record; /* tally[0] is this record */
    ep_record_tally *tally;
    size_t n_records, capacity;
} ep_segment;

typedef struct ep_tx {
    ep_warehouse *w;
    const ep_feed *feed;
    int64_t received_at;
    ep_segment *segments; /* the last one grows */
    size_t n_segments, segments_capacity, last_hit;
    ep_row_tally *rows;
    size_t n_rows, rows_capacity;
    uint32_t *slots; /* index of rows: 1 + position, 0 free */
    size_t n_slots;
    ep_changed_table *changed; /* per plan table */
    bool *touched; /* per plan table: rows came in, or a derive script that names it ran, since ep_tx_new */
    int64_t *n_staged;        /* per plan table */
    int64_t *min_at, *max_at; /* per plan table: event times staged */
    ep_held *held;            /* per plan table: rows that stay in memory */
    bool holding;
    const ep_held_flow *flow; /* what the next merge's insert may go on with, or NULL */
    int64_t
        *stored_max; /* per plan table: no event that `held` does not know is later; INT64_MAX: not known */
    int64_t *added_max; /* per plan table: no event that was added since ep_tx_new is later */
    int64_t *reached;   /* per plan table: no event before the transaction is later; INT64_MAX: not known */
    int64_t now;
} ep_tx;

EP_CHECK ep_code ep_tx_new(ep_warehouse *w, ep_tx **ret, ep_error *err);
void ep_tx_free(ep_tx **tx);

/** Starts a batch: counters to zero, empty staging tables for the feed's targets. Inside a transaction. */
EP_CHECK ep_code ep_tx_start(ep_tx *tx, const ep_feed *feed, int64_t received_at, ep_error *err);
/**
 * After a merge, to go on in the same batch: staging tables and held rows are empty again, what was counted stays.
 * @param ret_left  rows came with the flow and are still held; nothing was emptied but the staging tables: merge again first.
 */
EP_CHECK ep_code ep_tx_slice(ep_tx *tx, bool *ret_left, ep_error *err);
/** After ep_tx_start: the units to come outlive the merge, so rows that no staging table is needed for stay where they are. */
void ep_tx_hold(ep_tx *tx);
/** True when a merge is no more than one insert, which can go on with rows that come while it runs (tx->flow). */
bool ep_tx_can_flow(const ep_tx *tx);
/** Starts the part of another source. */
EP_CHECK ep_code ep_tx_segment(ep_tx *tx, int64_t load_id, uint64_t from_record, ep_error *err);

/**
 * Appends the accepted rows of a stamped unit and counts its records and groups. `only` (replays; else NULL): per record of the unit the group that is
 * meant, UINT32_MAX all; refused groups are then left out of the counts, because they are counted where they wait.
 */
EP_CHECK ep_code ep_tx_stage(ep_tx *tx, const ep_unit *unit, const uint32_t *only, ep_error *err);

/** Row counters of a load, table and seller; never NULL on EP_OK. */
EP_CHECK ep_code ep_tx_rows(ep_tx *tx, int64_t load_id, const ep_table *table, ep_str owner,
                            ep_row_tally **ret, ep_error *err);
/** NULL when the batch has no such record. */
ep_record_tally *ep_tx_record(ep_tx *tx, int64_t load_id, uint64_t record);

/* A group that is set aside after it was accepted: it lost an identity conflict, or its parent is unknown. */
typedef struct ep_rejected {
    int64_t load_id; /* that brought it: this batch's, or an earlier one's */
    uint64_t record;
    int64_t group; /* ordinal within the record, -1 when not known (earlier loads) */
    char owner[64];
    int64_t n_rows; /* of the group in this table */
    ep_reason_code code;
    const char *table;
    bool waits;               /* until the parent comes */
    const char *parent_table; /* NULL: another table's row of the group lacks its parent */
    int64_t parent_key;
} ep_rejected;
typedef ep_code (*ep_tx_reject)(void *context, const ep_rejected *rejected, ep_error *err);

/** Merges what is staged: waits, history, inferred parents, facts, binding. `reject` gets what must be set aside after all. */
EP_CHECK ep_code ep_tx_merge(ep_tx *tx, ep_tx_reject reject, void *context, ep_error *err);

/** First step of the merge: takes groups out whose parent must be known and is not. */
EP_CHECK ep_code ep_tx_wait(ep_tx *tx, ep_tx_reject reject, void *context, ep_error *err);

/** Runs the derive scripts whose inputs changed since the last call. */
EP_CHECK ep_code ep_tx_derive(ep_tx *tx, ep_error *err);

/** Writes the ledger: books.load, load_rows, load_ignored. */
typedef struct ep_ledger {
    const char *source, *generation;
    uint64_t from_record, to_record;
    int64_t received, applied, unchanged, duplicate, quarantined, waiting, ignored;
    int64_t started_at;
} ep_ledger;
/** Adds the classes of one to a total. */
void ep_ledger_add(ep_ledger *total, const ep_ledger *one);
/** Classes of a segment's records. */
void ep_tx_count(const ep_segment *segment, ep_ledger *ret);
EP_CHECK ep_code ep_tx_write_ledger(ep_tx *tx, int64_t load_id, const ep_ledger *ledger, ep_error *err);

#endif
