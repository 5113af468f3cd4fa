#ifndef EP_DECODE_ENCODING_H
#define EP_DECODE_ENCODING_H

#include "decode/decode.h"

/* Source bytes to UTF-8 and back to their number. Private to src/decode. Bytes that are no character of the
 * encoding become bytes that are no UTF-8, so that the flaw stays visible and the count stays exact: a half
 * surrogate pair its three-byte form, an undefined byte of windows-1252 0xFF, an odd last byte of UTF-16
 * 0xFE. */

/** Bytes of the byte order mark that `head` (all bytes known so far) begins with; sets *encoding when it is
 * EP_ENC_AUTO. */
size_t ep_encoding_mark(ep_str head, ep_encoding *encoding);
/** True when more bytes could still make a mark. */
bool ep_encoding_mark_open(ep_str head, ep_encoding encoding);

/** Most UTF-8 bytes that n_bytes of source can become. */
size_t ep_encoding_utf8_room(ep_encoding encoding, size_t n_bytes);
/**
 * Transcodes; `out` has ep_encoding_utf8_room() bytes. A character that is not complete yet is left unless
 * `is_last`.
 * @return bytes written; *ret_used bytes of source (all but at most 3); *flawed is set, never cleared, by
 * bytes that are no character.
 */
size_t ep_encoding_to_utf8(ep_encoding encoding, ep_str source, bool is_last, char *out, size_t *ret_used,
                           bool *flawed);
/** The same into `arena`, with EP_PADDING readable bytes behind *ret; false: no memory. */
bool ep_encoding_transcode(ep_encoding encoding, ep_str source, bool is_last, ep_arena *arena, ep_str *ret,
                           size_t *ret_used, bool *flawed);
/** Bytes of source that this text was made from. */
size_t ep_encoding_source_bytes(ep_encoding encoding, ep_str text);

/** Offset of the first byte that is no UTF-8, or SIZE_MAX. *ret_cut: only because the text ends inside a
 * character. */
size_t ep_utf8_flaw(ep_str text, bool *ret_cut);
/** Well-formed UTF-8 without NUL, fast for ASCII; needs EP_PADDING readable bytes behind. */
bool ep_text_clean(ep_str text);

#endif
