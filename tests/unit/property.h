/* Random cases with a printed seed. EP_SEED in the environment runs a failure again. */
#ifndef EP_TEST_PROPERTY_H
#define EP_TEST_PROPERTY_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct test_random {
    uint64_t state;
} test_random;

/** Prints the seed as a TAP comment. */
static inline test_random test_random_new(void) {
    const char *given = getenv("EP_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("# EP_SEED=%" PRIu64 "\n", seed);
    return (test_random){seed};
}

/** Any 64 bits (splitmix64). */
static inline uint64_t test_random_next(test_random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** 0 .. n - 1. */
static inline uint64_t test_random_below(test_random *random, uint64_t n) {
    return test_random_next(random) % n;
}

#endif
