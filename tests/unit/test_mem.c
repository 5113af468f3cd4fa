#include "base/mem.h"

#include <setjmp.h>
#include <stddef.h>

#include "property.h"

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#if EP_ARENA_POISON
#    include <sanitizer/asan_interface.h>
#endif

static void size_zero_gives_a_pointer(void **state) {
    (void)state;
    void *pieces[] = {ep_malloc(0), ep_calloc(0, 8), ep_calloc(8, 0), ep_realloc(NULL, 0)};
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(pieces[i]);
        ep_free(pieces[i]);
    }
    ep_arena arena = {0};
    void *first = ep_arena_alloc(&arena, 0), *second = ep_arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    ep_arena_done(&arena);
}

static void a_product_that_overflows_is_refused(void **state) {
    (void)state;
    assert_null(ep_calloc(SIZE_MAX / 2, 3));
    ep_arena arena = {0};
    assert_null(ep_arena_calloc(&arena, SIZE_MAX / 2 + 2, 2)); /* 2 modulo 2^64 */
    assert_null(ep_arena_alloc(&arena, SIZE_MAX));
    assert_null(ep_arena_alloc(&arena, SIZE_MAX - 16));
    assert_int_equal(arena.used_bytes, 0);
    ep_arena_done(&arena);
}

static void calloc_gives_zeros_and_copies_end_with_nul(void **state) {
    (void)state;
    static const char zeros[100];
    char *piece = ep_calloc(10, 10), *copy = ep_strdup("entrepot"), *part = ep_strndup("entrepot", 3);
    char *none = ep_strndup(NULL, 0);
    assert_memory_equal(piece, zeros, 100);
    assert_string_equal(copy, "entrepot");
    assert_string_equal(part, "ent");
    assert_string_equal(none, "");
    ep_free(piece);
    ep_free(copy);
    ep_free(part);
    ep_free(none);
}

static void the_nth_allocation_and_all_after_it_fail(void **state) {
    (void)state;
    ep_arena arena = {0};
    ep_mem_fail_after(4);
    void *first = ep_malloc(1), *second = ep_calloc(1, 1), *third = ep_arena_alloc(&arena, 1);
    assert_null(ep_malloc(1));
    assert_null(ep_calloc(1, 1));
    assert_null(ep_realloc(NULL, 1));
    assert_null(ep_strdup("x"));
    assert_null(ep_arena_alloc(&arena, 1)); /* although the block has room */
    ep_mem_fail_after(0);
    void *again = ep_malloc(1);
    assert_non_null(first);
    assert_non_null(second);
    assert_non_null(third);
    assert_non_null(again);
    ep_free(first);
    ep_free(second);
    ep_free(again);
    ep_arena_done(&arena);
}

static void *allocate_in_thread(void *unused) {
    (void)unused;
    return ep_malloc(1);
}

static void another_thread_does_not_fail(void **state) {
    (void)state;
    pthread_t thread;
    void *piece = NULL;
    ep_mem_fail_after(1);
    int status = pthread_create(&thread, NULL, allocate_in_thread, NULL);
    assert_int_equal(status, 0);
    pthread_join(thread, &piece);
    ep_mem_fail_after(0);
    assert_non_null(piece);
    ep_free(piece);
}

static void all_threads_fail_together(void **state) {
    (void)state;
    pthread_t thread;
    void *piece = NULL, *first;
    ep_mem_fail_process_after(2, false);
    first = ep_malloc(1);
    assert_null(ep_malloc(1));
    int status = pthread_create(&thread, NULL, allocate_in_thread, NULL);
    assert_int_equal(status, 0);
    pthread_join(thread, &piece);
    ep_mem_fail_process_after(0, false);
    assert_non_null(first);
    assert_null(piece);
    ep_free(first);
}

static void one_allocation_of_the_process_may_fail_alone(void **state) {
    (void)state;
    ep_mem_fail_process_after(2, true);
    void *first = ep_malloc(1), *second = ep_malloc(1), *third = ep_malloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    ep_free(first);
    ep_free(third);
}

static void a_failed_realloc_keeps_the_old_piece(void **state) {
    (void)state;
    char *piece = ep_strdup("kept");
    ep_mem_fail_after(1);
    assert_null(ep_realloc(piece, 1000));
    ep_mem_fail_after(0);
    assert_string_equal(piece, "kept");
    ep_free(piece);
}

