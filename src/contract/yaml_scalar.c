#include "contract/yaml_scalar.h"

#include <inttypes.h>
#include <string.h>

static bool one_of(ep_str s, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (ep_str_is(s, words[i]))
            return true;
    return false;
}

static size_t digits(ep_str s, size_t at) {
    size_t n = 0;
    while (at + n < s.len && s.ptr[at + n] >= '0' && s.ptr[at + n] <= '9')
        n++;
    return n;
}

/* 0x1F and 0o17; false when it is neither or does not fit. */
static bool parse_based(ep_str s, uint64_t *ret) {
    if (s.len < 3 || s.ptr[0] != '0' || (s.ptr[1] != 'x' && s.ptr[1] != 'o'))
        return false;
    unsigned base = s.ptr[1] == 'x' ? 16 : 8;
    uint64_t value = 0;
    for (size_t i = 2; i < s.len; i++) {
        const char *all = "0123456789abcdef";
        char c = s.ptr[i];
        if (base == 16 && c >= 'A' && c <= 'F')
            c = (char)(c + ('a' - 'A'));
        const char *at = c ? memchr(all, c, base) : NULL;
        if (!at || value > (UINT64_MAX >> 4))
            return false;
        value = value * base + (uint64_t)(at - all);
    }
    *ret = value;
    return true;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_number(ep_str s, bool *ret_whole, bool *ret_json) {
    size_t at = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+');
    size_t before = digits(s, at), after = 0;
    at += before;
    bool point = at < s.len && s.ptr[at] == '.';
    if (point) {
        after = digits(s, at + 1);
        at += 1 + after;
    }
    if (before + after == 0)
        return false;
    bool exponent = at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E');
    if (exponent) {
        at += 1;
        at += at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+');
        size_t n = digits(s, at);
        if (n == 0)
            return false;
        at += n;
    }
    *ret_whole = !point && !exponent;
    *ret_json = before > 0 && (!point || after > 0);
    return at == s.len;
}

static ep_code number_text(ep_yaml_node *node, bool json, ep_arena *arena, ep_error *err) {
    if (json)
        return EP_OK;
    size_t point = (size_t)((const char *)memchr(node->text.ptr, '.', node->text.len) - node->text.ptr);
    bool before = point > 0 && node->text.ptr[point - 1] >= '0' && node->text.ptr[point - 1] <= '9';
    bool after = digits(node->text, point + 1) > 0;
    const char *text = ep_arena_printf(arena, "%.*s%s.%s%s", (int)point, node->text.ptr, before ? "" : "0",
                                       after ? "" : "0", node->text.ptr + point + 1);
    if (!text)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    node->text = ep_str_from(text);
    return EP_OK;
}

ep_code ep_yaml_scalar_type(ep_yaml_node *node, ep_arena *arena, ep_error *err) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    static const char *const odd[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                      "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};
    ep_str s = node->text;
    uint64_t based;
    bool whole, json;
    if (one_of(s, nulls, 5)) {
        node->kind = EP_Y_NULL;
    } else if (one_of(s, trues, 3) || one_of(s, falses, 3)) {
        node->kind = EP_Y_BOOL;
        node->boolean = s.ptr[0] == 't' || s.ptr[0] == 'T';
    } else if (one_of(s, odd, 12)) {
        node->kind = EP_Y_FLOAT;
    } else if (is_number(s, &whole, &json)) {
        node->kind = whole ? EP_Y_INT : EP_Y_FLOAT;
        return number_text(node, json, arena, err);
    } else if (parse_based(s, &based)) {
        const char *text = ep_arena_printf(arena, "%" PRIu64, based);
        if (!text)
            return ep_fail(err, EP_E_NOMEM, "out of memory");
        node->kind = EP_Y_INT;
        node->text = ep_str_from(text);
    }
    return EP_OK;
}
