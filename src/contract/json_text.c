#include "contract/json_text.h"

#include <stdlib.h>
#include <string.h>

static const char *blank(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex(char c) {
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Each of these returns the place behind what it read, or NULL. */
static const char *skip_string(const char *at, const char *end) {
    if (at >= end || *at++ != '"')
        return NULL;
    while (at < end && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at++ != '\\')
            continue;
        if (at >= end)
            return NULL;
        char c = *at++;
        if (c == 'u') {
            for (int i = 0; i < 4; i++)
                if (at >= end || hex(*at++) < 0)
                    return NULL;
        } else if (!c || !strchr("\"\\/bfnrt", c)) {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

static const char *skip_digits(const char *at, const char *end) {
    if (at >= end || !is_digit(*at))
        return NULL;
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static const char *skip_number(const char *at, const char *end) {
    if (at < end && *at == '-')
        at++;
    const char *first = at;
    at = skip_digits(at, end);
    if (!at || (*first == '0' && at - first > 1))
        return NULL;
    if (at < end && *at == '.')
        at = skip_digits(at + 1, end);
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(at, end);
    }
    return at;
}

static const char *skip_word(const char *at, const char *end, const char *word) {
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && !memcmp(at, word, len) ? at + len : NULL;
}

static const char *skip_value(const char *at, const char *end, int depth);

static const char *skip_members(const char *at, const char *end, int depth) {
    bool is_map = *at == '{';
    char close = is_map ? '}' : ']';
    at = blank(at + 1, end);
    if (at < end && *at == close)
        return at + 1;
    for (;;) {
        if (is_map) {
            at = skip_string(blank(at, end), end);
            if (!at)
                return NULL;
            at = blank(at, end);
            if (at >= end || *at++ != ':')
                return NULL;
        }
        at = skip_value(blank(at, end), end, depth - 1);
        if (!at)
            return NULL;
        at = blank(at, end);
        if (at >= end)
            return NULL;
        if (*at == close)
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static const char *skip_value(const char *at, const char *end, int depth) {
    if (at >= end || depth < 0)
        return NULL;
    switch (*at) {
    case '"': return skip_string(at, end);
    case '{':
    case '[': return depth > 0 ? skip_members(at, end, depth) : NULL;
    case 't': return skip_word(at, end, "true");
    case 'f': return skip_word(at, end, "false");
    case 'n': return skip_word(at, end, "null");
    default: return skip_number(at, end);
    }
}

bool ep_json_text_valid(ep_str text) {
    if (!ep_utf8_valid(text.ptr, text.len))
        return false;
    const char *end = text.ptr + text.len;
    const char *at = skip_value(blank(text.ptr, end), end, EP_JSON_MAX_DEPTH);
    return at && blank(at, end) == end;
}

bool ep_json_walk_begin(ep_json_walk *walk, ep_str text) {
    *walk = (ep_json_walk){.end = text.ptr + text.len};
    walk->at = blank(text.ptr, walk->end);
    if (walk->at >= walk->end || (*walk->at != '[' && *walk->at != '{'))
        return false;
    walk->is_map = *walk->at++ == '{';
    return true;
}

bool ep_json_walk_next(ep_json_walk *walk, ep_str *ret_name, ep_str *ret_value) {
    const char *at = blank(walk->at, walk->end);
    if (at < walk->end && *at == ',')
        at = blank(at + 1, walk->end);
    if (walk->bad || at >= walk->end || *at == ']' || *at == '}')
        return false;
    *ret_name = (ep_str){NULL, 0};
    walk->bad = true;
    if (walk->is_map) {
        const char *end = skip_string(at, walk->end);
        if (!end)
            return false;
        *ret_name = (ep_str){at + 1, (size_t)(end - at) - 2};
        at = blank(end, walk->end);
        if (at >= walk->end || *at != ':')
            return false;
        at = blank(at + 1, walk->end);
    }
    const char *end = skip_value(at, walk->end, 2 * EP_JSON_MAX_DEPTH);
    if (!end)
        return false;
    *ret_value = (ep_str){at, (size_t)(end - at)};
    walk->at = end;
    walk->bad = false;
    return true;
}

static uint32_t four_hex(const char *at) {
    return (uint32_t)(hex(at[0]) << 12 | hex(at[1]) << 8 | hex(at[2]) << 4 | hex(at[3]));
}

/* One character of a checked string; lone surrogates become U+FFFD. */
static size_t next_char(const char *at, const char *end, char out[4], size_t *ret_len) {
    if (*at != '\\') {
        out[0] = *at;
        *ret_len = 1;
        return 1;
    }
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *plain = at[1] == 'u' ? NULL : strchr(from, at[1]);
    if (plain) {
        out[0] = to[plain - from];
        *ret_len = 1;
        return 2;
    }
    uint32_t code = four_hex(at + 2);
    size_t used = 6;
    if (code >= 0xD800 && code < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        uint32_t low = four_hex(at + 8);
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            used = 12;
        }
    }
    if (code >= 0xD800 && code < 0xE000)
        code = 0xFFFD;
    *ret_len = ep_utf8_put(code, out);
    return used;
}

bool ep_json_name_is(ep_str name, const char *text) {
    const char *at = name.ptr, *end = name.ptr + name.len;
    while (at < end) {
        char out[4];
        size_t len;
        at += next_char(at, end, out, &len);
        if (strncmp(text, out, len) != 0)
            return false;
        text += len;
    }
    return *text == '\0';
}

static void put_string(ep_buf *buf, ep_str text) {
    ep_buf_putc(buf, '"');
    for (const char *at = text.ptr, *end = at + text.len; at < end;) {
        char out[4];
        size_t len;
        at += next_char(at, end, out, &len);
        /* Quotes inside are doubled, so that the end is certain. */
        if (out[0] == '"')
            ep_buf_putc(buf, '"');
        ep_buf_add(buf, out, len);
    }
    ep_buf_putc(buf, '"');
}

/* -123.4500e2 as sign, digits without zeros at both ends, and the power of ten of the last. */
static void put_number(ep_buf *buf, ep_str text) {
    const char *at = text.ptr, *end = at + text.len;
    bool negative = *at == '-';
    int64_t power = 0, given = 0;
    bool fraction = false, sign = false;
    at += negative;
    size_t start = buf->len;
    ep_buf_putc(buf, negative ? '-' : '+');
    size_t first = buf->len;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        power -= fraction;
        if (*at != '0' || buf->len > first)
            ep_buf_putc(buf, *at);
    }
    if (at < end) {
        at++;
        sign = *at == '-';
        at += *at == '-' || *at == '+';
        for (; at < end && given < INT64_C(100000000000000000); at++)
            given = given * 10 + (*at - '0');
    }
    if (buf->failed)
        return;
    while (buf->len > first && buf->data[buf->len - 1] == '0') {
        buf->data[--buf->len] = '\0';
        power++;
    }
    if (buf->len == first) { /* 0, -0, 0e9 are one number */
        buf->len = start;
        ep_buf_putc(buf, '0');
        return;
    }
    ep_buf_printf(buf, "e%lld", (long long)(power + (sign ? -given : given)));
}

static int by_bytes(const void *a, const void *b) {
    return ep_str_cmp(*(const ep_str *)a, *(const ep_str *)b);
}

static void put_map(ep_buf *buf, ep_json_walk *walk) {
    ep_buf all = {0};
    size_t *ends = NULL, capacity = 0, n = 0;
    ep_str name, value;
    while (ep_json_walk_next(walk, &name, &value)) {
        if (ep_grow((void **)&ends, &capacity, n + 1, sizeof(*ends), NULL) != EP_OK) {
            all.failed = true;
            break;
        }
        put_string(&all, name);
        ep_buf_putc(&all, ':');
        ep_json_put_canonical(&all, value);
        ends[n++] = all.len;
    }
    ep_str *members = all.failed ? NULL : ep_calloc(n, sizeof(*members));
    if (!members) {
        buf->failed = true;
    } else {
        for (size_t i = 0; i < n; i++) {
            size_t from = i ? ends[i - 1] : 0;
            members[i] = (ep_str){all.data + from, ends[i] - from};
        }
        qsort(members, n, sizeof(*members), by_bytes);
        ep_buf_putc(buf, '{');
        for (size_t i = 0; i < n; i++) {
            ep_buf_put_str(buf, members[i]);
            ep_buf_putc(buf, ',');
        }
        ep_buf_putc(buf, '}');
    }
    ep_free(members);
    ep_free(ends);
    ep_buf_done(&all);
}

void ep_json_put_canonical(ep_buf *buf, ep_str value) {
    ep_json_walk walk;
    ep_str name, item;
    if (value.len == 0)
        return;
    if (value.ptr[0] == '"') {
        put_string(buf, (ep_str){value.ptr + 1, value.len - 2});
    } else if (value.ptr[0] == '-' || is_digit(value.ptr[0])) {
        put_number(buf, value);
    } else if (!ep_json_walk_begin(&walk, value)) {
        ep_buf_put_str(buf, value);
    } else if (walk.is_map) {
        put_map(buf, &walk);
    } else {
        ep_buf_putc(buf, '[');
        while (ep_json_walk_next(&walk, &name, &item)) {
            ep_json_put_canonical(buf, item);
            ep_buf_putc(buf, ',');
        }
        ep_buf_putc(buf, ']');
    }
}
