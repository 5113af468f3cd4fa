#ifndef EP_WAREHOUSE_QUARANTINE_H
#define EP_WAREHOUSE_QUARANTINE_H

#include "warehouse/tx.h"

/* What is set aside: whole emit groups with the record's raw bytes, coordinates and all reasons; and findings about accepted rows. */

/* Collects a batch's groups and findings, and writes them in bulk. */
typedef struct ep_set_aside ep_set_aside;

EP_CHECK ep_code ep_set_aside_new(ep_warehouse *w, ep_set_aside **ret, ep_error *err);
void ep_set_aside_free(ep_set_aside **set_aside);

/* What the groups of a source have in common. */
typedef struct ep_set_aside_source {
    const ep_feed *feed;
    const char *source;
    const char *columns; /* CSV header as JSON, or NULL */
    int64_t load_id, received_at;
} ep_set_aside_source;

/** Takes the rejected groups and the findings of a unit. Copies what it needs. */
EP_CHECK ep_code ep_set_aside_unit(ep_set_aside *s, const ep_set_aside_source *source, const ep_unit *unit,
                                   ep_error *err);
/** Takes a group that was rejected after acceptance, all its `n` rejections at once; `raw` from the archive. */
EP_CHECK ep_code ep_set_aside_late(ep_set_aside *s, const ep_set_aside_source *source,
                                   const ep_rejected *rejected, size_t n, ep_str raw,
                                   const ep_coordinates *at, uint32_t occurrence, ep_error *err);
/** A group of the quarantine was refused by acceptance once more: it keeps its rows and learns today's reasons. */
EP_CHECK ep_code ep_set_aside_refused(ep_set_aside *s, int64_t id, const ep_unit *unit, uint32_t group,
                                      ep_error *err);
/** It was accepted and rejected while merging: what is left of it, why, and the parent it waits for. `ret_rows`: JSON, rows by table. */
EP_CHECK ep_code ep_set_aside_again(ep_set_aside *s, int64_t id, const ep_rejected *rejected, size_t n,
                                    ep_buf *ret_rows, ep_error *err);
/** Writes everything collected; inside the transaction. */
EP_CHECK ep_code ep_set_aside_flush(ep_set_aside *s, ep_error *err);

/** JSON text of a CSV header: the delimiter, then the names. Empty for no columns. */
EP_CHECK ep_code ep_columns_put(const ep_str *columns, size_t n, char delimiter, ep_buf *ret, ep_error *err);

/** Identity of a quarantined group: 63 bits of SHA-256 over load, record, group and whether it was set aside late. */
int64_t ep_quarantine_id(int64_t load_id, uint64_t record, int64_t group, bool late);

#endif
