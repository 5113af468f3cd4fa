#ifndef EP_FEED_RUNNER_H
#define EP_FEED_RUNNER_H

#include "feed/lane.h"

/* Inside of running a feed: the record at work. Private to src/feed. */

#define EP_NO_GROUP UINT32_MAX

/* A reason of the row at work, until its group is known. */
typedef struct ep_pending {
    ep_reason_code code;
    uint32_t field;
    const char *detail;
} ep_pending;

/* What a record did to a target. */
typedef struct ep_target_use {
    size_t first_row; /* of this record */
    size_t first_new; /* of this run */
    size_t first_unchecked;
    bool entered; /* an emit into it held */
    bool broken;  /* a list or condition failed: rows are missing */
} ep_target_use;

struct ep_feed_runner {
    const ep_feed *feed;
    ep_parser *parser;
    ep_doc doc;
    bool cut;
    ep_buf scratch;
    ep_seen *seen_in_document; /* contents of cut records; NULL until needed */
    ep_cell *cells;
    ep_pending *pending;
    size_t n_pending;
    ep_target_use *uses; /* per target */
    ep_lane *lanes;      /* per emit */
    ep_eval eval;
    /* the record at work */
    ep_unit *unit;
    uint32_t platform_group, unknown_group;
    /* The emit and the scope around the item of the last row: its neighbour may copy. */
    uint32_t last_round, last_emit, last_around;
};

/** Maps one row of an emit in the current scope, types it, finds its group. */
EP_CHECK ep_code ep_row_map(ep_feed_runner *runner, const ep_emit *emit, ep_error *err);
/** Runs a sum check over the record's rows. */
EP_CHECK ep_code ep_sum_run(ep_feed_runner *runner, const ep_sum_check *check, ep_error *err);

/** The record's group of an owner, of the platform, or for what has no known owner; made when new. */
EP_CHECK ep_code ep_record_group(ep_feed_runner *runner, ep_str owner, uint32_t *ret, ep_error *err);
EP_CHECK ep_code ep_record_platform_group(ep_feed_runner *runner, uint32_t *ret, ep_error *err);
EP_CHECK ep_code ep_record_unknown_group(ep_feed_runner *runner, uint32_t *ret, ep_error *err);
/** Adds an error of the record at work that has no row, and rejects its group. */
EP_CHECK ep_code ep_record_reason(ep_feed_runner *runner, uint32_t group, ep_reason_code code,
                                  const char *contract, const char *detail, ep_error *err);

/** A row, all cells absent, no failed bits (n_rows - 1 of the batch); a record; a group of the last record. */
EP_CHECK ep_code ep_unit_add_row(ep_unit_table *table, uint64_t **ret_failed, ep_error *err);
EP_CHECK ep_code ep_unit_add_record(ep_unit *unit, const ep_raw *raw, ep_error *err);
EP_CHECK ep_code ep_unit_add_group(ep_unit *unit, ep_str owner, bool owner_known, uint32_t *ret,
                                   ep_error *err);

/** Contract checks over the rows that were not checked yet. */
EP_CHECK ep_code ep_check_rows(ep_feed_runner *runner, ep_error *err);
/** After all records of a run: the rest of the checks, rejection, order of the reasons. The unit had `first_record` records,
 * `first_reason` reasons and `n_dropped` dropped ones before the run. */
EP_CHECK ep_code ep_finish_run(ep_feed_runner *runner, size_t first_record, size_t first_reason,
                               size_t n_dropped, ep_error *err);

#endif
