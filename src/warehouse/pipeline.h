#ifndef EP_WAREHOUSE_PIPELINE_H
#define EP_WAREHOUSE_PIPELINE_H

#include "warehouse/warehouse.h"

/*
 * From a file to mapped, checked and stamped units, in order. One thread reads and cuts, several decode, map and check; the caller takes the units one by
 * one. A ring of slots bounds memory: a slow store makes the reader wait.
 */
typedef struct ep_pipeline ep_pipeline;

/* Where reading starts: behind records that were loaded before, if they are still the same. */
typedef struct ep_resume {
    uint64_t n_raws;      /* skip so many; 0 starts at the beginning */
    uint64_t next_record; /* ordinal of the first record then */
    uint64_t digest;      /* of what is skipped */
} ep_resume;

/* A unit and where it lay. */
typedef struct ep_piece {
    ep_unit *unit;
    ep_buf archive;       /* compressed accepted records; empty when the feed keeps none */
    uint64_t n_raws;      /* read from the source up to the end of this piece */
    uint64_t next_record; /* behind it */
    uint64_t digest;      /* of all raws up to the end of this piece */
    size_t size_bytes;    /* raw bytes in it */
    uint64_t offset;      /* bytes of the source read so far */
} ep_piece;

/**
 * Starts reading `path` for a feed.
 * @param first_unit  number of the first unit: units of one transaction have numbers of their own.
 * @param meta  texts outlive the pipeline.
 * @return what opening the file says; EP_E_CONFLICT comes later, from ep_pipeline_next, when what should be skipped changed.
 */
EP_CHECK ep_code ep_pipeline_start(const ep_warehouse *w, const ep_feed *feed, const ep_feed_schemas *schemas,
                                   const char *path, const ep_feed_meta *meta, const ep_resume *resume,
                                   uint64_t first_unit, ep_pipeline **ret, ep_error *err);
/** The next piece in order, or NULL at the end. Give it back before asking for the next. */
EP_CHECK ep_code ep_pipeline_next(ep_pipeline *pipeline, ep_piece **ret, ep_error *err);
void ep_pipeline_release(ep_pipeline *pipeline, ep_piece *piece);
/** Stops all threads, also in the middle. */
void ep_pipeline_stop(ep_pipeline **pipeline);
/** Size of the source in bytes, -1 when unknown. */
int64_t ep_pipeline_size(const ep_pipeline *pipeline);
/** CSV: header and delimiter, known once a piece came. */
const ep_str *ep_pipeline_columns(ep_pipeline *pipeline, size_t *ret_n, char *ret_delimiter);

#endif
