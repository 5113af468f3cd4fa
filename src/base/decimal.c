#include "base/decimal.h"

#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* 10^0 .. 10^19, all that 64 bits hold. */
static const uint64_t pow10_64[] = {1u,
                                    10u,
                                    100u,
                                    1000u,
                                    10000u,
                                    100000u,
                                    1000000u,
                                    10000000u,
                                    100000000u,
                                    1000000000u,
                                    UINT64_C(10000000000),
                                    UINT64_C(100000000000),
                                    UINT64_C(1000000000000),
                                    UINT64_C(10000000000000),
                                    UINT64_C(100000000000000),
                                    UINT64_C(1000000000000000),
                                    UINT64_C(10000000000000000),
                                    UINT64_C(100000000000000000),
                                    UINT64_C(1000000000000000000),
                                    UINT64_C(10000000000000000000)};
#define FAST_DIGITS 18

/* Products are made of unsigned numbers only: clang calls __muloti4 for checked signed ones, which libgcc lacks. */
static uint128 pow10_128(int exponent) {
    return exponent <= 19 ? pow10_64[exponent] : (uint128)pow10_64[19] * pow10_64[exponent - 19];
}

ep_int128 ep_pow10(int exponent) {
    return (ep_int128)pow10_128(exponent);
}

static uint128 magnitude(ep_int128 value) {
    return value < 0 ? -(uint128)value : (uint128)value;
}

static ep_int128 with_sign(uint128 value, bool negative) {
    return (ep_int128)(negative ? -value : value);
}

/* A number taken apart: the digits [first, end), perhaps with one point among them, without zeros at either side,
 * times 10^exponent. n_digits 0 is zero. */
struct number {
    bool negative;
    const char *first;
    size_t n_digits;
    int64_t exponent;
};

static inline bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* Beyond this an exponent exceeds any text's length: the value is zero, far too large or far too small. */
#define EXPONENT_MAX INT64_C(1000000000000000)

static const char *scan_exponent(const char *at, const char *end, int64_t *ret) {
    bool negative = false;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at))
        return NULL;
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++)
        if (value < EXPONENT_MAX)
            value = value * 10 + (*at - '0');
    *ret = negative ? -value : value;
    return at;
}

static bool scan(ep_str text, struct number *ret) {
    const char *at = text.ptr, *end = text.ptr + text.len, *point = NULL;
    bool negative = false;
    if (text.len == 0)
        return false;
    if (*at == '-' || *at == '+')
        negative = *at++ == '-';
    const char *first = at;
    while (at < end && is_digit(*at))
        at++;
    if (at == first)
        return false;
    if (at < end && *at == '.') {
        point = at++;
        while (at < end && is_digit(*at))
            at++;
        if (at == point + 1)
            return false;
    }
    const char *last = at;
    int64_t exponent = 0;
    if (at < end && (*at == 'e' || *at == 'E') && !(at = scan_exponent(at + 1, end, &exponent)))
        return false;
    if (at != end)
        return false;

    const char *units = point ? point : last; /* digits before it stand before the point */
    while (first < last && (*first == '0' || *first == '.'))
        first++;
    while (last > first && (last[-1] == '0' || last[-1] == '.'))
        last--;
    bool inside = point && first < point && point < last;
    *ret = (struct number){.negative = negative, .first = first, .n_digits = (size_t)(last - first) - inside};
    /* Digits behind the point lower the exponent, zeros cut off before it raise it. */
    ret->exponent = exponent + (last <= units ? units - last : -(last - units - 1));
    return true;
}

/* The first n digits, at most 38. */
static uint128 digits_value(const struct number *number, size_t n) {
    uint128 value = 0;
    const char *at = number->first;
    while (n > 0) {
        uint64_t part = 0;
        size_t step = n < FAST_DIGITS ? n : FAST_DIGITS;
        for (size_t i = 0; i < step; at++)
            if (*at != '.') {
                part = part * 10 + (uint64_t)(*at - '0');
                i++;
            }
        value = value * pow10_64[step] + part;
        n -= step;
    }
    return value;
}

static ep_num_result to_int64(uint128 value, bool negative, int64_t *ret) {
    if (value > (uint128)INT64_MAX + negative)
        return EP_NUM_RANGE;
    *ret = (int64_t)with_sign(value, negative);
    return EP_NUM_OK;
}

static ep_num_result int_parse_slow(ep_str text, int64_t *ret) {
    struct number number;
    if (!scan(text, &number))
        return EP_NUM_SYNTAX;
    if (number.n_digits == 0) {
        *ret = 0;
        return EP_NUM_OK;
    }
    if ((int64_t)number.n_digits + number.exponent > 19)
        return EP_NUM_RANGE;
    if (number.exponent < 0)
        return EP_NUM_SCALE;
    uint128 value = digits_value(&number, number.n_digits) * pow10_128((int)number.exponent);
    return to_int64(value, number.negative, ret);
}

ep_num_result ep_int_parse(ep_str text, int64_t *ret) {
    const char *at = text.ptr;
    size_t n = text.len;
    bool negative = false;
    if (n > 0 && (*at == '-' || *at == '+')) {
        negative = *at++ == '-';
        n--;
    }
    if (n - 1 >= FAST_DIGITS) /* none, or too many for the fast way */
        return int_parse_slow(text, ret);
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)(at[i] - '0');
        if (digit > 9)
            return int_parse_slow(text, ret);
        value = value * 10 + digit;
    }
    *ret = negative ? -(int64_t)value : (int64_t)value;
    return EP_NUM_OK;
}

