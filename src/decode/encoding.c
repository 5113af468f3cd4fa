#include "decode/encoding.h"

#include "decode/json_simd.h"
#include "decode/mask64.h"

/* 0x80 to 0x9F of windows-1252 (WHATWG leaves five as C1 controls; here they are undefined and refused). */
static const uint16_t windows1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static const struct {
    ep_encoding encoding;
    size_t len;
    char bytes[4];
} marks[] = {
    {EP_ENC_UTF8, 3, "\xEF\xBB\xBF"},
    {EP_ENC_UTF16LE, 2, "\xFF\xFE"},
    {EP_ENC_UTF16BE, 2, "\xFE\xFF"},
};

enum { N_MARKS = sizeof(marks) / sizeof(marks[0]) };

size_t ep_encoding_mark(ep_str head, ep_encoding *encoding) {
    for (size_t i = 0; i < N_MARKS; i++) {
        bool wanted = *encoding == EP_ENC_AUTO || *encoding == marks[i].encoding;
        if (wanted && head.len >= marks[i].len && memcmp(head.ptr, marks[i].bytes, marks[i].len) == 0) {
            *encoding = marks[i].encoding;
            return marks[i].len;
        }
    }
    if (*encoding == EP_ENC_AUTO)
        *encoding = EP_ENC_UTF8;
    return 0;
}

bool ep_encoding_mark_open(ep_str head, ep_encoding encoding) {
    for (size_t i = 0; i < N_MARKS; i++) {
        bool wanted = encoding == EP_ENC_AUTO || encoding == marks[i].encoding;
        if (wanted && head.len < marks[i].len &&
            (head.len == 0 || memcmp(head.ptr, marks[i].bytes, head.len) == 0))
            return true;
    }
    return false;
}

size_t ep_encoding_utf8_room(ep_encoding encoding, size_t n_bytes) {
    bool is_wide = encoding == EP_ENC_UTF16LE || encoding == EP_ENC_UTF16BE;
    return is_wide ? n_bytes / 2 * 3 + 4 : n_bytes * 3;
}

/* ep_utf8_put refuses surrogates; their three-byte form is wanted here. */
static size_t put_unit(uint32_t unit, char *out) {
    out[0] = (char)(0xE0 | unit >> 12);
    out[1] = (char)(0x80 | (unit >> 6 & 0x3F));
    out[2] = (char)(0x80 | (unit & 0x3F));
    return 3;
}

static size_t put_code_point(uint32_t code_point, char *out) {
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000)
        return put_unit(code_point, out);
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

static uint32_t unit_at(ep_encoding encoding, const char *p) {
    uint32_t first = (unsigned char)p[0], second = (unsigned char)p[1];
    return encoding == EP_ENC_UTF16LE ? first | second << 8 : first << 8 | second;
}

static size_t utf16_to_utf8(ep_encoding encoding, ep_str source, bool is_last, char *out, size_t *ret_used,
                            bool *flawed) {
    size_t n = 0, i = 0;
    while (i + 2 <= source.len) {
        uint32_t unit = unit_at(encoding, source.ptr + i);
        if (unit < 0xD800 || unit > 0xDFFF) {
            n += put_code_point(unit, out + n);
            i += 2;
            continue;
        }
        bool is_high = unit < 0xDC00;
        if (is_high && i + 4 > source.len && !is_last)
            break;
        uint32_t low = is_high && i + 4 <= source.len ? unit_at(encoding, source.ptr + i + 2) : 0;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            n += put_code_point(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out + n);
            i += 4;
        } else {
            *flawed = true;
            n += put_unit(unit, out + n);
            i += 2;
        }
    }
    if (is_last && i < source.len) {
        *flawed = true;
        out[n++] = (char)0xFE;
        i++;
    }
    *ret_used = i;
    return n;
}

static size_t windows1252_to_utf8(ep_str source, char *out, bool *flawed) {
    size_t n = 0;
    for (size_t i = 0; i < source.len; i++) {
        unsigned char byte = (unsigned char)source.ptr[i];
        uint32_t code_point = byte >= 0x80 && byte < 0xA0 ? windows1252[byte - 0x80] : byte;
        if (code_point == 0 && byte != 0) {
            *flawed = true;
            out[n++] = (char)0xFF;
        } else {
            n += put_code_point(code_point, out + n);
        }
    }
    return n;
}

size_t ep_encoding_to_utf8(ep_encoding encoding, ep_str source, bool is_last, char *out, size_t *ret_used,
                           bool *flawed) {
    *ret_used = source.len;
    switch (encoding) {
    case EP_ENC_UTF16LE:
    case EP_ENC_UTF16BE: return utf16_to_utf8(encoding, source, is_last, out, ret_used, flawed);
    case EP_ENC_WINDOWS1252: return windows1252_to_utf8(source, out, flawed);
    case EP_ENC_AUTO:
    case EP_ENC_UTF8: break;
    }
    if (source.len > 0)
        memcpy(out, source.ptr, source.len);
    return source.len;
}

bool ep_encoding_transcode(ep_encoding encoding, ep_str source, bool is_last, ep_arena *arena, ep_str *ret,
                           size_t *ret_used, bool *flawed) {
    size_t room = ep_encoding_utf8_room(encoding, source.len);
    char *out = ep_arena_alloc(arena, room + EP_PADDING);
    if (!out)
        return false;
    size_t len = ep_encoding_to_utf8(encoding, source, is_last, out, ret_used, flawed);
    memset(out + len, 0, EP_PADDING);
    *ret = (ep_str){out, len};
    return true;
}

size_t ep_encoding_source_bytes(ep_encoding encoding, ep_str text) {
    if (encoding == EP_ENC_AUTO || encoding == EP_ENC_UTF8)
        return text.len;
    size_t n_chars = 0, n_pairs = 0, n_odd = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        n_chars += (byte & 0xC0) != 0x80;
        n_pairs += (byte & 0xF8) == 0xF0;
        n_odd += byte == 0xFE;
    }
    return encoding == EP_ENC_WINDOWS1252 ? n_chars : 2 * (n_chars + n_pairs) - n_odd;
}

/* Bytes of the character at p, or 0; *ret_cut when the text ends before it does. RFC 3629, table 3-7 of
 * Unicode. */
static size_t utf8_char(const unsigned char *p, size_t left, bool *ret_cut) {
    unsigned char lead = p[0], low = 0x80, high = 0xBF;
    size_t len;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF) {
        len = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        len = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        len = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (i == left) {
            *ret_cut = true;
            return 0;
        }
        if (p[i] < low || p[i] > high)
            return 0;
        low = 0x80;
        high = 0xBF;
    }
    return len;
}

size_t ep_utf8_flaw(ep_str text, bool *ret_cut) {
    *ret_cut = false;
    for (size_t i = 0; i < text.len;) {
        size_t len = utf8_char((const unsigned char *)text.ptr + i, text.len - i, ret_cut);
        if (len == 0)
            return i;
        i += len;
    }
    return SIZE_MAX;
}

bool ep_text_clean(ep_str text) {
    uint64_t high = 0, nul = 0;
    for (size_t i = 0; i < text.len; i += 64) {
        ep_block64 block = ep_block64_load(text.ptr + i);
        uint64_t inside = ep_low_bits(text.len - i);
        high |= ep_block64_high(&block) & inside;
        nul |= ep_block64_eq(&block, 0) & inside;
    }
    return !nul && (!high || ep_simd_utf8_valid(text.ptr, text.len));
}
