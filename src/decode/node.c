#include "decode/node.h"

#include <stdatomic.h>
#include <string.h>

uint64_t ep_layout_new(void) {
    static _Atomic uint64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

void ep_doc_done(ep_doc *doc) {
    if (!doc)
        return;
    ep_free(doc->nodes);
    *doc = (ep_doc){0};
}

bool ep_doc_reserve(ep_doc *doc, size_t n_nodes) {
    if (n_nodes <= doc->capacity)
        return true;
    size_t capacity = doc->capacity ? doc->capacity : 64;
    while (capacity < n_nodes)
        capacity *= 2;
    ep_node *nodes = ep_realloc(doc->nodes, capacity * sizeof(*nodes));
    if (!nodes)
        return false;
    doc->nodes = nodes;
    doc->capacity = (uint32_t)capacity;
    return true;
}

static bool has_key(const ep_node *node, const char *key, uint32_t key_len) {
    return node->key_len == key_len && node->key && memcmp(node->key, key, key_len) == 0;
}

/* Node of the n-th child; the object has more than n. */
static uint32_t nth_child(const ep_doc *doc, uint32_t object, uint32_t n) {
    const ep_node *parent = &doc->nodes[object];
    if (parent->end - object - 1 == parent->n_children)
        return object + 1 + n; /* no child has children */
    uint32_t child = object + 1;
    while (n-- > 0)
        child = doc->nodes[child].end;
    return child;
}

uint32_t ep_doc_member(const ep_doc *doc, uint32_t object, const char *key, uint32_t key_len,
                       uint32_t *hint) {
    const ep_node *parent = &doc->nodes[object];
    if (parent->kind != EP_N_OBJECT)
        return UINT32_MAX;
    if (hint && *hint < parent->n_children) {
        uint32_t child = nth_child(doc, object, *hint);
        if (has_key(&doc->nodes[child], key, key_len))
            return child;
    }
    uint32_t ordinal = 0;
    for (uint32_t child = object + 1; child < parent->end; child = doc->nodes[child].end, ordinal++) {
        if (has_key(&doc->nodes[child], key, key_len)) {
            if (hint)
                *hint = ordinal;
            return child;
        }
    }
    return UINT32_MAX;
}
