#ifndef EP_WAREHOUSE_PIPELINE_H
#define EP_WAREHOUSE_PIPELINE_H

#include "warehouse/piece.h"
#include "warehouse/warehouse.h"

/*
 * From a file to mapped, checked and stamped units, in order. One thread reads and cuts, several decode, map and check; the caller takes the units one by
 * one. A ring of slots bounds what is under way: a slow store makes the reader wait.
 */
typedef struct ep_pipeline ep_pipeline;

/* Where reading starts: behind records that were loaded before, if they are still the same. */
typedef struct ep_resume {
    uint64_t n_raws;      /* skip so many; 0 starts at the beginning */
    uint64_t next_record; /* ordinal of the first record then */
    uint64_t digest;      /* of what is skipped */
} ep_resume;

/**
 * Starts reading `path` for a feed.
 * @param first_unit  number of the first unit: units of one transaction have numbers of their own.
 * @param meta  texts outlive the pipeline.
 * @param pool  of the same feed; outlives the pipeline and every piece.
 * @return what opening the file says; EP_E_CONFLICT comes later, from ep_pipeline_next, when what should be skipped changed.
 */
EP_CHECK ep_code ep_pipeline_start(const ep_warehouse *w, const ep_feed *feed, ep_piece_pool *pool,
                                   const char *path, const ep_feed_meta *meta, const ep_resume *resume,
                                   uint64_t first_unit, ep_pipeline **ret, ep_error *err);
/** The next piece in order, the caller's from now on (ep_piece_give), or NULL at the end. */
EP_CHECK ep_code ep_pipeline_next(ep_pipeline *pipeline, ep_piece **ret, ep_error *err);
/** Stops all threads, also in the middle. */
void ep_pipeline_stop(ep_pipeline **pipeline);
/** Size of the source in bytes, -1 when unknown. */
int64_t ep_pipeline_size(const ep_pipeline *pipeline);
/** CSV: header and delimiter, known once a piece came. */
const ep_str *ep_pipeline_columns(ep_pipeline *pipeline, size_t *ret_n, char *ret_delimiter);

#endif
