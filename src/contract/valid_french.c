#include "contract/valid_private.h"

/* INSEE keeps La Poste's SIREN for all post offices; there were too many for the key of a SIRET. */
#define LA_POSTE             "356000000"
#define LA_POSTE_HEAD_OFFICE "35600000000048"

const char *ep_check_siren(ep_str value) {
    if (!ep_str_all(value, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (value.len != 9)
        return EP_BAD_LENGTH;
    if (ep_digits_zero(value))
        return EP_BAD_ZEROS;
    return ep_luhn(value) == 0 ? NULL : EP_BAD_CHECK_DIGIT;
}

const char *ep_check_siret(ep_str value) {
    if (!ep_str_all(value, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (value.len != 14)
        return EP_BAD_LENGTH;
    const char *wrong = ep_check_siren(ep_str_part(value, 0, 9));
    if (wrong)
        return wrong;
    /* Post offices: the sum of the digits is a multiple of 5. The head office keeps the ordinary key. */
    if (ep_str_starts(value, LA_POSTE) && !ep_str_is(value, LA_POSTE_HEAD_OFFICE)) {
        int sum = 0;
        for (size_t i = 0; i < value.len; i++)
            sum += value.ptr[i] - '0';
        return sum % 5 == 0 ? NULL : EP_BAD_CHECK_DIGIT;
    }
    return ep_luhn(value) == 0 ? NULL : EP_BAD_CHECK_DIGIT;
}

/* 0 to 33: digits, then the letters without I and O; -1 for anything else. */
static int key_value(char c) {
    if (ep_is_digit(c))
        return c - '0';
    if (!ep_is_upper(c) || c == 'I' || c == 'O')
        return -1;
    return c - 'A' + 10 - (c > 'I') - (c > 'O');
}

/* The key with a letter: S from both characters, then (SIREN + 1 + S div 11) mod 11 = S mod 11. */
static bool is_alphanumeric_key(int first, int second, int64_t siren) {
    int s = first < 10 ? 24 * first + second - 10 : 34 * first + second - 100;
    return (siren + 1 + s / 11) % 11 == s % 11;
}

const char *ep_check_fr_vat(ep_str value) {
    ep_str number = ep_str_part(value, 4, SIZE_MAX);
    if (!ep_str_all(value, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (value.len < 2 || !ep_str_starts(value, "FR"))
        return EP_BAD_COUNTRY;
    if (value.len != 13)
        return EP_BAD_LENGTH;
    int first = key_value(value.ptr[2]), second = key_value(value.ptr[3]);
    if (first < 0 || second < 0 || !ep_str_all(number, ep_is_digit))
        return EP_BAD_CHARACTER;
    if (ep_digits_zero(number))
        return EP_BAD_ZEROS;
    int64_t siren = ep_digits_value(number);
    bool numeric = first < 10 && second < 10;
    bool key = numeric ? 10 * first + second == (12 + 3 * (siren % 97)) % 97
                       : is_alphanumeric_key(first, second, siren);
    /* Monaco is inside the French VAT; its numbers begin with 000 and are not in the SIREN register. */
    bool monaco = ep_str_starts(number, "000");
    return key && (monaco || ep_luhn(number) == 0) ? NULL : EP_BAD_CHECK_DIGIT;
}
