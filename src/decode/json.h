#ifndef EP_DECODE_JSON_H
#define EP_DECODE_JSON_H

#include "decode/flaw.h"
#include "decode/node.h"

/* RFC 8259, every token of it. Private to src/decode. One per thread. */
typedef struct ep_json ep_json;

EP_CHECK ep_code ep_json_new(ep_json **ret, ep_error *err);
void ep_json_free(ep_json **json);

/**
 * Parses one text into `doc`. Texts without escapes are views into `text`, others lie in `arena`. A byte
 * order mark in front is skipped (RFC 8259, 8.1). False: `flaw` says why, the doc is empty. A proper prefix
 * of an object or array is always `truncated`.
 */
bool ep_json_parse(ep_json *json, ep_str text, ep_doc *doc, ep_arena *arena, ep_flaw *flaw);

#endif
