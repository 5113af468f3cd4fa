#include "base/hash.h"
#include "feed/expr.h"

#include <string.h>

typedef struct entry {
    uint64_t hash;
    uint64_t tag;
    ep_str owner, text;
    uint32_t value;
    uint32_t round; /* entries of older rounds are free */
} entry;

struct ep_seen {
    entry *entries;
    uint64_t mask;
    size_t n;
    uint32_t round;
};

#define FIRST_ENTRIES 64

ep_code ep_seen_new(ep_seen **ret, ep_error *err) {
    ep_seen *seen = ep_calloc(1, sizeof(*seen));
    if (seen)
        seen->entries = ep_calloc(FIRST_ENTRIES, sizeof(*seen->entries));
    if (!seen || !seen->entries) {
        ep_free(seen);
        return ep_fail(err, EP_E_NOMEM, "out of memory preparing a feed");
    }
    seen->mask = FIRST_ENTRIES - 1;
    seen->round = 1;
    *ret = seen;
    return EP_OK;
}

void ep_seen_free(ep_seen **seen) {
    if (!seen || !*seen)
        return;
    ep_free((*seen)->entries);
    ep_free(*seen);
    *seen = NULL;
}

void ep_seen_reset(ep_seen *seen) {
    if (seen->n == 0)
        return;
    seen->n = 0;
    if (++seen->round == 0) {
        memset(seen->entries, 0, (seen->mask + 1) * sizeof(*seen->entries));
        seen->round = 1;
    }
}

static bool grow(ep_seen *seen) {
    uint64_t mask = seen->mask * 2 + 1;
    entry *entries = ep_calloc(mask + 1, sizeof(*entries));
    if (!entries)
        return false;
    for (uint64_t i = 0; i <= seen->mask; i++) {
        if (seen->entries[i].round != seen->round)
            continue;
        uint64_t slot = seen->entries[i].hash & mask;
        while (entries[slot].round)
            slot = (slot + 1) & mask;
        entries[slot] = seen->entries[i];
        entries[slot].round = 1;
    }
    ep_free(seen->entries);
    seen->entries = entries;
    seen->mask = mask;
    seen->round = 1;
    return true;
}

uint32_t *ep_seen_find(ep_seen *seen, uint64_t tag, ep_str owner, ep_str text, uint32_t first) {
    if (seen->n * 2 > seen->mask && !grow(seen))
        return NULL;
    uint64_t hash = ep_xxh3(text.ptr, text.len) ^ (ep_xxh3(owner.ptr, owner.len) * 31) ^
                    (tag * UINT64_C(0x9E3779B97F4A7C15));
    uint64_t slot = hash & seen->mask;
    for (; seen->entries[slot].round == seen->round; slot = (slot + 1) & seen->mask) {
        entry *e = &seen->entries[slot];
        if (e->hash == hash && e->tag == tag && ep_str_eq(e->text, text) && ep_str_eq(e->owner, owner))
            return &e->value;
    }
    seen->entries[slot] = (entry){hash, tag, owner, text, first, seen->round};
    seen->n++;
    return &seen->entries[slot].value;
}
