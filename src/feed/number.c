#include "feed/number.h"

#include <string.h>

/* A number text taken apart: value = 0.DIGITS * 10^point, where DIGITS run from `first` and skip the '.'; no digit but 0: zero. */
typedef struct parts {
    bool negative, zero;
    const char *first, *end; /* of the digits and the '.' */
    int64_t point;
} parts;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool read_exponent(const char **at, const char *end, int64_t *ret) {
    const char *p = *at;
    bool negative = false;
    int64_t value = 0;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    if (p == end)
        return false;
    for (; p < end && is_digit(*p); p++)
        if (value < INT64_C(1000000000000))
            value = value * 10 + (*p - '0');
    *at = p;
    *ret = negative ? -value : value;
    return true;
}

static bool take_apart(ep_str text, parts *ret) {
    const char *p = text.ptr, *end = p + text.len;
    *ret = (parts){.zero = true};
    if (p < end && (*p == '-' || *p == '+'))
        ret->negative = *p++ == '-';
    int64_t whole = 0, n_digits = 0, leading = 0;
    bool seen_point = false;
    const char *from = p;
    for (; p < end && (is_digit(*p) || (*p == '.' && !seen_point)); p++) {
        if (*p == '.') {
            seen_point = true;
            continue;
        }
        n_digits++;
        whole += !seen_point;
        if (ret->zero && *p == '0') {
            leading++;
        } else if (ret->zero) {
            ret->zero = false;
            ret->first = p;
        }
    }
    ret->end = p;
    /* JSON wants digits on both sides of the point. */
    if (n_digits == 0 || whole == 0 || (seen_point && !is_digit(p[-1])) || from == p)
        return false;
    int64_t exponent = 0;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (!read_exponent(&p, end, &exponent) || !is_digit(p[-1]))
            return false;
    }
    ret->point = whole - leading + exponent;
    if (ret->zero)
        ret->negative = false;
    return p == end;
}

bool ep_number_valid(ep_str text) {
    parts unused;
    return take_apart(text, &unused);
}

/* Next digit, 0 beyond the end. */
static int next_digit(const char **at, const char *end) {
    if (*at < end && **at == '.')
        ++*at;
    return *at < end ? *(*at)++ - '0' : 0;
}

static int cmp_magnitude(const parts *a, const parts *b) {
    if (a->zero || b->zero)
        return (int)b->zero - (int)a->zero;
    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    for (const char *x = a->first, *y = b->first; x < a->end || y < b->end;) {
        int order = next_digit(&x, a->end) - next_digit(&y, b->end);
        if (order)
            return order;
    }
    return 0;
}

bool ep_number_cmp(ep_str a, ep_str b, int *ret) {
    parts x, y;
    if (!take_apart(a, &x) || !take_apart(b, &y))
        return false;
    if (x.negative != y.negative)
        *ret = x.negative ? -1 : 1;
    else
        *ret = x.negative ? cmp_magnitude(&y, &x) : cmp_magnitude(&x, &y);
    return true;
}

bool ep_number_round(ep_str text, int scale, ep_int128 *ret) {
    parts x;
    if (!take_apart(text, &x))
        return false;
    *ret = 0;
    int64_t n = x.point + scale; /* digits that stay */
    if (x.zero || n < 0)
        return true;
    if (n > EP_DECIMAL_MAX_PRECISION)
        return false;
    ep_int128 value = 0;
    const char *p = x.first;
    for (int64_t i = 0; i < n; i++)
        value = value * 10 + next_digit(&p, x.end);
    if (next_digit(&p, x.end) >= 5)
        value++;
    *ret = x.negative ? -value : value;
    return true;
}
