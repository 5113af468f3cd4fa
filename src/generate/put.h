#ifndef EP_GENERATE_PUT_H
#define EP_GENERATE_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writing into a buffer known to be large enough: each function appends at `p` and returns the new end. */

/** Bytes. */
static inline char *ep_put_mem(char *p, const char *text, size_t len) {
    memcpy(p, text, len);
    return p + len;
}

/** A text that ends in NUL, without it. */
static inline char *ep_put_text(char *p, const char *text) {
    return ep_put_mem(p, text, strlen(text));
}

/* A string literal: its length is known to the compiler. */
#define EP_PUT(p, literal) ((p) = ep_put_mem((p), "" literal, sizeof(literal) - 1))

/** Decimal, no leading zeros. */
char *ep_put_uint(char *p, uint64_t value);
char *ep_put_int(char *p, int64_t value);

/** Decimal with leading zeros up to `width`; longer numbers are written whole. */
char *ep_put_padded(char *p, uint64_t value, int width);

/** A version 4 UUID of two random words, 36 characters. */
char *ep_put_uuid(char *p, uint64_t a, uint64_t b);

/** Hundredths as Python prints the float: 12.5, 12.0, 12.34. */
char *ep_put_float_cents(char *p, int64_t cents);

/** Ten-thousandths with exactly `decimals` (0, 2 or 4) decimals; the rest must be zero. */
char *ep_put_money(char *p, int64_t units, int decimals);

/** Epoch seconds as Python prints the float of a whole number of microseconds: up to six decimals, at least one. */
char *ep_put_epoch_us(char *p, int64_t ts_us);

/** Epoch seconds as Python prints time.time(): the double nearest to a whole number of nanoseconds. 1990 to 2099. */
char *ep_put_epoch_ns(char *p, int64_t ts_us, uint32_t nanoseconds);

/** 2026-03-01, 2026-03-01T12:34:56.123456Z, and the same moment with an offset of whole hours. */
char *ep_put_date(char *p, int32_t day);
char *ep_put_rfc3339(char *p, int64_t ts_us);
char *ep_put_rfc3339_offset(char *p, int64_t ts_us, int offset_hours);

/** UTF-8 of the basic plane as the inside of a JSON string whose other characters are ASCII (json.dumps); no quotes or control
 * characters in the text. */
char *ep_put_ascii(char *p, const char *text);

#endif
