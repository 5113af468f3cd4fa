#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if EP_ARENA_POISON
#    include <sanitizer/asan_interface.h>
#    define POISON(ptr, n)   __asan_poison_memory_region((ptr), (n))
#    define UNPOISON(ptr, n) __asan_unpoison_memory_region((ptr), (n))
#    define RED_ZONE_BYTES   16
#else
#    define POISON(ptr, n)   ((void)(ptr), (void)(n))
#    define UNPOISON(ptr, n) ((void)(ptr), (void)(n))
#    define RED_ZONE_BYTES   0
#endif

#define BLOCK_MIN_BYTES ((size_t)4096)
#define BLOCK_MAX_BYTES ((size_t)1 << 20)

#define HUGE_PAGE_BYTES   ((size_t)2 << 20)
#define LARGE_TABLE_BYTES (2 * HUGE_PAGE_BYTES) /* so that rounding up wastes little */

/* More is a wrong sum, not a wish: refused here, because a sanitizer's allocator would end the program. */
#define SIZE_LIMIT_BYTES ((size_t)1 << 39)

__thread int64_t ep_mem_fail_in;

void ep_mem_fail_after(int64_t n) {
    ep_mem_fail_in = n;
}

static _Atomic int64_t process_fails_in; /* 0: off */
static bool process_fails_once;

void ep_mem_fail_process_after(int64_t n, bool once) {
    process_fails_once = once;
    atomic_store(&process_fails_in, n);
}

/* Counts one allocation of any thread. */
static bool process_fails_now(void) {
    int64_t left = atomic_load_explicit(&process_fails_in, memory_order_relaxed);
    while (left > 0) {
        int64_t next = left > 1 ? left - 1 : process_fails_once ? 0 : 1;
        if (atomic_compare_exchange_weak(&process_fails_in, &left, next))
            return left == 1;
    }
    return false;
}

/* Counts one allocation; true when it is to fail. The counter stays at 1, so that all later ones fail too. */
static bool fails_now(size_t size_bytes) {
    if (size_bytes > SIZE_LIMIT_BYTES || process_fails_now())
        return true;
    if (ep_mem_fail_in <= 0)
        return false;
    if (ep_mem_fail_in == 1)
        return true;
    ep_mem_fail_in--;
    return false;
}

void *ep_malloc(size_t size_bytes) {
    return fails_now(size_bytes) ? NULL : malloc(size_bytes ? size_bytes : 1);
}

void *ep_malloc_table(size_t size_bytes) {
    if (size_bytes < LARGE_TABLE_BYTES)
        return ep_malloc(size_bytes);
    if (fails_now(size_bytes))
        return NULL;
    size_t rounded = (size_bytes + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
    void *table = aligned_alloc(HUGE_PAGE_BYTES, rounded);
    if (table)
        (void)madvise(table, rounded, MADV_HUGEPAGE); /* a wish: without, it is only slower */
    return table;
}

void *ep_calloc(size_t n, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(n, size_bytes, &total) || fails_now(total))
        return NULL;
    return calloc(1, total ? total : 1);
}

void *ep_realloc(void *ptr, size_t size_bytes) {
    return fails_now(size_bytes) ? NULL : realloc(ptr, size_bytes ? size_bytes : 1);
}

void ep_free(void *ptr) {
    free(ptr);
}

char *ep_strdup(const char *text) {
    return ep_strndup(text, strlen(text));
}

