#include "decode/occurrence.h"

#include "decode/decode.h"

/* Slot of `hash`, or the empty one where it belongs. */
static size_t slot_of(const ep_occurrence_set *set, uint64_t hash) {
    size_t slot = hash & (set->capacity - 1);
    while (set->hashes[slot] && set->hashes[slot] != hash)
        slot = (slot + 1) & (set->capacity - 1);
    return slot;
}

static ep_code grow(ep_occurrence_set *set, bool with_counts, ep_error *err) {
    if (set->n + set->n / 2 < set->capacity)
        return EP_OK;
    ep_occurrence_set old = *set;
    set->capacity = old.capacity ? old.capacity * 2 : 1024;
    set->hashes = ep_calloc(set->capacity, sizeof(*set->hashes));
    set->counts = with_counts ? ep_calloc(set->capacity, sizeof(*set->counts)) : NULL;
    if (!set->hashes || (with_counts && !set->counts)) {
        ep_free(set->hashes);
        ep_free(set->counts);
        *set = old;
        return ep_fail(err, EP_E_NOMEM, "no memory to tell %zu records apart", old.n);
    }
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.hashes[i])
            continue;
        size_t slot = slot_of(set, old.hashes[i]);
        set->hashes[slot] = old.hashes[i];
        if (with_counts)
            set->counts[slot] = old.counts[i];
    }
    ep_free(old.hashes);
    ep_free(old.counts);
    return EP_OK;
}

ep_code ep_occurrences_add(ep_occurrences *occurrences, uint64_t hash, uint32_t *ret, ep_error *err) {
    size_t limit = occurrences->limit ? occurrences->limit : EP_MAX_OCCURRENCE_RECORDS;
    hash += hash == 0;
    EP_TRY(grow(&occurrences->once, false, err));
    size_t slot = slot_of(&occurrences->once, hash);
    if (!occurrences->once.hashes[slot]) {
        if (occurrences->once.n == limit)
            return ep_fail(
                err, EP_E_LIMIT,
                "the source has more than %zu different records: give the feed an identity of its own fields, "
                "or cut the source into smaller ones",
                limit);
        occurrences->once.hashes[slot] = hash;
        occurrences->once.n++;
        *ret = 1;
        return EP_OK;
    }
    EP_TRY(grow(&occurrences->again, true, err));
    slot = slot_of(&occurrences->again, hash);
    if (!occurrences->again.hashes[slot]) {
        occurrences->again.hashes[slot] = hash;
        occurrences->again.counts[slot] = 1;
        occurrences->again.n++;
    }
    *ret = ++occurrences->again.counts[slot];
    return EP_OK;
}

void ep_occurrences_done(ep_occurrences *occurrences) {
    ep_free(occurrences->once.hashes);
    ep_free(occurrences->again.hashes);
    ep_free(occurrences->again.counts);
    *occurrences = (ep_occurrences){0};
}
