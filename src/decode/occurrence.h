#ifndef EP_DECODE_OCCURRENCE_H
#define EP_DECODE_OCCURRENCE_H

#include "base/mem.h"

/* How often each content came, by its 64-bit hash: a set of hashes, and counts only for those that came
 * again. Zero-initialised is ready; `limit` 0 means EP_MAX_OCCURRENCE_RECORDS different contents. Private to
 * src/decode. */
typedef struct ep_occurrence_set {
    uint64_t *hashes; /* 0: empty slot */
    uint32_t *counts; /* NULL: every hash came once */
    size_t capacity, n;
} ep_occurrence_set;

typedef struct ep_occurrences {
    ep_occurrence_set once, again;
    size_t limit;
} ep_occurrences;

/** *ret is 1 for the first time, then 2, 3 ... EP_E_LIMIT, EP_E_NOMEM. */
EP_CHECK ep_code ep_occurrences_add(ep_occurrences *occurrences, uint64_t hash, uint32_t *ret, ep_error *err);
void ep_occurrences_done(ep_occurrences *occurrences);

#endif
