#include "contract/valid_private.h"

/* ISO 13616-2, IBAN registry, release 103 of September 2026: total length and structure of the part after the
 * check digits, n digits, a capital letters, c both. Lower-case letters, which c allows on paper, are
 * refused. */
static const struct iban_country {
    char code[3];
    unsigned char len;
    const char *structure;
} countries[] = {
    {"AD", 24, "8n12c"},    {"AE", 23, "19n"},      {"AL", 28, "8n16c"},     {"AT", 20, "16n"},
    {"AZ", 28, "4a20c"},    {"BA", 20, "16n"},      {"BE", 16, "12n"},       {"BG", 22, "4a6n8c"},
    {"BH", 22, "4a14c"},    {"BI", 27, "23n"},      {"BR", 29, "8c15n1a1c"}, {"BY", 28, "4c4n16c"},
    {"CH", 21, "5n12c"},    {"CR", 22, "18n"},      {"CY", 28, "8n16c"},     {"CZ", 24, "20n"},
    {"DE", 22, "18n"},      {"DJ", 27, "23n"},      {"DK", 18, "14n"},       {"DO", 28, "4c20n"},
    {"EE", 20, "16n"},      {"EG", 29, "25n"},      {"ES", 24, "20n"},       {"FI", 18, "14n"},
    {"FK", 18, "2a12n"},    {"FO", 18, "14n"},      {"FR", 27, "10n11c2n"},  {"GB", 22, "4a14n"},
    {"GE", 22, "2a16n"},    {"GI", 23, "4a15c"},    {"GL", 18, "14n"},       {"GR", 27, "7n16c"},
    {"GT", 28, "24c"},      {"HN", 28, "4a20n"},    {"HR", 21, "17n"},       {"HU", 28, "24n"},
    {"IE", 22, "4a14n"},    {"IL", 23, "19n"},      {"IQ", 23, "4a15n"},     {"IS", 26, "22n"},
    {"IT", 27, "1a10n12c"}, {"JO", 30, "4a4n18c"},  {"KW", 30, "4a22c"},     {"KZ", 20, "3n13c"},
    {"LB", 28, "4n20c"},    {"LC", 32, "4a24c"},    {"LI", 21, "5n12c"},     {"LT", 20, "16n"},
    {"LU", 20, "3n13c"},    {"LV", 21, "4a13c"},    {"LY", 25, "21n"},       {"MC", 27, "10n11c2n"},
    {"MD", 24, "20c"},      {"ME", 22, "18n"},      {"MK", 19, "3n10c2n"},   {"MN", 20, "16n"},
    {"MR", 27, "23n"},      {"MT", 31, "4a5n18c"},  {"MU", 30, "4a19n3a"},   {"NI", 28, "4a20n"},
    {"NL", 18, "4a10n"},    {"NO", 15, "11n"},      {"OM", 23, "3n16c"},     {"PK", 24, "4a16c"},
    {"PL", 28, "24n"},      {"PS", 29, "4a21c"},    {"PT", 25, "21n"},       {"QA", 29, "4a21c"},
    {"RO", 24, "4a16c"},    {"RS", 22, "18n"},      {"RU", 33, "14n15c"},    {"SA", 24, "2n18c"},
    {"SC", 31, "4a20n3a"},  {"SD", 18, "14n"},      {"SE", 24, "20n"},       {"SI", 19, "15n"},
    {"SK", 24, "20n"},      {"SM", 27, "1a10n12c"}, {"SO", 23, "19n"},       {"ST", 25, "21n"},
    {"SV", 28, "4a20n"},    {"TL", 23, "19n"},      {"TN", 24, "20n"},       {"TR", 26, "6n16c"},
    {"UA", 29, "6n19c"},    {"VA", 22, "18n"},      {"VG", 24, "4a16n"},     {"XK", 20, "16n"},
    {"YE", 30, "4a4n18c"},
};

