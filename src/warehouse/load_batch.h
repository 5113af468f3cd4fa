#ifndef EP_WAREHOUSE_LOAD_BATCH_H
#define EP_WAREHOUSE_LOAD_BATCH_H

#include "warehouse/archive.h"
#include "warehouse/late.h"
#include "warehouse/load.h"
#include "warehouse/pipeline.h"
#include "warehouse/quarantine.h"

/* The batch of a load: pieces of one or more sources on their way into one transaction, with all the books about them. */

/* How far a source was read, as committed and as staged. */
typedef struct ep_load_position {
    ep_resume resume;
    int64_t generation; /* 0: never seen */
    bool complete;
} ep_load_position;

/* A source's part in the open batch. */
typedef struct ep_load_part {
    char *source;
    char *columns; /* CSV header as JSON, or NULL */
    int64_t generation;
    int64_t load_id;
    uint64_t from_record, to_record;
    ep_load_position before, after;
    ep_archive_writer archive;
} ep_load_part;

/* What a command keeps over its tries. */
typedef struct ep_load_command {
    int attempt;
    int64_t *generation;      /* per path: that a load from the start began, 0: none yet */
    ep_load_result committed; /* the result as of the last commit */
    int64_t unsure_load_id;   /* of a batch whose commit was not answered; 0: none */
    ep_ledger unsure;
} ep_load_command;

typedef struct ep_loader {
    ep_warehouse *w;
    const ep_feed *feed;
    const ep_load_options *options;
    ep_load_result *result;
    ep_feed_schemas schemas;
    ep_piece_pool *pool;
    ep_piece *pieces;              /* of the batch: its rows are held in them */
    size_t n_pieces, memory_bytes; /* of these */
    ep_tx *tx;
    ep_set_aside *aside;
    ep_late late;
    bool open; /* a transaction is */
    ep_load_command *command;
    ep_load_part *parts;
    size_t n_parts, parts_capacity;
    uint64_t n_units;   /* taken by this command */
    uint64_t n_records; /* in the batch */
    uint64_t n_rows;    /* of all tables in the batch */
    size_t size_bytes;
    struct {
        uint64_t n_records, n_rows;
    } merged; /* of those, what is merged already */
    int64_t started_at;
    uint64_t n_done, n_bad; /* for progress */
} ep_loader;

void ep_loader_done(ep_loader *l);
/** How far `source` was read by committed loads; generation 0 when it never was. */
EP_CHECK ep_code ep_load_read_position(ep_loader *l, const char *source, ep_load_position *ret,
                                       ep_error *err);

/** Starts the part of a source, and the batch when none is open. `before` is what the position must still be when the batch is written. */
EP_CHECK ep_code ep_load_begin_part(ep_loader *l, const char *source, const ep_load_position *before,
                                    int64_t generation, const ep_load_position *from, ep_error *err);
/** Remembers a CSV header once it is known. */
EP_CHECK ep_code ep_load_keep_columns(ep_load_part *p, ep_pipeline *pipeline, ep_error *err);
/** Counts a piece of the last part, and holds or stages its rows. */
EP_CHECK ep_code ep_load_take_piece(ep_loader *l, ep_load_part *p, ep_piece *piece, ep_error *err);
/** All pieces of the batch go back to their pool. */
void ep_load_give_pieces(ep_loader *l);

/** Rows in memory are as many as they should be. */
bool ep_load_is_slice_full(const ep_loader *l);
/** What was taken so far is merged. */
void ep_load_note_merged(ep_loader *l);
/** The batch is worth a commit, or as large as memory should let it be. */
bool ep_load_is_full(const ep_loader *l);
/** Everything of the batch in one transaction: rows, quarantine, archive's row, ledger, position. Nothing to do when none is open. */
EP_CHECK ep_code ep_load_finish_batch(ep_loader *l, ep_error *err);

#endif
