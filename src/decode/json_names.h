#ifndef EP_DECODE_JSON_NAMES_H
#define EP_DECODE_JSON_NAMES_H

#include "decode/node.h"

#include <string.h>

/* Equal names in large objects of JSON, by a hash table that is kept from object to object. Private to src/decode. */
typedef struct ep_json_names {
    uint32_t *slots; /* open addressing: node + 1 */
    size_t capacity;
    uint64_t seed; /* nobody outside can choose names that collide */
} ep_json_names;

void ep_json_names_init(ep_json_names *names);
void ep_json_names_done(ep_json_names *names);

/** Whether two members have the same name. */
static inline bool ep_json_same_name(const ep_node *a, const ep_node *b) {
    return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/**
 * Looks for a member with the name of one before it.
 * @param first, end  the object's first member, and the node behind its last
 * @param ret         that member, or NULL when all names differ
 * @return false: no memory.
 */
bool ep_json_names_find_twice(ep_json_names *names, const ep_node *nodes, uint32_t first, uint32_t end,
                              uint32_t n_members, const ep_node **ret);

#endif