/* The lengths agree already; each "count class" of the structure takes its bytes. */
static bool has_structure(ep_str text, const char *structure) {
    size_t at = 0;
    for (const char *p = structure; *p; p++) {
        size_t n = 0;
        for (; ep_is_digit(*p); p++)
            n = 10 * n + (size_t)(*p - '0');
        bool (*is)(char c) = *p == 'n' ? ep_is_digit : *p == 'a' ? ep_is_upper : ep_is_upper_alnum;
        if (!ep_str_all(ep_str_part(text, at, n), is))
            return false;
        at += n;
    }
    return at == text.len;
}

/* ISO 7064 MOD 97-10 gives 02 to 98; 00, 01 and 99 leave the same remainder and are never issued. */
static bool is_mod97_pair(ep_str digits) {
    int64_t value = ep_digits_value(digits);
    return value >= 2 && value <= 98;
}

const char *ep_check_iban(ep_str value) {
    if (!ep_str_all(value, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (value.len < 4)
        return EP_BAD_LENGTH;
    const struct iban_country *country = ep_code_find(
        ep_str_part(value, 0, 2), countries, sizeof countries / sizeof *countries, sizeof *countries);
    if (!country)
        return EP_BAD_COUNTRY;
    if (value.len != country->len)
        return EP_BAD_LENGTH;
    ep_str start = ep_str_part(value, 0, 4), check = ep_str_part(value, 2, 2),
           rest = ep_str_part(value, 4, SIZE_MAX);
    if (!ep_str_all(check, ep_is_digit) || !has_structure(rest, country->structure))
        return EP_BAD_FORMAT;
    return is_mod97_pair(check) && ep_mod97(ep_mod97(0, rest), start) == 1 ? NULL : EP_BAD_CHECK_DIGIT;
}

/* Letters of an account number count as digits: A J 1, B K S 2, C L T 3 ... I R Z 9. */
static int rib_digit(char c) {
    if (ep_is_digit(c))
        return c - '0';
    if (c <= 'I')
        return c - 'A' + 1;
    return c <= 'R' ? c - 'J' + 1 : c - 'S' + 2;
}

/* Bank (5), branch (5), account (11), key (2): all of it, letters as digits, is a multiple of 97 (Comite
 * francais d'organisation et de normalisation bancaires; the key is 97 - (89 bank + 15 branch + 3 account)
 * mod 97). */
const char *ep_check_rib(ep_str value) {
    if (!ep_str_all(value, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (value.len != 23)
        return EP_BAD_LENGTH;
    ep_str key = ep_str_part(value, 21, 2);
    if (!ep_str_all(ep_str_part(value, 0, 10), ep_is_digit) || !ep_str_all(key, ep_is_digit))
        return EP_BAD_FORMAT;
    if (ep_digits_zero(value))
        return EP_BAD_ZEROS;
    int remainder = 0;
    for (size_t i = 0; i < value.len; i++)
        remainder = (10 * remainder + rib_digit(value.ptr[i])) % 97;
    int64_t number = ep_digits_value(key);
    return remainder == 0 && number >= 1 && number <= 97 ? NULL : EP_BAD_CHECK_DIGIT;
}

/* ISO 9362:2022: party prefix (letters and digits since then), country, party suffix, optional branch. Kosovo
 * has no ISO 3166 code and uses XK in the BIC as in the IBAN. */
const char *ep_check_bic(ep_str value) {
    if (!ep_str_all(value, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (value.len != 8 && value.len != 11)
        return EP_BAD_LENGTH;
    ep_str country = ep_str_part(value, 4, 2);
    return ep_check_country(country) == NULL || ep_str_is(country, "XK") ? NULL : EP_BAD_COUNTRY;
}

const char *ep_check_lei(ep_str value) {
    if (!ep_str_all(value, ep_is_upper_alnum))
        return EP_BAD_CHARACTER;
    if (value.len != 20)
        return EP_BAD_LENGTH;
    ep_str check = ep_str_part(value, 18, 2);
    if (!ep_str_all(check, ep_is_digit))
        return EP_BAD_FORMAT;
    return is_mod97_pair(check) && ep_mod97(0, value) == 1 ? NULL : EP_BAD_CHECK_DIGIT;
}
