#ifndef EP_DECODE_NODE_H
#define EP_DECODE_NODE_H

#include "contract/contract.h"

/* One record as a tree, whatever its format was: nodes in pre-order, children right behind their parent. */
typedef enum ep_node_kind {
    EP_N_NULL,
    EP_N_BOOL,
    EP_N_NUMBER,
    EP_N_TEXT,
    EP_N_ARRAY,
    EP_N_OBJECT
} ep_node_kind;

typedef struct ep_node {
    const char *text; /* scalar: number token as sent, unescaped UTF-8 text, "true"/"false", "" for null;
                         array and object: their raw source text; never NULL */
    const char *key;  /* member name inside an object (unescaped), else NULL */
    uint32_t text_len;
    uint32_t key_len;
    uint32_t end; /* index after the last node of this subtree: the next sibling */
    uint32_t n_children;
    uint8_t kind; /* ep_node_kind */
} ep_node;

/* A decoded record. Texts are views into the record's bytes or into `arena`, both live until the unit is
 * done. */
typedef struct ep_doc {
    ep_node *nodes; /* [0] is the root */
    uint32_t n_nodes;
    uint32_t capacity;
    uint64_t
        layout; /* 0, or docs with the same number are one object of scalars with the same names in the same places */
} ep_doc;

void ep_doc_done(ep_doc *doc);
/** A layout that no doc has yet. Any thread. */
uint64_t ep_layout_new(void);
/** Room for n_nodes (decoders call it before they fill a doc); false when out of memory. */
bool ep_doc_reserve(ep_doc *doc, size_t n_nodes);
/** First child with that name, or UINT32_MAX. `*hint` (in/out, may be NULL) is the child's ordinal last time:
 * tried first. */
uint32_t ep_doc_member(const ep_doc *doc, uint32_t object, const char *key, uint32_t key_len, uint32_t *hint);

/* Limits by name; each reached gives its own reason. */
#define EP_MAX_RECORD_BYTES (16u * 1024 * 1024)
#define EP_MAX_DEPTH        64
#define EP_MAX_NODES        1000000

#endif
