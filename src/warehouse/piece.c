#include "warehouse/piece.h"

#include <pthread.h>

struct ep_piece_pool {
    const ep_feed *feed;
    const ep_feed_schemas *schemas;
    pthread_mutex_t lock;
    ep_piece *pieces;
    ep_block *blocks;
};

ep_code ep_piece_pool_new(const ep_feed *feed, const ep_feed_schemas *schemas, ep_piece_pool **ret,
                          ep_error *err) {
    ep_piece_pool *pool = ep_calloc(1, sizeof *pool);
    if (!pool)
        return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    pool->feed = feed;
    pool->schemas = schemas;
    pthread_mutex_init(&pool->lock, NULL);
    *ret = pool;
    return EP_OK;
}

static void free_piece(ep_piece *piece) {
    ep_unit_free(&piece->unit);
    ep_buf_done(&piece->archive);
    ep_free(piece);
}

void ep_piece_pool_free(ep_piece_pool **pool) {
    if (!pool || !*pool)
        return;
    for (ep_piece *piece = (*pool)->pieces, *next; piece; piece = next) {
        next = piece->next;
        free_piece(piece);
    }
    for (ep_block *block = (*pool)->blocks, *next; block; block = next) {
        next = block->next_free;
        ep_arena_done(&block->arena);
        ep_free(block);
    }
    pthread_mutex_destroy(&(*pool)->lock);
    ep_free(*pool);
    *pool = NULL;
}

ep_code ep_piece_take(ep_piece_pool *pool, ep_piece **ret, ep_error *err) {
    pthread_mutex_lock(&pool->lock);
    ep_piece *piece = pool->pieces;
    if (piece)
        pool->pieces = piece->next;
    pthread_mutex_unlock(&pool->lock);
    if (!piece) {
        if (!(piece = ep_calloc(1, sizeof *piece)))
            return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
        ep_code code = ep_unit_new(pool->feed, pool->schemas, &piece->unit, err);
        if (code != EP_OK) {
            ep_free(piece);
            return code;
        }
    }
    ep_unit_reset(piece->unit);
    ep_buf_reset(&piece->archive);
    piece->next = NULL;
    *ret = piece;
    return EP_OK;
}

void ep_piece_give(ep_piece_pool *pool, ep_piece *piece) {
    if (!piece)
        return;
    ep_block_give(pool, piece->block);
    piece->block = NULL;
    pthread_mutex_lock(&pool->lock);
    piece->next = pool->pieces;
    pool->pieces = piece;
    pthread_mutex_unlock(&pool->lock);
}

ep_code ep_block_take(ep_piece_pool *pool, ep_block **ret, ep_error *err) {
    pthread_mutex_lock(&pool->lock);
    ep_block *block = pool->blocks;
    if (block)
        pool->blocks = block->next_free;
    pthread_mutex_unlock(&pool->lock);
    if (!block) {
        if (!(block = ep_malloc(sizeof *block + EP_BLOCK_BYTES + EP_PADDING)))
            return ep_fail(err, EP_E_NOMEM, "out of memory for a block of the source");
        block->arena = (ep_arena){0};
    }
    atomic_init(&block->n_users, 1);
    *ret = block;
    return EP_OK;
}

void ep_block_give(ep_piece_pool *pool, ep_block *block) {
    if (!block || atomic_fetch_sub(&block->n_users, 1) > 1)
        return;
    ep_arena_reset(&block->arena);
    pthread_mutex_lock(&pool->lock);
    block->next_free = pool->blocks;
    pool->blocks = block;
    pthread_mutex_unlock(&pool->lock);
}
