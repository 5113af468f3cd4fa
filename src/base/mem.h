#ifndef EP_BASE_MEM_H
#define EP_BASE_MEM_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>

/** malloc, calloc, realloc and free with allocation failures that tests can inject. NULL when out of
 * memory; sizes of 0 give a valid pointer. n * size is checked for overflow. Thread: any. */
void *ep_malloc(size_t size_bytes);
/** ep_malloc() for a table that is read at random places: a large one lies in huge pages where the system has some to give, since looking up
 * the page of each read costs more than the read. */
void *ep_malloc_table(size_t size_bytes);
void *ep_calloc(size_t n, size_t size_bytes);
void *ep_realloc(void *ptr, size_t size_bytes);
void ep_free(void *ptr);
char *ep_strdup(const char *text);
char *ep_strndup(const char *text, size_t len);

/** Tests: the n-th allocation from now (1-based) and all after it in this thread fail; 0 switches off.
 * Every piece of an arena counts as one, whether or not it needs a new block. */
void ep_mem_fail_after(int64_t n);
/** Tests: the same for all threads of the process; with `once` only that one fails. Pieces of an arena count where they need a new
 * block, and under AddressSanitizer always. */
void ep_mem_fail_process_after(int64_t n, bool once);

/**
 * An arena: many small pieces, freed at once. Zero-initialised is ready. Blocks double from 4 KiB to 1 MiB.
 * Not thread safe: one owner at a time. `limit_bytes` 0 means no limit; above it allocation gives NULL.
 */
typedef struct ep_arena {
    struct ep_arena_block *head;
    size_t used_bytes; /* handed out since init or reset */
    size_t limit_bytes;
} ep_arena;

/** Uninitialised memory aligned to 16; NULL when out of memory or over the limit. */
static inline void *ep_arena_alloc(ep_arena *arena, size_t size_bytes);
void *ep_arena_calloc(ep_arena *arena, size_t n, size_t size_bytes);
/** Copies and ends with NUL (not counted in len). */
char *ep_arena_strndup(ep_arena *arena, const char *text, size_t len);
char *ep_arena_printf(ep_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Forgets everything handed out, keeps the largest block for reuse. */
void ep_arena_reset(ep_arena *arena);
void ep_arena_done(ep_arena *arena);

/** Grows `*items` (n used of *capacity, each size_bytes) to hold at least `need`; doubles. */
EP_CHECK ep_code ep_grow(void **items, size_t *capacity, size_t need, size_t size_bytes, ep_error *err);
/** ep_grow(), and what is new is all zero bits: for items that keep memory of their own from use to use. */
EP_CHECK ep_code ep_grow_zeroed(void **items, size_t *capacity, size_t need, size_t size_bytes,
                                ep_error *err);

/* Only for the inline code below. Block sizes and fill are multiples of 16; the pieces follow the head. */
struct ep_arena_block {
    struct ep_arena_block *next;
    size_t size_bytes, used_bytes, unused;
};
extern __thread int64_t ep_mem_fail_in; /* 0: off */
void *ep_arena_alloc_slow(ep_arena *arena, size_t size_bytes);

/* AddressSanitizer marks the borders of every piece, which only the slow way does. */
#if defined(__SANITIZE_ADDRESS__)
#    define EP_ARENA_POISON 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define EP_ARENA_POISON 1
#    endif
#endif
#ifndef EP_ARENA_POISON
#    define EP_ARENA_POISON 0
#endif

/* The usual case here, all others in ep_arena_alloc_slow. */
static inline void *ep_arena_alloc(ep_arena *arena, size_t size_bytes) {
    struct ep_arena_block *block = arena->head;
    if (!EP_ARENA_POISON && block && ep_mem_fail_in == 0 && size_bytes > 0 &&
        size_bytes <= block->size_bytes - block->used_bytes) {
        size_t rounded = (size_bytes + 15) & ~(size_t)15;
        if (arena->limit_bytes == 0 ||
            (arena->used_bytes <= arena->limit_bytes && rounded <= arena->limit_bytes - arena->used_bytes)) {
            char *piece = (char *)(block + 1) + block->used_bytes;
            block->used_bytes += rounded;
            arena->used_bytes += rounded;
            return piece;
        }
    }
    return ep_arena_alloc_slow(arena, size_bytes);
}

#endif
