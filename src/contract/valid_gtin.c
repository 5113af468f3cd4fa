#include "contract/valid_private.h"

/* GS1 General Specifications, section 7.9.1: from the right, weights 1, 3, 1, 3 ... with the check digit. */
static bool gs1_check_digit(ep_str digits) {
    int sum = 0;
    for (size_t i = 0; i < digits.len; i++)
        sum += (i % 2 ? 3 : 1) * (digits.ptr[digits.len - 1 - i] - '0');
    return sum % 10 == 0;
}

/* GTIN-8 has its own prefixes (GS1 General Specifications, section 1.4.3, GS1-8 Prefixes): 000-099 and
 * 200-299 are for restricted circulation within a company. */
static bool is_restricted_8(ep_str digits) {
    return digits.ptr[0] == '0' || digits.ptr[0] == '2';
}

/*
 * GS1 Prefixes of the 13-digit form that never name an article for the whole world (GS1 General
 * Specifications, section 1.4.2; the same ranges stand in GS1's GTIN validation guide):
 *   02       restricted circulation within a region, variable measure (UPC number system 2)
 *   04       restricted circulation within a company (UPC number system 4)
 *   05       reserved by GS1 US, once coupons (UPC number system 5)
 *   20-29    restricted circulation within a region
 *   98       980 refund receipts, 981-984 coupons of a currency area, the rest reserved
 *   99       coupons
 * 00000 begins a GTIN-8 filled up with zeros: 0000001-0000099 are kept free for that, 0000000 is restricted.
 */
static bool is_restricted_13(ep_str digits) {
    char first = digits.ptr[0], second = digits.ptr[1];
    if (ep_digits_zero(ep_str_part(digits, 0, 5)))
        return is_restricted_8(ep_str_part(digits, 5, 8));
    if (first == '0')
        return second == '2' || second == '4' || second == '5';
    return first == '2' || (first == '9' && second >= '8');
}

static bool is_restricted(ep_str digits) {
    if (digits.len == 8)
        return is_restricted_8(digits);
    if (digits.len == 14) /* the indicator says how the article is packed: what counts is the rest */
        return is_restricted_13(ep_str_part(digits, 1, 13));
    if (digits.len == 13)
        return is_restricted_13(digits);
    char filled[13] = {'0'};
    for (size_t i = 0; i < 12; i++)
        filled[i + 1] = digits.ptr[i];
    return is_restricted_13((ep_str){filled, 13});
}

static const char *check_gtin(ep_str value, size_t len) {
    if (!ep_str_all(value, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (value.len != len)
        return EP_BAD_LENGTH;
    if (ep_digits_zero(value))
        return EP_BAD_ZEROS;
    if (!gs1_check_digit(value))
        return EP_BAD_CHECK_DIGIT;
    return is_restricted(value) ? EP_BAD_RESTRICTED : NULL;
}

const char *ep_check_gtin(ep_str value) {
    bool known = value.len == 8 || (value.len >= 12 && value.len <= 14);
    return check_gtin(value, known ? value.len : SIZE_MAX);
}

const char *ep_check_gtin8(ep_str value) {
    return check_gtin(value, 8);
}

const char *ep_check_gtin12(ep_str value) {
    return check_gtin(value, 12);
}

const char *ep_check_gtin13(ep_str value) {
    return check_gtin(value, 13);
}

const char *ep_check_gtin14(ep_str value) {
    return check_gtin(value, 14);
}

/* ISO 2108, the form before 2007: weights 10 to 1, modulus 11, X is ten. */
static bool isbn10_check_digit(const char *digits) {
    int sum = 0;
    for (int i = 0; i < 10; i++)
        sum += (10 - i) * (digits[i] == 'X' ? 10 : digits[i] - '0');
    return sum % 11 == 0;
}

static bool is_isbn_character(char c) {
    return ep_is_digit(c) || c == '-' || c == 'X';
}

/* Where the hyphens stand depends on a table of publishers that changes every month; that they separate
 * something does not. */
const char *ep_check_isbn(ep_str value) {
    char digits[13];
    size_t n = 0, n_hyphens = 0;
    if (!ep_str_all(value, is_isbn_character))
        return EP_BAD_CHARACTER;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '-') {
            if (i == 0 || i + 1 == value.len || value.ptr[i - 1] == '-')
                return EP_BAD_FORMAT;
            n_hyphens++;
        } else {
            if (n == sizeof digits)
                return EP_BAD_LENGTH;
            digits[n++] = value.ptr[i];
        }
    }
    if (n != 10 && n != 13)
        return EP_BAD_LENGTH;
    if (n_hyphens > (n == 10 ? 3u : 4u))
        return EP_BAD_FORMAT;
    for (size_t i = 0; i < n; i++) {
        if (digits[i] == 'X' && (n == 13 || i != 9))
            return EP_BAD_CHARACTER;
    }
    ep_str all = {digits, n};
    if (ep_digits_zero(all))
        return EP_BAD_ZEROS;
    if (n == 10)
        return isbn10_check_digit(digits) ? NULL : EP_BAD_CHECK_DIGIT;
    /* 979-0 are the music numbers of ISO 10957. */
    bool book = ep_str_starts(all, "978") || (ep_str_starts(all, "979") && digits[3] != '0');
    if (!book)
        return EP_BAD_PREFIX;
    return gs1_check_digit(all) ? NULL : EP_BAD_CHECK_DIGIT;
}
