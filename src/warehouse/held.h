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

/* Accepted rows of one sealed batch, which outlives the merge. */
typedef struct ep_held_part {
    const ep_batch *batch;
    uint32_t *rows; /* of the batch */
    size_t n, capacity;
    int64_t unit_no; /* the upper half of the rows' _row; parts without rows have none */
} ep_held_part;

/* Where a row is: a part, and the index in its rows or a row of its batch. */
typedef struct ep_held_at {
    uint32_t part, index;
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
    size_t n_rows;      /* still held */
    bool sent;          /* those lie in the temporary table held_x, too */
    int64_t min_time;   /* earliest event or binding time */
    ep_held_set seen;   /* identities */
    ep_held_at *staged; /* rows of batches that the merge has to look at */
    size_t n_staged, staged_capacity;
    ep_held_set *parents; /* per link of the table: rows of batches that name them */
} ep_held;

/** What a row that is added turned out to be. */
typedef enum ep_held_verdict { EP_HELD, EP_HELD_DUPLICATE } ep_held_verdict;

EP_CHECK ep_code ep_held_init(ep_held *held, const ep_table *table, ep_error *err);
void ep_held_done(ep_held *held);
/** Empty again; keeps its memory. */
void ep_held_reset(ep_held *held);

/** True when rows of this table may be held at all: events, and tables with one row a key. */
bool ep_held_can(const ep_table *table);

/** Starts the part of a stamped batch that outlives the merge. */
EP_CHECK ep_code ep_held_part_begin(ep_held *held, const ep_batch *batch, ep_error *err);
/**
 * Adds a row of the part. EP_HELD_DUPLICATE: the same identity, sequence and content is held already, and this one is forgotten. A row that
 * shares its identity with another of different content is set apart with it.
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

/** Runs an INSERT .. SELECT over what is held: FROM held_x, which is dropped then, when it was sent, else FROM ep_stream(). */
EP_CHECK ep_code ep_held_insert(ep_held *held, ep_store *store, const char *sql, ep_error *err);
/** Appends what is held to the table itself, whose rows are bound to no versions: where ep_stream() is a temporary table, this writes once. */
EP_CHECK ep_code ep_held_append(ep_held *held, ep_store *store, ep_error *err);

#endif