char *ep_strndup(const char *text, size_t len) {
    char *copy = len < SIZE_LIMIT_BYTES ? ep_malloc(len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static char *block_data(struct ep_arena_block *block) {
    return (char *)(block + 1);
}

static void *take(ep_arena *arena, struct ep_arena_block *block, size_t size_bytes, size_t rounded) {
    char *piece = block_data(block) + block->used_bytes;
    block->used_bytes += rounded + RED_ZONE_BYTES;
    arena->used_bytes += rounded;
    UNPOISON(piece, size_bytes);
    return piece;
}

void *ep_arena_alloc_slow(ep_arena *arena, size_t size_bytes) {
    if (size_bytes == 0)
        size_bytes = 1;
    if (fails_now(size_bytes))
        return NULL;
    size_t rounded = (size_bytes + 15) & ~(size_t)15, room = rounded + RED_ZONE_BYTES;
    if (arena->limit_bytes != 0 &&
        (arena->used_bytes > arena->limit_bytes || rounded > arena->limit_bytes - arena->used_bytes))
        return NULL;
    struct ep_arena_block *head = arena->head;
    if (head && room <= head->size_bytes - head->used_bytes)
        return take(arena, head, size_bytes, rounded);

    size_t size = head ? head->size_bytes * 2 : BLOCK_MIN_BYTES;
    if (size > BLOCK_MAX_BYTES)
        size = BLOCK_MAX_BYTES;
    bool oversized = room > size;
    if (oversized)
        size = room;
    struct ep_arena_block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct ep_arena_block){.size_bytes = size};
    POISON(block_data(block), size);
    /* A piece that fills a block of its own goes behind the head, whose rest stays in use. */
    if (oversized && head) {
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->head = block;
    }
    return take(arena, block, size_bytes, rounded);
}

void *ep_arena_calloc(ep_arena *arena, size_t n, size_t size_bytes) {
    size_t total;
    if (__builtin_mul_overflow(n, size_bytes, &total))
        return NULL;
    void *piece = ep_arena_alloc(arena, total);
    return piece ? memset(piece, 0, total) : NULL;
}

char *ep_arena_strndup(ep_arena *arena, const char *text, size_t len) {
    char *copy = len < SIZE_LIMIT_BYTES ? ep_arena_alloc(arena, len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *ep_arena_printf(ep_arena *arena, const char *format, ...) {
    char near[256];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(near, sizeof near, format, args);
    char *text = NULL;
    if (len >= 0 && (size_t)len < sizeof near)
        text = ep_arena_strndup(arena, near, (size_t)len);
    else if (len >= 0 && (text = ep_arena_alloc(arena, (size_t)len + 1)))
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

static void block_free(struct ep_arena_block *block) {
    UNPOISON(block_data(block), block->size_bytes);
    free(block);
}

void ep_arena_reset(ep_arena *arena) {
    struct ep_arena_block *kept = NULL, *next;
    for (struct ep_arena_block *block = arena->head; block; block = next) {
        next = block->next;
        if (!kept || block->size_bytes > kept->size_bytes) {
            if (kept)
                block_free(kept);
            kept = block;
        } else {
            block_free(block);
        }
    }
    if (kept) {
        kept->next = NULL;
        kept->used_bytes = 0;
        POISON(block_data(kept), kept->size_bytes);
    }
    arena->head = kept;
    arena->used_bytes = 0;
}

void ep_arena_done(ep_arena *arena) {
    if (!arena)
        return;
    struct ep_arena_block *next;
    for (struct ep_arena_block *block = arena->head; block; block = next) {
        next = block->next;
        block_free(block);
    }
    arena->head = NULL;
    arena->used_bytes = 0;
}

ep_code ep_grow(void **items, size_t *capacity, size_t need, size_t size_bytes, ep_error *err) {
    if (need <= *capacity)
        return EP_OK;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < need)
        wanted = wanted > SIZE_MAX / 2 ? need : wanted * 2;
    size_t total;
    if (__builtin_mul_overflow(wanted, size_bytes, &total))
        return ep_fail(err, EP_E_NOMEM, "out of memory for %zu items", need);
    /* `items` points to a pointer of the caller's own type: memcpy reads and writes it without aliasing it. */
    void *old, *grown;
    memcpy(&old, (const void *)items, sizeof old);
    grown = ep_realloc(old, total);
    if (!grown)
        return ep_fail(err, EP_E_NOMEM, "out of memory for %zu items", need);
    memcpy((void *)items, &grown, sizeof grown);
    *capacity = wanted;
    return EP_OK;
}

ep_code ep_grow_zeroed(void **items, size_t *capacity, size_t need, size_t size_bytes, ep_error *err) {
    size_t before = *capacity;
    EP_TRY(ep_grow(items, capacity, need, size_bytes, err));
    if (*capacity > before) {
        char *bytes;
        memcpy(&bytes, (const void *)items, sizeof bytes);
        memset(bytes + before * size_bytes, 0, (*capacity - before) * size_bytes);
    }
    return EP_OK;
}
