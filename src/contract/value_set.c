/* Is a value among those that a contract lists? */
#include "contract/check_private.h"

#include "base/hash.h"

/* All of a short set are looked at, whatever is found: which value comes next cannot be foreseen, a branch on it costs more. */
static bool short_set_has(const ep_value_set *set, ep_str text) {
    uint64_t words[2];
    bool found = false;
    if (text.len > EP_SHORT_BYTES)
        return false;
    ep_short_words(text.ptr, text.len, words);
    for (size_t i = 0; i < set->n; i++) {
        const ep_short_text *value = &set->short_texts[i];
        found |= ((value->words[0] ^ words[0]) | (value->words[1] ^ words[1]) | (value->len ^ text.len)) == 0;
    }
    return found;
}

bool ep_value_set_has_text(const ep_value_set *set, ep_str text) {
    if (set->short_texts)
        return short_set_has(set, text);
    if (!set->buckets) {
        for (size_t i = 0; i < set->n; i++)
            if (ep_str_eq(set->texts[i], text))
                return true;
        return false;
    }
    for (size_t at = ep_xxh3(text.ptr, text.len) & set->mask; set->buckets[at]; at = (at + 1) & set->mask)
        if (ep_str_eq(set->texts[set->buckets[at] - 1], text))
            return true;
    return false;
}

bool ep_value_set_has_number(const ep_value_set *set, ep_int128 value) {
    size_t low = 0, high = set->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->numbers[middle] == value)
            return true;
        if (set->numbers[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