/* Every piece keeps its pattern while others are taken: none overlaps another. */
static void arena_pieces_are_aligned_and_apart(void **state) {
    (void)state;
    enum { N = 3000 };
    static unsigned char *pieces[N];
    static size_t sizes[N];
    test_random random = test_random_new();
    ep_arena arena = {0};
    for (int round = 0; round < 5; round++) {
        size_t total = 0;
        for (size_t i = 0; i < N; i++) {
            sizes[i] = test_random_below(&random, i % 100 == 0 ? 200000 : 300) + 1;
            total += sizes[i];
            pieces[i] = ep_arena_alloc(&arena, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            memset(pieces[i], (int)(i % 251), sizes[i]);
        }
        assert_true(arena.used_bytes >= total && arena.used_bytes < total + 16 * N);
        for (size_t i = 0; i < N; i++)
            for (size_t at = 0; at < sizes[i]; at++)
                assert_true(pieces[i][at] == i % 251);
        ep_arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    ep_arena_done(&arena);
}

static size_t count_blocks(const ep_arena *arena) {
    size_t n = 0;
    for (const struct ep_arena_block *block = arena->head; block; block = block->next)
        n++;
    return n;
}

static void blocks_double_up_to_one_mebibyte(void **state) {
    (void)state;
    ep_arena arena = {0};
    size_t largest = 0;
    for (int i = 0; i < 50000; i++) {
        assert_non_null(ep_arena_alloc(&arena, 100));
        assert_in_range(arena.head->size_bytes, 4096, 1 << 20);
        assert_true(arena.head->size_bytes >= largest);
        largest = arena.head->size_bytes;
    }
    assert_int_equal(largest, 1 << 20);
    ep_arena_done(&arena);
}

static void a_large_piece_leaves_the_current_block_in_use(void **state) {
    (void)state;
    ep_arena arena = {0};
    ep_arena_alloc(&arena, 10);
    struct ep_arena_block *head = arena.head;
    assert_non_null(ep_arena_alloc(&arena, 5 << 20));
    ep_arena_alloc(&arena, 10);
    assert_ptr_equal(arena.head, head);
    assert_int_equal(count_blocks(&arena), 2);
    ep_arena_done(&arena);
}

static void reset_keeps_the_largest_block(void **state) {
    (void)state;
    ep_arena arena = {0};
    ep_arena_alloc(&arena, 10);
    ep_arena_alloc(&arena, 3 << 20);
    ep_arena_alloc(&arena, 2 << 20);
    ep_arena_reset(&arena);
    assert_int_equal(count_blocks(&arena), 1);
    assert_in_range(arena.head->size_bytes, 3 << 20, (3 << 20) + 64);
    ep_arena_alloc(&arena, 2 << 20);
    assert_int_equal(count_blocks(&arena), 1);
    ep_arena_done(&arena);
    ep_arena_done(&arena);
    ep_arena_done(NULL);
    assert_null(arena.head);
}

static void the_limit_counts_what_is_handed_out(void **state) {
    (void)state;
    ep_arena arena = {.limit_bytes = 1000};
    size_t n = 0;
    while (ep_arena_alloc(&arena, 16))
        n++;
    assert_int_equal(n, 62); /* 62 * 16 = 992 */
    assert_null(ep_arena_alloc(&arena, 2000));
    ep_arena_reset(&arena);
    assert_null(ep_arena_alloc(&arena, 1001));
    assert_non_null(ep_arena_alloc(&arena, 900));
    ep_arena_done(&arena);
}

static void arena_texts(void **state) {
    (void)state;
    ep_arena arena = {0};
    char expected[1000];
    memset(expected, 'y', 999);
    expected[999] = '\0';
    assert_string_equal(ep_arena_strndup(&arena, "entrepot", 4), "entr");
    assert_string_equal(ep_arena_strndup(&arena, NULL, 0), "");
    assert_string_equal(ep_arena_printf(&arena, "%d-%s", 5, "x"), "5-x");
    assert_string_equal(ep_arena_printf(&arena, "%s", expected), expected); /* longer than the near buffer */
    expected[255] = '\0';
    assert_string_equal(ep_arena_printf(&arena, "%s", expected), expected);
    expected[256] = '\0';
    char *zeros = ep_arena_calloc(&arena, 7, 9);
    static const char none[63];
    assert_memory_equal(zeros, none, 63);
    ep_arena_done(&arena);
}

static void what_is_reset_is_not_readable(void **state) {
    (void)state;
#if EP_ARENA_POISON
    ep_arena arena = {0};
    char *piece = ep_arena_alloc(&arena, 20), *next = ep_arena_alloc(&arena, 20);
    assert_false(__asan_address_is_poisoned(piece + 19));
    assert_true(__asan_address_is_poisoned(piece + 20));
    assert_true(__asan_address_is_poisoned(piece + 32));
    assert_false(__asan_address_is_poisoned(next));
    ep_arena_reset(&arena);
    assert_true(__asan_address_is_poisoned(piece));
    ep_arena_done(&arena);
#else
    skip();
#endif
}

static void grow_doubles_and_keeps_what_is_there(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0, n_grown = 0;
    for (size_t n = 0; n < 10000; n++) {
        size_t before = capacity;
        assert_int_equal(ep_grow((void **)&items, &capacity, n + 1, sizeof *items, NULL), EP_OK);
        assert_true(capacity > n);
        n_grown += capacity != before;
        items[n] = (int)n;
    }
    assert_in_range(n_grown, 5, 14);
    for (size_t n = 0; n < 10000; n++)
        assert_int_equal(items[n], n);
    ep_free(items);
}

static void what_grows_zeroed_is_zero_and_keeps_what_was_there(void **state) {
    (void)state;
    static const int64_t zeros[1024];
    int64_t *items = NULL;
    size_t capacity = 0;
    for (size_t n = 1; n < 1000; n++) {
        size_t before = capacity;
        assert_int_equal(ep_grow_zeroed((void **)&items, &capacity, n, sizeof *items, NULL), EP_OK);
        assert_memory_equal(items + before, zeros, (capacity - before) * sizeof *items);
        items[n - 1] = (int64_t)n;
    }
    for (size_t n = 1; n < 1000; n++)
        assert_int_equal(items[n - 1], n);
    ep_free(items);
}

static void grow_refuses_what_no_memory_holds(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    ep_error err = {0};
    assert_int_equal(ep_grow((void **)&items, &capacity, SIZE_MAX / 2, sizeof *items, &err), EP_E_NOMEM);
    assert_int_equal(err.action, EP_RETRY);
    assert_int_equal(ep_grow((void **)&items, &capacity, SIZE_MAX, 1, &err), EP_E_NOMEM);
    assert_null(items);
    assert_int_equal(capacity, 0);
    assert_int_equal(ep_grow((void **)&items, &capacity, 3, sizeof *items, NULL), EP_OK);
    ep_mem_fail_after(1);
    ep_code code = ep_grow((void **)&items, &capacity, 100, sizeof *items, NULL);
    ep_mem_fail_after(0);
    assert_int_equal(code, EP_E_NOMEM);
    assert_int_equal(capacity, 8);
    items[7] = 1; /* still there */
    ep_free(items);
}

static bool use_arena(ep_arena *arena) {
    for (int i = 0; i < 40; i++) {
        char *text = ep_arena_printf(arena, "%0*d", i * 20 + 1, i);
        if (!text)
            return false;
        assert_int_equal(strlen(text), i * 20 + 1);
        if (!ep_arena_calloc(arena, 3, 100) || !ep_arena_strndup(arena, "abc", 3))
            return false;
    }
    return true;
}

static void every_arena_allocation_may_fail(void **state) {
    (void)state;
    bool passed = false;
    int n = 0;
    while (!passed) {
        ep_arena arena = {0};
        ep_mem_fail_after(++n);
        passed = use_arena(&arena);
        ep_mem_fail_after(0);
        assert_true(passed || use_arena(&arena)); /* usable after a failure */
        ep_arena_done(&arena);
    }
    assert_int_equal(n, 40 * 3 + 1);
}

static void tables_of_any_size_can_be_written_and_fail(void **state) {
    (void)state;
    const size_t sizes[] = {
        0, 1, 1000, ((size_t)4 << 20) - 1, (size_t)4 << 20, ((size_t)4 << 20) + 1, (size_t)9 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *table = ep_malloc_table(sizes[i]);
        assert_non_null(table);
        memset(table, 1, sizes[i]);
        if (sizes[i] >= (size_t)4 << 20)
            assert_int_equal((uintptr_t)table % ((size_t)2 << 20), 0); /* whole huge pages */
        ep_free(table);
        ep_mem_fail_after(1);
        assert_null(ep_malloc_table(sizes[i]));
        ep_mem_fail_after(0);
    }
    assert_null(ep_malloc_table(SIZE_MAX));
    assert_null(ep_malloc_table(SIZE_MAX - 100));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_a_pointer),
        cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(calloc_gives_zeros_and_copies_end_with_nul),
        cmocka_unit_test(the_nth_allocation_and_all_after_it_fail),
        cmocka_unit_test(another_thread_does_not_fail),
        cmocka_unit_test(all_threads_fail_together),
        cmocka_unit_test(one_allocation_of_the_process_may_fail_alone),
        cmocka_unit_test(a_failed_realloc_keeps_the_old_piece),
        cmocka_unit_test(arena_pieces_are_aligned_and_apart),
        cmocka_unit_test(blocks_double_up_to_one_mebibyte),
        cmocka_unit_test(a_large_piece_leaves_the_current_block_in_use),
        cmocka_unit_test(reset_keeps_the_largest_block),
        cmocka_unit_test(the_limit_counts_what_is_handed_out),
        cmocka_unit_test(arena_texts),
        cmocka_unit_test(what_is_reset_is_not_readable),
        cmocka_unit_test(grow_doubles_and_keeps_what_is_there),
        cmocka_unit_test(what_grows_zeroed_is_zero_and_keeps_what_was_there),
        cmocka_unit_test(grow_refuses_what_no_memory_holds),
        cmocka_unit_test(every_arena_allocation_may_fail),
        cmocka_unit_test(tables_of_any_size_can_be_written_and_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
