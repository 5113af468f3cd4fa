#ifndef EP_WAREHOUSE_LATE_H
#define EP_WAREHOUSE_LATE_H

#include "warehouse/quarantine.h"

/* What a batch learns after acceptance: groups rejected while merging, and ignored records by rule. */
typedef struct ep_ignored {
    int64_t load_id;
    const char *rule; /* the feed's */
    int64_t n;
} ep_ignored;

typedef struct ep_late {
    ep_rejected *rejected;
    size_t n_rejected, rejected_capacity;
    ep_ignored *ignored;
    size_t n_ignored, ignored_capacity;
} ep_late;

void ep_late_done(ep_late *late);
/** An ep_tx_reject that collects; `context` is the ep_late. */
EP_CHECK ep_code ep_late_reject(void *context, const ep_rejected *rejected, ep_error *err);
EP_CHECK ep_code ep_late_ignored(ep_late *late, int64_t load_id, const char *rule, ep_error *err);
/** Brings the rejections of one group side by side. */
void ep_late_sort(ep_late *late);
/** Sorted before: the rejections of one record, `ret_n` of them. */
const ep_rejected *ep_late_find(const ep_late *late, int64_t load_id, uint64_t record, size_t *ret_n);
/** Forgets the rejections of one load. */
void ep_late_drop(ep_late *late, int64_t load_id);
/** Writes the ignored records' rules and forgets them. */
EP_CHECK ep_code ep_late_write_ignored(ep_late *late, ep_warehouse *w, ep_error *err);
/**
 * Puts the rejected groups into quarantine with their raw bytes from the archive, corrects the ledger of earlier loads that lose a row,
 * and forgets them. After the batch's ledger was written.
 */
EP_CHECK ep_code ep_late_resolve(ep_late *late, ep_warehouse *w, ep_set_aside *aside, ep_error *err);

#endif
