#ifndef EP_DECODE_JSON_ESCAPE_H
#define EP_DECODE_JSON_ESCAPE_H

#include "decode/flaw.h"

/* Escapes in the texts of JSON (RFC 8259, section 7). Private to src/decode. */

/**
 * The text between text[at] and the closing quote at text[end], without its escapes; it lies in `arena`. Half of a surrogate pair
 * and NUL are refused: neither is text that can be stored.
 * @return false: `flaw` says why, with offsets in `text`.
 */
bool ep_json_unescape(const char *text, size_t at, size_t end, ep_arena *arena, ep_flaw *flaw,
                      const char **ret, uint32_t *ret_len);

#endif
