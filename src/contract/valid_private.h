#ifndef EP_CONTRACT_VALID_PRIVATE_H
#define EP_CONTRACT_VALID_PRIVATE_H

#include "base/str.h"

/* What the validators share among themselves. Every reason a check can give stands here and nowhere else:
 * they are part of the interface (findings, quarantine, the manual). */
#define EP_BAD_CHARACTER \
    "character" /* a character that has no place there, blanks and small letters included */
#define EP_BAD_CHECK_DIGIT "check_digit" /* the check digit or key does not fit the rest */
#define EP_BAD_COUNTRY     "country"     /* the country prefix is none of the list */
#define EP_BAD_DOMAIN      "domain"      /* the part after the @ */
#define EP_BAD_ENCODING    "encoding"    /* not UTF-8, or base64 with wrong padding */
#define EP_BAD_FORMAT      "format"      /* parts missing or in the wrong place */
#define EP_BAD_HOST        "host"
#define EP_BAD_LENGTH      "length"
#define EP_BAD_LOCAL_PART  "local_part" /* the part before the @ */
#define EP_BAD_PORT        "port"
#define EP_BAD_PREFIX      "prefix"     /* a number range that belongs to something else */
#define EP_BAD_RESERVED    "reserved"   /* a code for tests or for "none" */
#define EP_BAD_RESTRICTED  "restricted" /* an in-store or coupon number, not unique in the world */
#define EP_BAD_SCHEME      "scheme"
#define EP_BAD_UNASSIGNED  "unassigned"
#define EP_BAD_USERINFO    "userinfo"
#define EP_BAD_WITHDRAWN   "withdrawn"
#define EP_BAD_ZEROS       "zeros" /* nothing but zeros: a placeholder */

/* ASCII only, whatever the locale. */
static inline bool ep_is_digit(char c) {
    return c >= '0' && c <= '9';
}
static inline bool ep_is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static inline bool ep_is_alpha(char c) {
    return ep_is_upper(c) || (c >= 'a' && c <= 'z');
}
static inline bool ep_is_upper_alnum(char c) {
    return ep_is_digit(c) || ep_is_upper(c);
}
static inline bool ep_is_hex(char c) {
    return ep_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/** The part from `from`, at most `len` bytes, never beyond the end. */
static inline ep_str ep_str_part(ep_str s, size_t from, size_t len) {
    if (s.len == 0) /* perhaps NULL, to which nothing may be added */
        return s;
    if (from > s.len)
        from = s.len;
    return (ep_str){s.ptr + from, len < s.len - from ? len : s.len - from};
}

/** True when every byte is of the class; true for nothing at all. */
static inline bool ep_str_all(ep_str s, bool (*is)(char c)) {
    for (size_t i = 0; i < s.len; i++) {
        if (!is(s.ptr[i]))
            return false;
    }
    return true;
}

/** True for digits that are all 0. */
bool ep_digits_zero(ep_str digits);
/** Value of at most 18 digits. */
int64_t ep_digits_value(ep_str digits);
/** Sum of digit times weight over the weights given, from the left. */
int ep_digits_weighted(ep_str digits, const signed char *weights, size_t n_weights);

/** ISO/IEC 7812-1 annex B ("Luhn", modulus 10 with double-add-double): 0 for a valid number. */
int ep_luhn(ep_str digits);
/** Feeds digits and capital letters (A is 10) to a remainder modulo 97, ISO 7064; start with 0. */
int ep_mod97(int remainder, ep_str text);
/** ISO 7064 MOD 11,10 over digits with their check digit. */
bool ep_mod11_10(ep_str digits);
/** True for a day of the Gregorian calendar. */
bool ep_is_date(int64_t year, int64_t month, int64_t day);

/** Sorted table of `n` records of `size` bytes that begin with a `char code[]` of width `code.len` and NUL:
 * the record of that code or NULL. */
const void *ep_code_find(ep_str code, const void *table, size_t n, size_t size);

/* One check a validator, in the order of the table in validators.c. NULL when valid, else an EP_BAD_... text.
 * */
const char *ep_check_gtin(ep_str value);
const char *ep_check_gtin8(ep_str value);
const char *ep_check_gtin12(ep_str value);
const char *ep_check_gtin13(ep_str value);
const char *ep_check_gtin14(ep_str value);
const char *ep_check_isbn(ep_str value);
const char *ep_check_siren(ep_str value);
const char *ep_check_siret(ep_str value);
const char *ep_check_fr_vat(ep_str value);
const char *ep_check_eu_vat(ep_str value);
const char *ep_check_iban(ep_str value);
const char *ep_check_rib(ep_str value);
const char *ep_check_bic(ep_str value);
const char *ep_check_lei(ep_str value);
const char *ep_check_currency(ep_str value);
const char *ep_check_currency_historic(ep_str value);
const char *ep_check_country(ep_str value);
const char *ep_check_country3(ep_str value);
const char *ep_check_email(ep_str value);
const char *ep_check_e164(ep_str value);
const char *ep_check_uuid(ep_str value);
const char *ep_check_uri(ep_str value);
const char *ep_check_url(ep_str value);
const char *ep_check_hostname(ep_str value);
const char *ep_check_ipv4(ep_str value);
const char *ep_check_ipv6(ep_str value);
const char *ep_check_seller_id(ep_str value);
const char *ep_check_password(ep_str value);
const char *ep_check_byte(ep_str value);
const char *ep_check_binary(ep_str value);

#endif
