/* ep_buf of str.h: the growing text. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

/* Room for n more bytes and a NUL. */
static bool reserve(ep_buf *buf, size_t n) {
    if (buf->failed)
        return false;
    if (n < buf->capacity - buf->len) /* capacity 0 only with len 0 */
        return true;
    size_t need, capacity = buf->capacity ? buf->capacity : 64;
    if (__builtin_add_overflow(buf->len, n, &need) || need > SIZE_MAX / 4) {
        buf->failed = true;
        return false;
    }
    while (capacity <= need)
        capacity *= 2;
    char *data = ep_realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void ep_buf_add(ep_buf *buf, const void *data, size_t len) {
    if (!reserve(buf, len))
        return;
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void ep_buf_puts(ep_buf *buf, const char *text) {
    ep_buf_add(buf, text, strlen(text));
}

void ep_buf_put_str(ep_buf *buf, ep_str text) {
    ep_buf_add(buf, text.ptr, text.len);
}

void ep_buf_putc(ep_buf *buf, char c) {
    if (!reserve(buf, 1))
        return;
    buf->data[buf->len++] = c;
    buf->data[buf->len] = '\0';
}

void ep_buf_put_int(ep_buf *buf, int64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        digits[--at] = '-';
    ep_buf_add(buf, digits + at, sizeof digits - at);
}

void ep_buf_printf(ep_buf *buf, const char *format, ...) {
    if (!reserve(buf, 64))
        return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = buf->capacity - buf->len;
    int len = vsnprintf(buf->data + buf->len, room, format, args);
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len >= room && reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    va_end(args);
    if (!buf->failed)
        buf->len += (size_t)len;
    buf->data[buf->len] = '\0';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* How many bytes from the start, in steps of 8, JSON takes as they are: ASCII from the blank on, but no quote and no backslash.
 * A byte below n has its high bit set by subtracting n, given that none is above 0x7f; a borrow can only add false alarms. */
static size_t json_plain(const char *text, size_t len) {
    size_t at = 0;
    for (; len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        uint64_t quote = (word ^ EACH('"')) - EACH(1), backslash = (word ^ EACH('\\')) - EACH(1);
        if ((word | (word - EACH(0x20)) | quote | backslash) & EACH(0x80))
            break;
    }
    return at;
}

/* 0: goes as it is; 'u': as \u00XX; else the letter after the backslash. */
static char json_escape(unsigned char c) {
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return c < 0x20 ? 'u' : 0;
    }
}

static void put_json_escaped(ep_buf *buf, unsigned char c, char letter) {
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', letter, '0', '0', hex[c >> 4], hex[c & 15]};
    ep_buf_add(buf, text, letter == 'u' ? 6 : 2);
}

void ep_buf_put_json(ep_buf *buf, ep_str text) {
    ep_buf_putc(buf, '"');
    size_t start = 0, at = 0; /* [start, at): seen, not yet copied */
    while (at < text.len) {
        at += json_plain(text.ptr + at, text.len - at);
        if (at == text.len)
            break;
        unsigned char c = (unsigned char)text.ptr[at];
        size_t step = c < 0x80 ? 1 : ep_utf8_next(text.ptr + at, text.len - at);
        char letter = step == 1 ? json_escape(c) : 0;
        if (step > 0 && !letter) {
            at += step;
            continue;
        }
        ep_buf_add(buf, text.ptr + start, at - start);
        if (letter)
            put_json_escaped(buf, c, letter);
        else
            ep_buf_puts(buf, "\xef\xbf\xbd");
        start = ++at;
    }
    if (at > start)
        ep_buf_add(buf, text.ptr + start, at - start);
    ep_buf_putc(buf, '"');
}

static void put_quoted(ep_buf *buf, ep_str text, char quote) {
    ep_buf_putc(buf, quote);
    size_t start = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] != quote)
            continue;
        ep_buf_add(buf, text.ptr + start, at + 1 - start);
        start = at; /* the quote goes out a second time with what follows */
    }
    if (text.len > start)
        ep_buf_add(buf, text.ptr + start, text.len - start);
    ep_buf_putc(buf, quote);
}

void ep_buf_put_literal(ep_buf *buf, ep_str text) {
    put_quoted(buf, text, '\'');
}

void ep_buf_put_ident(ep_buf *buf, ep_str name) {
    put_quoted(buf, name, '"');
}

void ep_buf_reset(ep_buf *buf) {
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void ep_buf_done(ep_buf *buf) {
    if (!buf)
        return;
    ep_free(buf->data);
    *buf = (ep_buf){0};
}

ep_code ep_buf_check(const ep_buf *buf, ep_error *err) {
    return buf->failed ? ep_fail(err, EP_E_NOMEM, "out of memory for a text of %zu bytes", buf->len) : EP_OK;
}
