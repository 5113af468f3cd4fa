#ifndef EP_DECODE_JSON_FLAT_H
#define EP_DECODE_JSON_FLAT_H

#include "decode/node.h"

/* The short way through JSON records that look like the one before: one object with the same names in the same order, each with
 * a text, a plain number, true, false or null, and no blanks. Private to src/decode. What it takes is what json.c would have
 * taken; whatever is a little different it leaves to json.c. */

#define EP_FLAT_NAMES      64
#define EP_FLAT_NAME_BYTES 2048

typedef struct ep_json_flat {
    uint64_t layout; /* of the names, for ep_doc.layout; 0: none are known */
    uint32_t n;
    uint32_t len[EP_FLAT_NAMES];
    const char *name[EP_FLAT_NAMES]; /* in `bytes` */
    char bytes[EP_FLAT_NAME_BYTES];
} ep_json_flat;

/**
 * Reads a record into `nodes`, which has room for all names and the object.
 * @param text     without any backslash, valid UTF-8, its texts closed and free of control characters
 * @param index    where its tokens begin (json_simd.h), `len` behind the last
 * @return false: not such a record; nothing is said about it, `nodes` may hold anything.
 */
bool ep_json_flat_read(const ep_json_flat *flat, const char *text, const uint32_t *index, size_t n_index,
                       ep_node *nodes);
/** Keeps the names of a record without escapes that json.c has read; forgets all when it is no flat object. */
void ep_json_flat_learn(ep_json_flat *flat, const ep_doc *doc);

#endif
