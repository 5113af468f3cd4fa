#include "decode/json_escape.h"

#include "decode/encoding.h"

#include <string.h>

static bool hex4(const char *p, size_t left, uint32_t *ret) {
    if (left < 4)
        return false;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        uint32_t digit = c >= '0' && c <= '9'     ? (uint32_t)(c - '0')
                         : (c >= 'a' && c <= 'f') ? (uint32_t)(c - 'a' + 10)
                         : (c >= 'A' && c <= 'F') ? (uint32_t)(c - 'A' + 10)
                                                  : 16;
        if (digit > 15)
            return false;
        value = value << 4 | digit;
    }
    *ret = value;
    return true;
}

/* \uXXXX, or two of them, at p[at]; returns the bytes read, 0 when wrong. */
static size_t unescape_unicode(const char *p, size_t at, size_t end, char *out, size_t *ret_n,
                               ep_flaw *flaw) {
    uint32_t code_point, low;
    if (!hex4(p + at + 2, end - at - 2, &code_point)) {
        ep_flaw_set(flaw, EP_R_SYNTAX, at, "expected four hexadecimal digits after \\u");
        return 0;
    }
    size_t used = 6;
    if (code_point >= 0xD800 && code_point <= 0xDBFF && end - at >= 12 && p[at + 6] == '\\' &&
        p[at + 7] == 'u' && hex4(p + at + 8, end - at - 8, &low) && low >= 0xDC00 && low <= 0xDFFF) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
        used = 12;
    }
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
        ep_flaw_set(flaw, EP_R_TEXT_ENCODING, at, "half of a surrogate pair is no character");
        return 0;
    }
    if (code_point == 0) {
        ep_flaw_set(flaw, EP_R_TEXT_ENCODING, at, "NUL (\\u0000) cannot be stored in a text");
        return 0;
    }
    *ret_n += ep_utf8_put(code_point, out + *ret_n);
    return used;
}

static char escaped(char c) {
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

bool ep_json_unescape(const char *text, size_t at, size_t end, ep_arena *arena, ep_flaw *flaw,
                      const char **ret, uint32_t *ret_len) {
    char *out = ep_arena_alloc(arena, end - at + 1);
    if (!out)
        return ep_flaw_no_memory(flaw);
    size_t n = 0;
    while (at < end) {
        const char *backslash = memchr(text + at, '\\', end - at);
        size_t plain = (backslash ? (size_t)(backslash - text) : end) - at;
        memcpy(out + n, text + at, plain);
        n += plain;
        at += plain;
        if (!backslash)
            break;
        char c = at + 1 < end ? text[at + 1] : 0;
        if (c == 'u') {
            size_t used = unescape_unicode(text, at, end, out, &n, flaw);
            if (used == 0)
                return false;
            at += used;
        } else if ((out[n] = escaped(c)) != 0) {
            n++;
            at += 2;
        } else {
            return ep_flaw_set(flaw, EP_R_SYNTAX, at, "not an escape of JSON");
        }
    }
    *ret = out;
    *ret_len = (uint32_t)n;
    return true;
}
