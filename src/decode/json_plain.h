#ifndef EP_DECODE_JSON_PLAIN_H
#define EP_DECODE_JSON_PLAIN_H

#include "decode/node.h"

/* The first stage of reading JSON byte by byte, for texts that json_simd.h refuses. Private to src/decode. */

/** White space of RFC 8259, section 2. */
static inline bool ep_json_is_blank(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/**
 * The same index as ep_json_simd_index: where each token begins, and the length of the text behind the last. Checks nothing.
 * @param at       grows to *capacity and is the caller's (ep_free)
 * @return false: no memory.
 */
bool ep_json_index_plain(ep_str text, uint32_t **at, size_t *capacity, size_t *ret_n);

#endif
