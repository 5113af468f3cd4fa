#include "base/str.h"

#include <stdio.h>
#include <string.h>

ep_str ep_str_from(const char *text) {
    return text ? (ep_str){text, strlen(text)} : (ep_str){"", 0};
}

bool ep_str_eq(ep_str a, ep_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool ep_str_is(ep_str a, const char *text) {
    return ep_str_eq(a, ep_str_from(text));
}

int ep_str_cmp(ep_str a, ep_str b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

ep_str ep_str_trim(ep_str s) {
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool ep_str_starts(ep_str s, const char *prefix) {
    size_t n = strlen(prefix);
    return n == 0 || (n <= s.len && memcmp(s.ptr, prefix, n) == 0);
}

bool ep_str_ends(ep_str s, const char *suffix) {
    size_t n = strlen(suffix);
    return n == 0 || (n <= s.len && memcmp(s.ptr + s.len - n, suffix, n) == 0);
}

#define LOW_BITS  UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

static inline uint64_t load8(const char *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Not 0 when one of 8 bytes is not ASCII or is NUL: below 0x80 only 0 - 1 sets a high bit. */
static inline uint64_t not_plain(uint64_t word) {
    return (word | (word - LOW_BITS)) & HIGH_BITS;
}

static inline bool is_tail(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t ep_utf8_next(const char *text, size_t len) {
    if (len == 0)
        return 0;
    unsigned char first = (unsigned char)text[0], second = len > 1 ? (unsigned char)text[1] : 0;
    if (first < 0x80)
        return 1;
    if (first < 0xc2) /* a tail, or an overlong form of ASCII */
        return 0;
    if (first < 0xe0)
        return len >= 2 && is_tail(text[1]) ? 2 : 0;
    if (first < 0xf0) {
        if (len < 3 || !is_tail(text[1]) || !is_tail(text[2]))
            return 0;
        bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (first > 0xf4 || len < 4 || !is_tail(text[1]) || !is_tail(text[2]) || !is_tail(text[3]))
        return 0;
    bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return overlong || beyond ? 0 : 4;
}

bool ep_utf8_valid(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        while (len - at >= 32 && !(not_plain(load8(text + at)) | not_plain(load8(text + at + 8)) |
                                   not_plain(load8(text + at + 16)) | not_plain(load8(text + at + 24))))
            at += 32;
        while (len - at >= 8 && !not_plain(load8(text + at)))
            at += 8;
        /* At most the 8 bytes that hold something else, then words again. */
        for (size_t stop = len - at > 8 ? at + 8 : len; at < stop;) {
            unsigned char c = (unsigned char)text[at];
            size_t step = c - 1u < 0x7f ? 1 : c == 0 ? 0 : ep_utf8_next(text + at, len - at);
            if (step == 0)
                return false;
            at += step;
        }
    }
    return true;
}

size_t ep_utf8_count(const char *text, size_t len) {
    size_t n = 0, at = 0;
    for (; len - at >= 8; at += 8) {
        uint64_t word = load8(text + at), tails = (word >> 7) & (~word >> 6) & LOW_BITS;
        n += 8 - (size_t)__builtin_popcountll(tails);
    }
    for (; at < len; at++)
        n += !is_tail(text[at]);
    return n;
}

size_t ep_utf8_put(uint32_t code_point, char out[4]) {
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        code_point = 0xfffd;
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xc0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xe0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code_point & 0x3f));
    return 4;
}
