#ifndef EP_CONTRACT_JSON_TEXT_H
#define EP_CONTRACT_JSON_TEXT_H

#include "base/str.h"

/* Walks JSON text in place (RFC 8259): spans of items and members, and one canonical form to tell equal values. */

#define EP_JSON_MAX_DEPTH 64

/** Strict: one value, nothing after it, valid UTF-8, no deeper than EP_JSON_MAX_DEPTH. */
bool ep_json_text_valid(ep_str text);

typedef struct ep_json_walk {
    const char *at, *end;
    bool is_map, bad; /* bad: the text is not JSON */
} ep_json_walk;

/** Begins at a list or object. False when text is neither. */
bool ep_json_walk_begin(ep_json_walk *walk, ep_str text);
/** Next item, or member with its name as written between the quotes; false at the end or when the text is bad. */
bool ep_json_walk_next(ep_json_walk *walk, ep_str *ret_name, ep_str *ret_value);
/** True when a name as written (with escapes) is this text. */
bool ep_json_name_is(ep_str name, const char *text);
/** Appends a form that is the same for equal values: 1 and 1.0, {"a":1,"b":2} and {"b":2,"a":1}, "é" and "\u00e9". */
void ep_json_put_canonical(ep_buf *buf, ep_str value);

#endif
