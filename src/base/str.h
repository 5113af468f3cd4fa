#ifndef EP_BASE_STR_H
#define EP_BASE_STR_H

#include "base/mem.h"

#include <string.h>

/* A view: pointer and length, never assumed to end in NUL, never owns. */
typedef struct ep_str {
    const char *ptr;
    size_t len;
} ep_str;

#define EP_STR(literal) ((ep_str){(literal), sizeof(literal) - 1})
#define EP_STR_ARGS(s)  (int)(s).len, (s).ptr /* for "%.*s" */

ep_str ep_str_from(const char *text); /* NULL gives an empty view */
bool ep_str_eq(ep_str a, ep_str b);
/** Equal bytes; for short texts, which take two loads that may overlap instead of a call. */
static inline bool ep_bytes_eq(const char *a, const char *b, size_t len) {
    if (len > 16)
        return memcmp(a, b, len) == 0;
    if (len < 4) /* the first, the middle and the last are all there are */
        return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
    if (len >= 8) {
        uint64_t x[2], y[2];
        memcpy(&x[0], a, 8), memcpy(&y[0], b, 8);
        memcpy(&x[1], a + len - 8, 8), memcpy(&y[1], b + len - 8, 8);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
    uint32_t x[2], y[2];
    memcpy(&x[0], a, 4), memcpy(&y[0], b, 4);
    memcpy(&x[1], a + len - 4, 4), memcpy(&y[1], b + len - 4, 4);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
bool ep_str_is(ep_str a, const char *text);
/** Bytewise order, like COLLATE "C": <0, 0, >0. */
int ep_str_cmp(ep_str a, ep_str b);
#define EP_SHORT_BYTES 16
/** A text of at most EP_SHORT_BYTES as two words: of texts of one length, only equal ones give equal words. Every byte of the
 * words is a byte of the text (0 for the empty one). */
static inline void ep_short_words(const char *text, size_t len, uint64_t ret[2]) {
    ret[0] = 0;
    if (len >= 8) {
        memcpy(&ret[0], text, 8);
        memcpy(&ret[1], text + len - 8, 8);
        return;
    }
    if (len >= 4) {
        uint32_t ends[2];
        memcpy(&ends[0], text, 4);
        memcpy(&ends[1], text + len - 4, 4);
        ret[0] = ends[0] | (uint64_t)ends[1] << 32;
    } else if (len > 0) {
        uint64_t first = (unsigned char)text[0], middle = (unsigned char)text[len / 2],
                 last = (unsigned char)text[len - 1];
        ret[0] = first * UINT64_C(0x0101010101010000) | middle << 8 | last;
    }
    ret[1] = ret[0];
}
ep_str ep_str_trim(ep_str s); /* ASCII blanks at both ends */
bool ep_str_starts(ep_str s, const char *prefix);
bool ep_str_ends(ep_str s, const char *suffix);

/** True for well-formed UTF-8 (no surrogates, no overlong forms) without NUL. */
bool ep_utf8_valid(const char *text, size_t len);
/** Bytes (1 to 4) of the well-formed sequence that text begins with; 0 when it is malformed or empty. NUL counts as 1. */
size_t ep_utf8_next(const char *text, size_t len);
/** Number of code points of valid UTF-8. */
size_t ep_utf8_count(const char *text, size_t len);
/** Appends one code point as UTF-8 to out[4]; returns its bytes. */
size_t ep_utf8_put(uint32_t code_point, char out[4]);

/* A growing text. Zero-initialised is ready; after a failed append `failed` stays set until reset, so that a
 * chain of appends is checked once at its end. `data` always ends in NUL once anything was appended. */
typedef struct ep_buf {
    char *data;
    size_t len;
    size_t capacity;
    bool failed;
} ep_buf;

void ep_buf_add(ep_buf *buf, const void *data, size_t len);
void ep_buf_puts(ep_buf *buf, const char *text);
void ep_buf_put_str(ep_buf *buf, ep_str text);
void ep_buf_putc(ep_buf *buf, char c);
void ep_buf_put_int(ep_buf *buf, int64_t value); /* decimal, faster than printf */
void ep_buf_printf(ep_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Appends text as a JSON string with quotes; invalid UTF-8 bytes become U+FFFD. */
void ep_buf_put_json(ep_buf *buf, ep_str text);
/** Appends an SQL string literal ('it''s') or a double-quoted identifier ("a""b"). */
void ep_buf_put_literal(ep_buf *buf, ep_str text);
void ep_buf_put_ident(ep_buf *buf, ep_str name);
void ep_buf_reset(ep_buf *buf);
void ep_buf_done(ep_buf *buf);
/** EP_OK or EP_E_NOMEM; call once after a chain of appends. */
EP_CHECK ep_code ep_buf_check(const ep_buf *buf, ep_error *err);

/** Reads a whole file (at most max_bytes) into a new buffer. Errors name the path: missing, a folder, not readable, too
 * large. */
EP_CHECK ep_code ep_read_file(const char *path, size_t max_bytes, ep_buf *ret, ep_error *err);
/** Writes to "<path>.tmp", fsyncs, renames: the file is old or new, never half. */
EP_CHECK ep_code ep_write_file(const char *path, const void *data, size_t len, unsigned mode, ep_error *err);

#endif
