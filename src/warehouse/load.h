#ifndef EP_WAREHOUSE_LOAD_H
#define EP_WAREHOUSE_LOAD_H

#include "warehouse/tx.h"

/* Told now and then while loading. */
typedef struct ep_load_progress {
    const char *source;
    uint64_t n_records, n_quarantined;
    int64_t bytes, total_bytes; /* total -1: unknown */
} ep_load_progress;

typedef struct ep_load_options {
    bool
        again; /* read sources from the start though they were loaded before: everything is a duplicate then */
    void (*progress)(void *context, const ep_load_progress *progress);
    void *context;
} ep_load_options;

typedef struct ep_load_result {
    ep_ledger total;              /* over all sources */
    int64_t n_sources, n_skipped; /* skipped: complete and unchanged since they were loaded */
    int64_t n_findings, n_released;
    int64_t n_failing; /* set rules of the changed tables that fail now */
} ep_load_result;

/**
 * Loads files with a feed: every record ends applied, unchanged, duplicate, quarantined, waiting or ignored, and the books say so. Transactions of
 * settings.commit_records; a killed load goes on where the last commit was, because the position commits with the rows.
 * Sources are named by their path as given. A source whose loaded part changed is read anew as another generation.
 * @return EP_OK also when records were quarantined; an error of a file or the store after rolling back the open batch.
 */
EP_CHECK ep_code ep_load_files(ep_warehouse *w, const ep_feed *feed, const char *const *paths, size_t n_paths,
                               const ep_load_options *options, ep_load_result *ret, ep_error *err);

#endif