ep_num_result ep_int_parse_floor(ep_str text, int scale, int64_t *ret) {
    struct number number;
    if (!scan(text, &number))
        return EP_NUM_SYNTAX;
    int64_t exponent = number.exponent + scale, n_kept = (int64_t)number.n_digits;
    if (n_kept == 0) {
        *ret = 0;
        return EP_NUM_OK;
    }
    if (n_kept + exponent > 19)
        return EP_NUM_RANGE;
    bool cut = exponent < 0;
    if (cut) {
        n_kept = n_kept + exponent > 0 ? n_kept + exponent : 0;
        exponent = 0;
    }
    uint128 value = digits_value(&number, (size_t)n_kept) * pow10_64[exponent];
    if (cut && number.negative)
        value++;
    return to_int64(value, number.negative, ret);
}

static ep_num_result decimal_parse_slow(ep_str text, int precision, int scale, ep_int128 *ret) {
    struct number number;
    if (!scan(text, &number))
        return EP_NUM_SYNTAX;
    if (number.n_digits == 0) {
        *ret = 0;
        return EP_NUM_OK;
    }
    if ((int64_t)number.n_digits + number.exponent > precision - scale)
        return EP_NUM_RANGE;
    if (number.exponent + scale < 0)
        return EP_NUM_SCALE;
    uint128 value = digits_value(&number, number.n_digits) * pow10_128((int)number.exponent + scale);
    *ret = with_sign(value, number.negative);
    return EP_NUM_OK;
}

ep_num_result ep_decimal_parse(ep_str text, int precision, int scale, ep_int128 *ret) {
    if (precision < 1 || precision > EP_DECIMAL_MAX_PRECISION || scale < 0 || scale > precision)
        return EP_NUM_RANGE;
    const char *at = text.ptr, *end = text.ptr + text.len;
    bool negative = false;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    const char *first = at, *point = NULL;
    if (end - at > FAST_DIGITS + 1)
        return decimal_parse_slow(text, precision, scale, ret);
    uint64_t value = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned char)(*at - '0');
        if (digit <= 9)
            value = value * 10 + digit;
        else if (*at == '.' && !point)
            point = at;
        else
            return decimal_parse_slow(text, precision, scale, ret);
    }
    int n_digits = (int)(end - first) - (point != NULL), n_after = point ? (int)(end - point - 1) : 0;
    bool plain = point ? point > first && n_after > 0 : n_digits > 0;
    if (!plain || n_digits > FAST_DIGITS || n_after > scale)
        return decimal_parse_slow(text, precision, scale, ret);
    int room = precision - scale + n_after; /* digits that the type holds, counted as they stand */
    if (room <= FAST_DIGITS && value >= pow10_64[room])
        return EP_NUM_RANGE;
    if (precision <= FAST_DIGITS) {
        int64_t scaled = (int64_t)(value * pow10_64[scale - n_after]);
        *ret = negative ? -scaled : scaled;
    } else {
        *ret = with_sign(value * pow10_128(scale - n_after), negative);
    }
    return EP_NUM_OK;
}

/* At least `width` digits, right before `end`; returns their start. */
static char *put_digits(char *end, uint64_t value, int width) {
    char *at = end;
    for (; value > 0; value /= 10)
        *--at = (char)('0' + value % 10);
    while (end - at < width)
        *--at = '0';
    return at;
}

size_t ep_decimal_format(ep_int128 value, int scale, char out[48]) {
    char digits[48], *end = digits + sizeof digits, *at = end;
    uint128 rest = magnitude(value);
    while (rest > UINT64_MAX) {
        at = put_digits(at, (uint64_t)(rest % pow10_64[19]), 19);
        rest /= pow10_64[19];
    }
    at = put_digits(at, (uint64_t)rest, 0);
    while (end - at < scale + 1)
        *--at = '0';
    size_t n = 0, n_before = (size_t)(end - at - scale);
    if (value < 0)
        out[n++] = '-';
    memcpy(out + n, at, n_before);
    n += n_before;
    if (scale > 0) {
        out[n++] = '.';
        memcpy(out + n, end - scale, (size_t)scale);
        n += (size_t)scale;
    }
    out[n] = '\0';
    return n;
}

ep_int128 ep_decimal_round(ep_int128 value, int from_scale, int to_scale) {
    int cut = from_scale - to_scale;
    if (cut == 0)
        return value;
    if (cut < 0)
        return with_sign(magnitude(value) * pow10_128(-cut), value < 0);
    if (cut > EP_DECIMAL_MAX_PRECISION)
        return 0;
    uint128 unit = pow10_128(cut), whole = magnitude(value), rest = whole % unit;
    return with_sign(whole / unit + (rest >= unit - rest), value < 0);
}

bool ep_decimal_mul(ep_int128 a, ep_int128 b, ep_int128 *ret) {
    const uint128 limit = pow10_128(EP_DECIMAL_MAX_PRECISION) - 1;
    uint128 left = magnitude(a), right = magnitude(b);
    bool short_factors = left <= UINT64_MAX && right <= UINT64_MAX;
    if (!short_factors && left != 0 && right > limit / left)
        return false;
    uint128 product = left * right;
    if (product > limit)
        return false;
    *ret = with_sign(product, (a < 0) != (b < 0));
    return true;
}
