#ifndef EP_BASE_MEM_H
#define EP_BASE_MEM_H

#include "base/error.h"
#include <stddef.h>

/** malloc, calloc, realloc and free with allocation failures that tests can inject. NULL when out of
 * memory; sizes of 0 give a valid pointer. n * size is checked for overflow. Thread: any. */
void *ep_malloc(size_t size_bytes);
void *ep_calloc(size_t n, size_t size_bytes);
void *ep_realloc(void *ptr, size_t size_bytes);
void ep_free(void *ptr);
char *ep_strdup(const char *text);
char *ep_strndup(const char *text, size_t len);

/** Tests: the n-th allocation from now (1-based) and all after it in this thread fail; 0 switches off. */
void ep_mem_fail_after(int64_t n);

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
void *ep_arena_alloc(ep_arena *arena, size_t size_bytes);
void *ep_arena_calloc(ep_arena *arena, size_t n, size_t size_bytes);
/** Copies and ends with NUL (not counted in len). */
char *ep_arena_strndup(ep_arena *arena, const char *text, size_t len);
char *ep_arena_printf(ep_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Forgets everything handed out, keeps the largest block for reuse. */
void ep_arena_reset(ep_arena *arena);
void ep_arena_done(ep_arena *arena);

/** Grows `*items` (n used of *capacity, each size_bytes) to hold at least `need`; doubles. */
EP_CHECK ep_code ep_grow(void **items, size_t *capacity, size_t need, size_t size_bytes, ep_error *err);

#endif
