#ifndef EP_DECODE_MASK64_H
#define EP_DECODE_MASK64_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#    include <emmintrin.h>
#endif

/* 64 bytes at a time: one bit a byte, lowest bit first. Reading needs 64 readable bytes (EP_PADDING). */
#ifdef __SSE2__
typedef struct ep_block64 {
    __m128i part[4];
} ep_block64;

static inline ep_block64 ep_block64_load(const char *p) {
    ep_block64 block;
    for (int i = 0; i < 4; i++)
        block.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
    return block;
}

/* Bytes that are c. */
static inline uint64_t ep_block64_eq(const ep_block64 *block, char c) {
    __m128i wanted = _mm_set1_epi8(c);
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block->part[i], wanted)) << (16 * i);
    return bits;
}

/* Bytes with the highest bit set. */
static inline uint64_t ep_block64_high(const ep_block64 *block) {
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(block->part[i]) << (16 * i);
    return bits;
}
#else
typedef struct ep_block64 {
    unsigned char part[64];
} ep_block64;

static inline ep_block64 ep_block64_load(const char *p) {
    ep_block64 block;
    memcpy(block.part, p, 64);
    return block;
}

/* Bytes that are c. */
static inline uint64_t ep_block64_eq(const ep_block64 *block, char c) {
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++)
        bits |= (uint64_t)(block->part[i] == (unsigned char)c) << i;
    return bits;
}

/* Bytes with the highest bit set. */
static inline uint64_t ep_block64_high(const ep_block64 *block) {
    uint64_t bits = 0;
    for (int i = 0; i < 64; i++)
        bits |= (uint64_t)(block->part[i] >> 7) << i;
    return bits;
}
#endif

/* The lowest `n` bits; all of them from 64 on. */
static inline uint64_t ep_low_bits(size_t n) {
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

#endif
