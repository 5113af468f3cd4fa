#ifndef EP_WAREHOUSE_PIECE_H
#define EP_WAREHOUSE_PIECE_H

#include <stdatomic.h>

#include "feed/feed.h"

/* What a load works on, some thousand records at a time: a unit, its bytes and where they lay. Pieces live as long as their batch and are used again
 * by the next one: fresh memory is dear, the kernel clears every page of it. */

enum { EP_BLOCK_BYTES = 1 << 20 };

/* Bytes read at once, shared by the pieces cut from them. */
typedef struct ep_block {
    atomic_int n_users;
    struct ep_block *next_free;
    ep_arena arena; /* records that crossed the border to this block */
    char data[];    /* EP_BLOCK_BYTES + EP_PADDING */
} ep_block;

typedef struct ep_piece {
    ep_unit *unit;
    ep_block *block;      /* holds the texts of the unit */
    ep_buf archive;       /* compressed accepted records; empty when the feed keeps none */
    uint64_t n_raws;      /* read from the source up to the end of this piece */
    uint64_t next_record; /* behind it */
    uint64_t digest;      /* of all raws up to the end of this piece */
    size_t size_bytes;    /* raw bytes in it */
    size_t memory_bytes;  /* of these and the unit, once it is made */
    uint64_t offset;      /* bytes of the source read so far */
    struct ep_piece *next;
} ep_piece;

/** Where pieces and blocks of one feed come from and go back to. Thread: any. */
typedef struct ep_piece_pool ep_piece_pool;

/** @param schemas  as for ep_unit_new; outlives the pool, like the feed. */
EP_CHECK ep_code ep_piece_pool_new(const ep_feed *feed, const ep_feed_schemas *schemas, ep_piece_pool **ret,
                                   ep_error *err);
/** All pieces and blocks are back. */
void ep_piece_pool_free(ep_piece_pool **pool);

/** An empty piece without a block. */
EP_CHECK ep_code ep_piece_take(ep_piece_pool *pool, ep_piece **ret, ep_error *err);
/** Gives a piece back, and its use of the block; NULL is fine. */
void ep_piece_give(ep_piece_pool *pool, ep_piece *piece);

/** An empty block with one user. */
EP_CHECK ep_code ep_block_take(ep_piece_pool *pool, ep_block **ret, ep_error *err);
/** One user less; the last one gives it back. NULL is fine. */
void ep_block_give(ep_piece_pool *pool, ep_block *block);

#endif
