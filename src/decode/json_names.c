#include "decode/json_names.h"
#include "base/hash.h"

#include <sys/random.h>

void ep_json_names_init(ep_json_names *names) {
    *names = (ep_json_names){0};
    /* Without randomness (an old kernel at boot) only the guard against chosen names is weaker. */
    if (getrandom(&names->seed, sizeof(names->seed), GRND_NONBLOCK) != (ssize_t)sizeof(names->seed))
        names->seed = (uint64_t)(uintptr_t)names;
}

void ep_json_names_done(ep_json_names *names) {
    ep_free(names->slots);
    *names = (ep_json_names){0};
}

/* Empty slots, at least two a member. */
static bool clear(ep_json_names *names, uint32_t n_members, size_t *ret_capacity) {
    size_t capacity = 256;
    while (capacity < (size_t)n_members * 2)
        capacity *= 2;
    if (capacity > names->capacity) {
        uint32_t *slots = ep_realloc(names->slots, capacity * sizeof(*slots));
        if (!slots)
            return false;
        names->slots = slots;
        names->capacity = capacity;
    }
    memset(names->slots, 0, capacity * sizeof(*names->slots));
    *ret_capacity = capacity;
    return true;
}

bool ep_json_names_find_twice(ep_json_names *names, const ep_node *nodes, uint32_t first, uint32_t end,
                              uint32_t n_members, const ep_node **ret) {
    size_t capacity;
    *ret = NULL;
    if (!clear(names, n_members, &capacity))
        return false;
    for (uint32_t i = first; i < end; i = nodes[i].end) {
        const ep_node *member = &nodes[i];
        size_t slot = ep_xxh3_seeded(member->key, member->key_len, names->seed) & (capacity - 1);
        for (; names->slots[slot]; slot = (slot + 1) & (capacity - 1)) {
            if (!ep_json_same_name(&nodes[names->slots[slot] - 1], member))
                continue;
            *ret = member;
            return true;
        }
        names->slots[slot] = i + 1;
    }
    return true;
}
