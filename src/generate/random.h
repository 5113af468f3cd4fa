#ifndef EP_GENERATE_RANDOM_H
#define EP_GENERATE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* xoshiro256** (Blackman, Vigna), seeded by splitmix64 from a key: any record can be drawn again without those before it. */
typedef struct ep_random {
    uint64_t s[4];
} ep_random;

/** The splitmix64 finaliser: a good hash of one word. */
static inline uint64_t ep_mix(uint64_t x) {
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/** A word that depends on seed, purpose and two numbers. */
static inline uint64_t ep_draw(uint64_t seed, uint64_t purpose, uint64_t a, uint64_t b) {
    return ep_mix(ep_mix(ep_mix(seed ^ (purpose << 56)) ^ a) ^ (b * UINT64_C(0xd6e8feb86659fd93)));
}

/** The generator of record `index` for a purpose. */
static inline ep_random ep_random_at(uint64_t seed, uint64_t purpose, uint64_t index) {
    uint64_t key = ep_mix(ep_mix(seed ^ (purpose << 56)) ^ index);
    ep_random random;
    for (int i = 0; i < 4; i++)
        random.s[i] = ep_mix(key + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
    return random;
}

/** Rotates to the left by 1 to 63 bits. */
static inline uint64_t ep_rotl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

/** The next word. */
static inline uint64_t ep_random_next(ep_random *random) {
    uint64_t *s = random->s;
    uint64_t result = ep_rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = ep_rotl(s[3], 45);
    return result;
}

/** 0 .. n-1 out of a random word; n below 2^32. */
static inline uint32_t ep_below(uint64_t word, uint64_t n) {
    return (uint32_t)(((word >> 32) * n) >> 32);
}

/** 0 .. n-1; n below 2^32. */
static inline uint32_t ep_random_below(ep_random *random, uint64_t n) {
    return ep_below(ep_random_next(random), n);
}

/** True `percent` times in a hundred. */
static inline bool ep_random_percent(ep_random *random, uint32_t percent) {
    return ep_random_below(random, 100) < percent;
}

#endif
