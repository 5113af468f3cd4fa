#ifndef EP_WAREHOUSE_HELD_H
#define EP_WAREHOUSE_HELD_H

#include "warehouse/plan.h"

/*
 * Rows of a batch that stay in memory until the merge, instead of lying in a staging table first: nearly every row of a fact is the only one of
 * its identity, in the batch and in the table, and goes straight to where it belongs. The others are told apart here and staged, for the
 * SQL of the merges to decide. So this is a short cut, never another rule.
 */

/* In the place of a row that was set apart; an enumerator could not hold it. */
#define EP_HELD_GONE UINT32_MAX

/* Accepted rows of one sealed batch, which outlives the merge unless an insert is done with it. */
typedef struct ep_held_part {
    const ep_batch *batch; /* NULL: in the table, and given back */
    uint32_t *rows;        /* of the batch, in order */
    size_t n, capacity;
    size_t n_apart;  /* rows of the batch that were set apart */
    int64_t unit_no; /* the upper half of the rows' _row; parts without rows have none */
    int64_t min_at;  /* earliest event time of its rows */
    bool given;      /* to an insert: nothing is taken out of it any more */
} ep_held_part;

/* Where a row is: parts are counted over a transaction. */
typedef struct ep_held_at {
    uint32_t part, row;
} ep_held_at;

/* A set of 63-bit keys with where they were first seen; open addressing. */
typedef struct ep_held_slot {
    int64_t key; /* negative: empty */
    ep_held_at at;
} ep_held_slot;
typedef struct ep_held_set {
    ep_held_slot *slots;
    size_t n, capacity; /* a power of two, or 0 */
} ep_held_set;

typedef struct ep_held {
    const ep_table *table;
    size_t identity[10], n_identity; /* fields that tell rows apart */
    ep_held_part *parts;
    size_t n_parts, parts_capacity;
    size_t first_part; /* the number of parts[0]: of those before it nothing is held any more */
    int64_t *numbers;  /* of the last part's rows, for their identities */
    size_t numbers_capacity;
    size_t n_rows;      /* still held */
    bool sent;          /* those lie in the temporary table held_x, too */
    int64_t min_time;   /* earliest event or binding time; INT64_MAX: no row yet */
    ep_held_set seen;   /* identities of events since the transaction began, or keys since the last reset */
    ep_held_set before; /* identities of the transaction before, for events up to before_until */
    int64_t before_until;
    ep_held_at *staged; /* rows of batches that the merge has to look at */
    size_t n_staged, staged_capacity;
    ep_held_set *parents; /* per link of the table: rows of batches that name them */
} ep_held;

/** What a row that is added turned out to be. */
typedef enum ep_held_verdict { EP_HELD, EP_HELD_DUPLICATE } ep_held_verdict;

EP_CHECK ep_code ep_held_init(ep_held *held, const ep_table *table, ep_error *err);
void ep_held_done(ep_held *held);
/** Empty for the next slice of a transaction: an event that was held before is still known, and another of its identity is set apart. */
void ep_held_reset(ep_held *held);
/**
 * Empty for another transaction; keeps its memory.
 * @param until  an event that is not later than this is still known if the transaction before held it, and is set apart; INT64_MIN: none.
 */
void ep_held_restart(ep_held *held, int64_t until);

/** True when rows of this table may be held at all: events, and tables with one row a key. */
bool ep_held_can(const ep_table *table);

/** Starts the part of a stamped batch that outlives the merge. */
EP_CHECK ep_code ep_held_part_begin(ep_held *held, const ep_batch *batch, ep_error *err);
/**
 * Adds a row of the part. EP_HELD_DUPLICATE: the same identity, sequence and content is held already, and this one is forgotten. A row that
 * shares its identity with another of different content is set apart with it, or without it where that one is in the table already.
 */
EP_CHECK ep_code ep_held_add(ep_held *held, uint32_t row, ep_held_verdict *ret, ep_error *err);

/** Sets the row with this _row apart: the table knows its identity. */
EP_CHECK ep_code ep_held_set_apart(ep_held *held, int64_t row_no, ep_error *err);

/** Appends the rows that were set apart to the staging table and forgets them; how many. */
EP_CHECK ep_code ep_held_stage(ep_held *held, ep_store *store, int64_t *ret_n, ep_error *err);

/** Appends (_row, _key) or (_row, identity ...) of the held rows up to event time `to` to the temporary table `probe_x`. */
EP_CHECK ep_code ep_held_probe(ep_held *held, ep_store *store, int64_t to, ep_error *err);

/** Appends (r_key, natural key ...) of a link's distinct parents to the temporary table `parents_x_LINK`, to be dropped after use. */
EP_CHECK ep_code ep_held_put_parents(ep_held *held, ep_store *store, size_t link, ep_error *err);
EP_CHECK ep_code ep_held_drop_parents(const ep_table *table, ep_store *store, size_t link, ep_error *err);

/**
 * Appends the held rows to the temporary table held_x, ahead of ep_held_insert(): a server has them then when its turn to merge comes. Rows that are
 * set apart afterwards are the caller's to delete there.
 */
EP_CHECK ep_code ep_held_send(ep_held *held, ep_store *store, ep_error *err);

/* What an insert goes on with: rows that come while it runs. Called under a lock, from threads of the engine. */
typedef struct ep_held_flow {
    void *context;
    /* Adds a part; false: nothing more for this statement. */
    ep_code (*more)(void *context, bool *ret_more, ep_error *err);
    /* A batch that nobody will look at again: its rows are in the table, and none of them was set apart. */
    void (*done)(void *context, const ep_batch *batch);
    bool (*enough)(void *context); /* as of an ep_stream_source */
    int64_t
        after; /* event times up to this one may be stored: a part that has such ends the flow, and stays held */
} ep_held_flow;

/**
 * Runs an INSERT .. SELECT over what is held, and forgets it: FROM held_x, which is dropped then, when it was sent, else FROM ep_stream().
 * @param flow  NULL: nothing else. With it the statement only picks columns; what came in and is still held, or set apart, needs another merge.
 */
EP_CHECK ep_code ep_held_insert(ep_held *held, ep_store *store, const char *sql, const ep_held_flow *flow,
                                ep_error *err);
/** Appends what is held to the table itself, whose rows are bound to no versions: where ep_stream() is a temporary table, this writes once. */
EP_CHECK ep_code ep_held_append(ep_held *held, ep_store *store, ep_error *err);

#endif
